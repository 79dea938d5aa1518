#pragma once

// What nodes ask of each other beside the Docker API: to be let in, messages of the cluster's
// protocols, what a node has published, changes of its settings, an image, moves of containers and
// volumes.

#include <string>

#include "catalog/publisher.h"
#include "cluster/agent/agent.h"
#include "orchestrator/image_transfer.h"
#include "orchestrator/rebalancing.h"
#include "orchestrator/volume_move.h"
#include "proxy/http/exchange.h"
#include "proxy/http/route.h"

namespace proxy {

class PeerApi {
 public:
  // All must outlive it.
  PeerApi(cluster::Agent& agent, orchestrator::ImageTransfer& images,
          orchestrator::Rebalancing& rebalancing, orchestrator::VolumeMove& volumes,
          catalog::Publisher& publisher)
      : agent_(agent),
        images_(images),
        rebalancing_(rebalancing),
        volumes_(volumes),
        publisher_(publisher) {}

  // What is done for a node that asks, with the body it sent; gives the answer, JSON, or nothing.
  using Action = base::Task<std::string> (PeerApi::*)(cluster::NodeId from, std::string body);
  // Answers a node of the cluster.
  base::Task<> answerNode(Exchange& exchange, Action action);

  // For who wants to join: what is to be known of the cluster, and being let in.
  base::Task<> describe(Exchange& exchange, RouteMatch match);
  base::Task<> admit(Exchange& exchange, RouteMatch match);

  // Actions.
  base::Task<std::string> takeMessages(cluster::NodeId from, std::string body);
  base::Task<std::string> published(cluster::NodeId from, std::string body);
  base::Task<std::string> updateNode(cluster::NodeId from, std::string body);
  base::Task<std::string> rebalance(cluster::NodeId from, std::string body);
  base::Task<std::string> takeName(cluster::NodeId from, std::string body);
  base::Task<std::string> moveVolume(cluster::NodeId from, std::string body);
  base::Task<std::string> takeVolume(cluster::NodeId from, std::string body);
  base::Task<std::string> fetchImage(cluster::NodeId from, std::string body);

 private:
  cluster::Agent& agent_;
  orchestrator::ImageTransfer& images_;
  orchestrator::Rebalancing& rebalancing_;
  orchestrator::VolumeMove& volumes_;
  catalog::Publisher& publisher_;
};

}  // namespace proxy
