#pragma once

// Calls about one network that are not merely passed to the node that has it.

#include "base/task.h"
#include "cluster/agent.h"
#include "proxy/client.h"
#include "proxy/engine.h"
#include "proxy/local_api.h"
#include "proxy/locator.h"
#include "proxy/routes.h"

namespace proxy {

class NetworkCalls {
 public:
  // All must outlive it. Bodies may have `bodyMost` bytes.
  NetworkCalls(Engine& engine, LocalApi& local, const cluster::Agent& agent, Locator& locator,
               size_t bodyMost)
      : engine_(engine), local_(local), agent_(agent), locator_(locator), bodyMost_(bodyMost) {}

  // POST /networks/create
  base::Task<> create(Client& client, RouteMatch match);
  // POST /networks/{id}/connect and disconnect
  base::Task<> join(Client& client, RouteMatch match);

 private:
  base::Task<> sendLocated(Client& client, const Located& located);

  Engine& engine_;
  LocalApi& local_;
  const cluster::Agent& agent_;
  Locator& locator_;
  size_t bodyMost_;
};

}  // namespace proxy
