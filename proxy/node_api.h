#pragma once

// What nodes ask of each other beside the Docker API: to be let in, messages of the cluster's
// protocols, changes of a node's settings, an image, moves of containers and volumes.

#include <string>

#include "cluster/agent.h"
#include "proxy/client.h"
#include "proxy/image_transfer.h"
#include "proxy/rebalancing.h"
#include "proxy/routes.h"
#include "proxy/volume_move.h"

namespace proxy {

class NodeApi {
 public:
  // All must outlive it.
  NodeApi(cluster::Agent& agent, ImageTransfer& images, Rebalancing& rebalancing,
          VolumeMove& volumes)
      : agent_(agent), images_(images), rebalancing_(rebalancing), volumes_(volumes) {}

  // Answers a request of a peer for a path under /drover/. Throws as Api::handle does.
  base::Task<> handle(Client& client, RouteMatch match);

 private:
  base::Task<std::string> answer(Client& client, RouteMatch match, std::string body);

  cluster::Agent& agent_;
  ImageTransfer& images_;
  Rebalancing& rebalancing_;
  VolumeMove& volumes_;
};

}  // namespace proxy
