#pragma once

// Calls about one network that are not merely passed to the node that has it.

#include "base/task.h"
#include "catalog/locator.h"
#include "cluster/agent/agent.h"
#include "docker/engine.h"
#include "proxy/api/local_api.h"
#include "proxy/http/client.h"
#include "proxy/http/routes.h"

namespace proxy {

class NetworkCalls {
 public:
  // All must outlive it. Bodies may have `bodyMost` bytes.
  NetworkCalls(docker::Engine& engine, LocalApi& local, const cluster::Agent& agent,
               catalog::Locator& locator, size_t bodyMost)
      : engine_(engine), local_(local), agent_(agent), locator_(locator), bodyMost_(bodyMost) {}

  // POST /networks/create
  base::Task<> create(Client& client, RouteMatch match);
  // POST /networks/{id}/connect and disconnect
  base::Task<> join(Client& client, RouteMatch match);

 private:
  base::Task<> sendLocated(Client& client, const catalog::Located& located);

  docker::Engine& engine_;
  LocalApi& local_;
  const cluster::Agent& agent_;
  catalog::Locator& locator_;
  size_t bodyMost_;
};

}  // namespace proxy
