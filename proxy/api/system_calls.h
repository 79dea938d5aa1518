#pragma once

// Calls about the cluster as one big Docker: what it is, what it has, and what happens in it.

#include <vector>

#include "base/log.h"
#include "base/task.h"
#include "catalog/container_index.h"
#include "catalog/merge.h"
#include "catalog/object_index.h"
#include "cluster/agent/agent.h"
#include "docker/engine.h"
#include "orchestrator/rebalancing.h"
#include "proxy/api/all_nodes.h"
#include "proxy/api/local_api.h"
#include "proxy/api/swarm_api.h"
#include "proxy/http/exchange.h"
#include "proxy/http/route.h"
#include "proxy/merge/merge_info.h"

namespace proxy {

class SystemCalls {
 public:
  // What it is made of; all must outlive it.
  struct Parts {
    base::Loop& loop;
    docker::Engine& engine;
    LocalApi& local;
    cluster::Agent& agent;
    catalog::ContainerIndex& index;
    catalog::ObjectIndex& objects;
    orchestrator::Rebalancing& rebalancing;
    SwarmApi& swarm;
    AllNodes& all;
    base::Log& log;
  };
  explicit SystemCalls(Parts parts) : parts_(parts) {}

  // GET /info
  base::Task<> info(Exchange& exchange, RouteMatch match);
  // GET /version
  base::Task<> version(Exchange& exchange, RouteMatch match);
  // GET /events
  base::Task<> events(Exchange& exchange, RouteMatch match);
  // GET /system/df
  base::Task<> diskUsage(Exchange& exchange, RouteMatch match);
  // POST /build/prune
  base::Task<> pruneBuilds(Exchange& exchange, RouteMatch match);
  // POST /drover/rebalance
  base::Task<> rebalance(Exchange& exchange, RouteMatch match);

 private:
  std::vector<NodeFacts> nodeFacts() const;
  ImageCounts imageCounts(const std::vector<catalog::NodeAnswer>& answers) const;

  Parts parts_;
};

}  // namespace proxy
