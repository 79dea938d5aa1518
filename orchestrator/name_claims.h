#pragma once

// The names that containers are to have. One is claimed from the cluster before an engine is asked
// for its container, and kept until the container's record stands for it, or it is known that no
// container has it: a call that broke off may have been heard, and its container may come to be on
// a host that nobody reaches.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/loop.h"
#include "base/status.h"
#include "base/task.h"
#include "catalog/container_index.h"
#include "catalog/locator.h"
#include "catalog/node_client.h"
#include "cluster/claim_service.h"
#include "cluster/nodes.h"
#include "docker/engine.h"
#include "docker/refusal.h"
#include "orchestrator/held_claim.h"
#include "scheduler/scheduler.h"

namespace orchestrator {

// As clients and engines write names, with a slash in front or without.
std::string_view withoutSlash(std::string_view name);

class NameClaims {
 public:
  // All must outlive it.
  NameClaims(base::Loop& loop, catalog::NodeClient nodeClient, const cluster::Nodes& nodes,
             cluster::ClaimService& claims, catalog::Locator& locator,
             catalog::ContainerIndex& index, scheduler::Scheduler& scheduler, base::Log& log);
  NameClaims(const NameClaims&) = delete;
  NameClaims& operator=(const NameClaims&) = delete;

  // A name for one container. It is given back when this goes, unless a container has it by then,
  // or may have it.
  class Claim {
   public:
    explicit Claim(NameClaims& owner)
        : owner_(owner), held_(owner.loop_, owner.nodes_, owner.service_, owner.log_) {}

    // Called once. An empty name is nobody's, and never refused. With a `holder`, it is granted
    // also if that one holds it: who moves a container claims for it what another node then takes
    // over.
    base::Task<docker::Refusal> take(std::string name, std::string holder = {});
    // Empty if none was taken.
    const std::string& name() const { return name_; }
    // `object`, a container of that node, has the name.
    void commit(const cluster::NodeId& node, const std::string& object);
    // That node was asked to give it to a container, and nobody knows what came of it.
    void outcomeUnknown(const cluster::NodeId& node);

   private:
    NameClaims& owner_;
    std::string name_;
    HeldClaim held_;
  };

  // A container with these names is gone, or renamed: they are free at once.
  void freed(const std::vector<std::string>& names);
  // A container of that node is removed, as its engine says: it is not to be found any more, and
  // its names are free.
  void removed(const cluster::NodeId& node, const std::string& id,
               const std::vector<std::string>& names);
  // Claims a name anew for the container that has it and is about to hand it on, so that others are
  // refused it meanwhile.
  base::Task<base::Status> keep(std::string name, std::string holder);
  // A container was made here for another node, which has claimed its name: it is expected until
  // its record is there, or it is gone.
  void expectHere(const std::string& object);

 private:
  // What stands for a name, or may.
  struct NameHolder {
    cluster::NodeId node;
    std::string object;  // id; the name, of a container that may have come to be
    std::string name;    // may be empty
    std::string holder;  // of the claim
    bool certain = true;
  };

  base::Task<docker::Refusal> claim(std::string name, std::string holder);
  base::Task<> watch(NameHolder bearer);
  bool isClaimed(const std::string& name, const std::string& holder) const;
  bool isRecorded(const NameHolder& bearer) const;
  base::Task<bool> isGone(NameHolder bearer);
  // The container that has a name by the word of its engine, or by its record where that cannot be
  // asked.
  struct Bearing {
    std::string id;       // empty: none
    bool isKnown = true;  // whether everyone answered who may have it
  };
  // Who does not answer within `limit` is not known.
  base::Task<Bearing> bearerOf(std::string name, base::milliseconds limit);

  base::Loop& loop_;
  catalog::NodeClient nodeClient_;
  const cluster::Nodes& nodes_;
  cluster::ClaimService& service_;
  catalog::Locator& locator_;
  catalog::ContainerIndex& index_;
  scheduler::Scheduler& scheduler_;
  base::Log& log_;
  std::map<std::string, std::string> claimed_;  // by name, the holder of a claim not yet given back
  base::Scope tasks_;
};

}  // namespace orchestrator
