#pragma once

// Who holds what is claimed, as the records of all nodes tell: a container that has a name, a node
// that has a volume.

#include <optional>
#include <string>
#include <string_view>

#include "catalog/container_index.h"
#include "catalog/object_index.h"
#include "cluster/claim_service.h"
#include "cluster/records.h"

namespace catalog {

// What the claim of a container's name begins with; that of a volume's is the key of its record.
constexpr std::string_view nameClaims = "name/";

class ClaimHolders {
 public:
  // All must outlive it.
  ClaimHolders(const ContainerIndex& index, const ObjectIndex& objects,
               const cluster::Records& records)
      : index_(index), objects_(objects), records_(records) {}

  // Who holds this claim; nothing if nobody does, or it is no claim of these. Only while this node
  // is in a cluster.
  std::optional<cluster::Holding> find(const std::string& claim) const;

 private:
  std::optional<cluster::Holding> container(std::string_view name) const;
  std::optional<cluster::Holding> volume(const std::string& key) const;

  const ContainerIndex& index_;
  const ObjectIndex& objects_;
  const cluster::Records& records_;
};

}  // namespace catalog
