#pragma once

// Moves containers when nodes are loaded unevenly (scheduler/rebalance.h says which): by itself
// those with io.drover.rebalance=true, and on demand all that have nothing to lose. The living
// member with the least id drives all moves, one after the other, so never two of one service at
// once.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/loop.h"
#include "base/task.h"
#include "catalog/container_index.h"
#include "catalog/locator.h"
#include "catalog/node_client.h"
#include "cluster/causality.h"
#include "cluster/nodes.h"
#include "cluster/records.h"
#include "orchestrator/catch_up.h"
#include "orchestrator/container_move.h"
#include "scheduler/rebalance.h"
#include "scheduler/scheduler.h"

namespace orchestrator {

class Rebalancing {
 public:
  // What it is made of; all must outlive it.
  struct Parts {
    base::Loop& loop;
    catalog::NodeClient nodeClient;
    const cluster::Nodes& nodes;
    const cluster::Records& records;
    cluster::Causality& causality;
    CatchUp& catchUp;
    const catalog::ContainerIndex& index;
    const catalog::Locator& locator;
    scheduler::Scheduler& scheduler;
    ContainerMove& moves;
    base::Log& log;
  };
  // `every`: how often it looks by itself; zero: never.
  Rebalancing(Parts parts, base::milliseconds every);

  // Moves until nothing is left to even, here or by way of the node that drives; the reply, of
  // JSON, says what was moved and why. `upstream`, which must outlive the task, is set to that
  // node's name for messages.
  base::Task<base::HttpReply> run(std::string& upstream);
  // The same as another node passes it on to us, who drive: the answer's body.
  base::Task<std::string> runAll();
  // Of another node: a container here takes the name of one that it has moved (container_move.h).
  base::Task<> takeName(std::string request) { return parts_.moves.takeName(std::move(request)); }

 private:
  struct Moved {
    std::string name;
    std::string id;     // before
    std::string newId;  // empty: it was not moved
    std::string from;   // names of nodes
    std::string to;
    std::string why;  // it was to be moved
    std::string failed;
  };
  // A movable with what it borrows.
  struct Candidates {
    std::vector<std::unique_ptr<labels::Policy>> policies;
    std::vector<scheduler::Movable> movables;
  };

  void lookLater();
  base::Task<> look();
  std::optional<cluster::Node> driver() const;
  base::Task<std::vector<Moved>> evenOut(scheduler::Movers movers);
  base::Task<std::optional<Moved>> moveOne(scheduler::Movers movers);
  Candidates candidates(scheduler::Movers movers, const std::set<std::string>& stay) const;
  std::unique_ptr<labels::Policy> policyOf(const catalog::ContainerIndex::Entry& entry) const;
  bool isDependedOn(const catalog::ContainerIndex::Entry& entry) const;
  base::Task<bool> isWell(std::string container);
  base::Task<> awaitRecords(std::vector<cluster::Node> both, std::string gone, std::string come);

  Parts parts_;
  base::milliseconds every_;
  bool drives_ = false;  // at the last look
  bool busy_ = false;
  base::Event freed_;
  std::map<std::string, base::Time> failedUntil_;  // by container
  base::Timer later_;
  base::Scope tasks_;
};

}  // namespace orchestrator
