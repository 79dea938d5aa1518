#pragma once

// Moves one container to another node without a gap: a new one is made there of its spec,
// under a name that says whose place it is to take (moving_name.h), and started; when it runs and,
// with a healthcheck, is healthy, the old one is stopped and removed, and the new one gets its
// name. If something is in the way, the new one goes and the old one stays.
//
// The name is never free for others: a claim in the name of the old container outlives that.
//
// What is left of a move whose driver was killed is settled by the state of the old container: as
// long as that runs, the new one goes; if it does not, or is gone, the new one takes its place.

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/log.h"
#include "base/status.h"
#include "base/task.h"
#include "catalog/container_index.h"
#include "catalog/locator.h"
#include "catalog/node_client.h"
#include "cluster/causality.h"
#include "cluster/nodes.h"
#include "cluster/records.h"
#include "orchestrator/container_create.h"
#include "orchestrator/container_rename.h"
#include "orchestrator/moving_name.h"
#include "orchestrator/name_claims.h"
#include "scheduler/scheduler.h"

namespace orchestrator {

// Whether a container with this inspection runs and, with a healthcheck, is healthy.
bool isHealthy(std::string_view inspection);

class ContainerMove {
 public:
  // What it is made of; all must outlive it.
  struct Parts {
    base::Loop& loop;
    catalog::NodeClient nodeClient;
    const cluster::Nodes& nodes;
    const cluster::Records& records;
    cluster::Causality& causality;
    catalog::ContainerIndex& index;
    catalog::Locator& locator;
    scheduler::Scheduler& scheduler;
    NameClaims& names;
    ContainerCreate& creation;
    ContainerRename& renames;
    base::Log& log;
  };
  explicit ContainerMove(Parts parts) : parts_(parts) {}

  // Moves a container, given by its id; the id of the new one. Throws nothing but what comes of
  // being cancelled.
  base::Task<base::Result<std::string>> run(std::string container, cluster::Node from,
                                            cluster::Node to);

  // Settles what is left of moves that nobody drives any more. To be called now and then, and not
  // while run() is under way; what is seen for the first time may still be somebody's.
  base::Task<> settle();

  // Asked by who drives a move: a container of ours takes the name of one that is gone. `request`:
  // {"container": id, "name": ..., "gone": id, "node": id of the node that had it}. Throws
  // cluster::AgentError with the reason.
  base::Task<> takeName(std::string request);

 private:
  struct Pair {
    std::string name;
    std::string old;  // id
    cluster::Node from;
    std::string successor;  // id
    cluster::Node to;
  };

  base::Task<base::Result<std::string>> attempt(std::string container, cluster::Node from,
                                                cluster::Node to);
  base::Task<base::Status> awaitHealth(cluster::Node node, std::string id);
  base::Task<base::Status> finish(Pair pair);
  base::Task<base::Status> handName(Pair pair);
  base::Task<base::Status> cleanUpOne(std::string successor, cluster::Node to, MovingName name);
  base::Task<base::Status> remove(cluster::Node node, std::string id, std::string name);

  Parts parts_;
  // Containers that wait to take a place, and since when we know of them.
  std::map<std::string, base::Time> seenSince_;
  std::set<std::string> told_;  // of which it was logged that they are left
};

}  // namespace orchestrator
