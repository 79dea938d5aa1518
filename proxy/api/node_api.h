#pragma once

// What nodes ask of each other beside the Docker API: to be let in, messages of the cluster's
// protocols, changes of a node's settings, an image, moves of containers and volumes.

#include <string>

#include "cluster/agent/agent.h"
#include "orchestrator/image_transfer.h"
#include "orchestrator/rebalancing.h"
#include "orchestrator/volume_move.h"
#include "proxy/http/client.h"
#include "proxy/http/routes.h"

namespace proxy {

class NodeApi {
 public:
  // All must outlive it.
  NodeApi(cluster::Agent& agent, orchestrator::ImageTransfer& images,
          orchestrator::Rebalancing& rebalancing, orchestrator::VolumeMove& volumes)
      : agent_(agent), images_(images), rebalancing_(rebalancing), volumes_(volumes) {}

  // Answers a request of a peer for a path under /drover/. Throws as Api::handle does.
  base::Task<> handle(Client& client, RouteMatch match);

 private:
  base::Task<std::string> answer(Client& client, RouteMatch match, std::string body);

  cluster::Agent& agent_;
  orchestrator::ImageTransfer& images_;
  orchestrator::Rebalancing& rebalancing_;
  orchestrator::VolumeMove& volumes_;
};

}  // namespace proxy
