#pragma once

// The rotation of the cluster's authority and of its gossip keys, as steps from one configuration
// to the next. Whoever takes a step publishes what it gives. Pure, but for the keys that are drawn.
//
// Authority: a new one signs from now on, while the old one is trusted; when every node has a
// certificate of the new one, the old one goes. Gossip key: every node learns the new one, then all
// seal with it, then the old one goes; each step waits for all living nodes to have taken the last.

#include "cluster/cluster_config.h"
#include "cluster/wall_clock.h"

namespace cluster {

// Begins both; a rotation of the keys that is under way just goes on. One of the authority must not
// be. Throws CertificateError.
ClusterConfig beginRotation(ClusterConfig config, WallTime now);

struct Readiness {
  bool allRenewed = true;     // every node, living or not, has a certificate of the first authority
  bool livingAdopted = true;  // every living node goes by this configuration
};
// Takes the next step, if there is one to be taken now; says whether it did.
bool takeStep(ClusterConfig& config, const Readiness& readiness);

}  // namespace cluster
