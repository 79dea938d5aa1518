#pragma once

// Calls about one volume, of which the cluster has one by each name: it is made where the client
// asks, unless it is there already, and is shown with its node.

#include <string>
#include <vector>

#include "base/task.h"
#include "cluster/agent.h"
#include "proxy/client.h"
#include "proxy/engine.h"
#include "proxy/held_claim.h"
#include "proxy/local_engine.h"
#include "proxy/locator.h"
#include "proxy/routes.h"
#include "proxy/volume_claims.h"

namespace proxy {

class VolumeCalls {
 public:
  // All must outlive it. Bodies may have `bodyMost` bytes.
  VolumeCalls(Engine& engine, LocalEngine& local, const cluster::Agent& agent, Locator& locator,
              VolumeClaims& claims, size_t bodyMost)
      : engine_(engine),
        local_(local),
        agent_(agent),
        locator_(locator),
        claims_(claims),
        bodyMost_(bodyMost) {}

  // POST /volumes/create
  base::Task<> create(Client& client, RouteMatch match);
  // GET /volumes/{name}
  base::Task<> inspect(Client& client, RouteMatch match);
  base::Task<> inspectOn(Client& client, cluster::Node node);
  // Of DELETE /volumes/{name}, on which node. One that several nodes have, as after a split, goes
  // from none of them unless it is said from which.
  base::Task<Located> holder(std::string object);

 private:
  base::Task<> makeOn(Client& client, cluster::Node node, std::string body,
                      VolumeClaims::Claim claim);
  base::Task<> refuse(Client& client, Refusal refusal);
  bool isGlobal(const cluster::Node& node, const std::string& name) const;

  Engine& engine_;
  LocalEngine& local_;
  const cluster::Agent& agent_;
  Locator& locator_;
  VolumeClaims& claims_;
  size_t bodyMost_;
};

}  // namespace proxy
