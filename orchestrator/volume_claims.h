#pragma once

// The names of volumes: each has one home in the cluster. A name that nobody has is claimed before
// an engine is asked to make its volume, be it by itself or along with a container, and the claim
// is kept until the volume's record stands for it, or it is known that there is none.
//
// Volumes of drivers that show theirs on every node, and those of copies of global containers, of
// which each node has its own, are never made second ones of: they are there before.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/loop.h"
#include "base/task.h"
#include "catalog/locator.h"
#include "catalog/node_client.h"
#include "catalog/object_index.h"
#include "cluster/claim_service.h"
#include "cluster/nodes.h"
#include "cluster/records.h"
#include "docker/refusal.h"
#include "orchestrator/held_claim.h"

namespace orchestrator {

class VolumeClaims {
 public:
  // All must outlive it.
  VolumeClaims(base::Loop& loop, catalog::NodeClient nodeClient, const cluster::Nodes& nodes,
               cluster::Records& records, cluster::ClaimService& claims, catalog::Locator& locator,
               const catalog::ObjectIndex& held, base::Log& log);
  VolumeClaims(const VolumeClaims&) = delete;
  VolumeClaims& operator=(const VolumeClaims&) = delete;

  // A name that nobody had, and that is ours to give.
  struct Claim {
    std::string name;
    std::unique_ptr<HeldClaim> held;
  };

  // One of these.
  struct Found {
    std::vector<cluster::Node> homes;  // that have it, by the word of their engines
    docker::Refusal refusal;           // why it is neither there nor may be made
    Claim claim;                       // else
  };
  // Waits for who is just making it.
  base::Task<Found> find(std::string name);

  // That node was asked to make them, and has; or nobody knows what came of it.
  void made(std::vector<Claim> claims, const cluster::NodeId& node, bool certain);

  // Claims the name of a volume that this node is about to hand on; nothing if it is not granted.
  base::Task<std::unique_ptr<HeldClaim>> claimOurs(std::string name);

 private:
  base::Task<Found> look(std::string name);
  base::Task<> watch(Claim claim, cluster::NodeId node, bool certain);
  bool isRecorded(const std::string& name) const;
  docker::Refusal inDoubt(const std::string& holder, const std::string& name) const;
  bool isLeftOver(const std::string& holder) const;

  base::Loop& loop_;
  catalog::NodeClient nodeClient_;
  const cluster::Nodes& nodes_;
  cluster::Records& records_;
  cluster::ClaimService& service_;
  catalog::Locator& locator_;
  const catalog::ObjectIndex& held_;
  base::Log& log_;
  base::Scope tasks_;
};

}  // namespace orchestrator
