#pragma once

// Containers as their records tell of them.

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "catalog/container_index.h"

namespace test {

// False if that is no record of this container, or the container was removed.
inline bool putRecord(catalog::ContainerIndex& index, const cluster::NodeId& owner,
                      const std::string& id, std::string_view record, uint64_t version) {
  std::optional<catalog::ContainerFacts> facts = catalog::containerFacts(id, record);
  return facts && index.put(owner, id, std::move(*facts), version);
}

}  // namespace test
