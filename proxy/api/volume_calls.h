#pragma once

// Calls about one volume, of which the cluster has one by each name: it is made where the client
// asks, unless it is there already, and is shown with its node.

#include <string>
#include <vector>

#include "base/task.h"
#include "catalog/locator.h"
#include "catalog/node_client.h"
#include "cluster/nodes.h"
#include "cluster/records.h"
#include "docker/local_engine.h"
#include "orchestrator/held_claim.h"
#include "orchestrator/volume_claims.h"
#include "proxy/api/all_nodes.h"
#include "proxy/api/object_calls.h"
#include "proxy/http/exchange.h"
#include "proxy/http/route.h"

namespace proxy {

class VolumeCalls {
 public:
  // All must outlive it. Bodies may have `maxBody` bytes.
  VolumeCalls(docker::LocalEngine& local, const cluster::Nodes& nodes,
              const cluster::Records& records, catalog::Locator& locator,
              orchestrator::VolumeClaims& claims, ObjectCalls& objects, AllNodes& all,
              size_t maxBody)
      : local_(local),
        nodeClient_(local),
        nodes_(nodes),
        records_(records),
        locator_(locator),
        claims_(claims),
        objects_(objects),
        all_(all),
        maxBody_(maxBody) {}

  // GET /volumes
  base::Task<> list(Exchange& exchange, RouteMatch match);
  // POST /volumes/create
  base::Task<> create(Exchange& exchange, RouteMatch match);
  // GET /volumes/{name}
  base::Task<> inspect(Exchange& exchange, RouteMatch match);
  // PUT and DELETE /volumes/{name}. One that several nodes have, as after a split, is changed on
  // none of them unless it is said on which.
  base::Task<> change(Exchange& exchange, RouteMatch match);
  // POST /volumes/prune
  base::Task<> prune(Exchange& exchange, RouteMatch match);

 private:
  base::Task<> inspectOn(Exchange& exchange, cluster::Node node);
  base::Task<catalog::Located> holder(std::string object);
  base::Task<> makeOn(Exchange& exchange, cluster::Node node, std::string body,
                      orchestrator::VolumeClaims::Claim claim);
  bool isGlobal(const cluster::Node& node, const std::string& name) const;

  docker::LocalEngine& local_;
  catalog::NodeClient nodeClient_;
  const cluster::Nodes& nodes_;
  const cluster::Records& records_;
  catalog::Locator& locator_;
  orchestrator::VolumeClaims& claims_;
  ObjectCalls& objects_;
  AllNodes& all_;
  size_t maxBody_;
};

}  // namespace proxy
