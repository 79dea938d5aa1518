#pragma once

// Calls about one container that are not merely passed on to the node that has it.

#include <string>

#include "base/task.h"
#include "catalog/container_index.h"
#include "catalog/locator.h"
#include "catalog/node_client.h"
#include "cluster/nodes.h"
#include "labels/policy.h"
#include "orchestrator/name_claims.h"
#include "proxy/api/all_nodes.h"
#include "proxy/api/global_calls.h"
#include "proxy/api/local_api.h"
#include "proxy/api/object_calls.h"
#include "proxy/http/exchange.h"
#include "proxy/http/route.h"
#include "scheduler/scheduler.h"

namespace proxy {

class ContainerCalls {
 public:
  // What it is made of; all must outlive it.
  struct Parts {
    LocalApi& local;
    catalog::NodeClient nodeClient;
    const cluster::Nodes& nodes;
    catalog::ContainerIndex& index;
    catalog::Locator& locator;
    orchestrator::NameClaims& names;
    scheduler::Scheduler& scheduler;
    ObjectCalls& objects;
    GlobalCalls& globals;
    AllNodes& all;
    size_t maxBody;  // bytes that a body may have which we have to understand
  };
  explicit ContainerCalls(Parts parts) : parts_(parts) {}

  // GET /containers/{id}/json
  base::Task<> inspect(Exchange& exchange, RouteMatch match);
  // DELETE /containers/{id}: with its copies, or with the volumes that are to go.
  base::Task<> remove(Exchange& exchange, RouteMatch match);
  // POST /commit: what a container was asked for is not asked for by its image.
  base::Task<> commit(Exchange& exchange, RouteMatch match);
  // POST /containers/prune
  base::Task<> prune(Exchange& exchange, RouteMatch match);

 private:
  base::Task<> inspectOn(Exchange& exchange, cluster::Node node);
  base::Task<> removeWith(labels::VolumeCleanup cleanup, Exchange& exchange, RouteMatch match,
                          const cluster::Node& node);
  base::Task<> commitNamed(Exchange& exchange, std::string container);

  Parts parts_;
};

}  // namespace proxy
