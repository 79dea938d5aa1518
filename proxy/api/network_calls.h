#pragma once

// Calls about one network that are not merely passed to the node that has it.

#include "base/task.h"
#include "catalog/locator.h"
#include "catalog/node_client.h"
#include "cluster/nodes.h"
#include "proxy/api/all_nodes.h"
#include "proxy/api/local_api.h"
#include "proxy/api/object_calls.h"
#include "proxy/http/exchange.h"
#include "proxy/http/route.h"

namespace proxy {

class NetworkCalls {
 public:
  // All must outlive it. Bodies may have `maxBody` bytes.
  NetworkCalls(LocalApi& local, const cluster::Nodes& nodes, catalog::Locator& locator,
               ObjectCalls& objects, AllNodes& all, size_t maxBody)
      : local_(local),
        nodeClient_(local),
        nodes_(nodes),
        locator_(locator),
        objects_(objects),
        all_(all),
        maxBody_(maxBody) {}

  // GET /networks
  base::Task<> list(Exchange& exchange, RouteMatch match);
  // POST /networks/create
  base::Task<> create(Exchange& exchange, RouteMatch match);
  // POST /networks/{id}/connect and disconnect
  base::Task<> join(Exchange& exchange, RouteMatch match);
  // POST /networks/prune
  base::Task<> prune(Exchange& exchange, RouteMatch match);

 private:
  LocalApi& local_;
  catalog::NodeClient nodeClient_;
  const cluster::Nodes& nodes_;
  catalog::Locator& locator_;
  ObjectCalls& objects_;
  AllNodes& all_;
  size_t maxBody_;
};

}  // namespace proxy
