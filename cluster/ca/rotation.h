#pragma once

// The rotation of the cluster's authority and of its gossip keys, as steps from one configuration
// to the next. Whoever takes a step publishes what it gives. Pure, but for the keys that are drawn.
//
// Authority: a new one signs from now on, while the old one is trusted; when every node has a
// certificate of the new one, the old one goes. Gossip key: every node learns the new one, then all
// seal with it, then the old one goes; each step waits for all living nodes to have taken the last.
// A node has taken a step when that is on its disk: one that dies comes back to what others still
// go by.

#include <string>
#include <vector>

#include "cluster/ca/cluster_config.h"
#include "cluster/wall_clock.h"

namespace cluster {

// Begins both; a rotation of the keys that is under way just goes on. One of the authority must not
// be. Throws CertificateError.
ClusterConfig beginRotation(ClusterConfig config, WallTime now);

// How far a node is, by what it says.
struct Progress {
  std::string name;
  bool lives = true;
  bool adopted = true;       // it goes by this configuration
  bool renewed = true;       // it has a certificate of the first authority
  std::string trouble = {};  // what keeps it from being well
};

struct Readiness {
  bool allRenewed = true;     // every node, living or not, has a certificate of the first authority
  bool livingAdopted = true;  // every living node goes by this configuration
};
Readiness readinessOf(const std::vector<Progress>& nodes);
// Takes the next step, if there is one to be taken now; says whether it did.
bool takeStep(ClusterConfig& config, const Readiness& readiness);

// For whom the next step waits, and why: "host-2 (the disk is full), host-3 (it is down)". Empty if
// it waits for nobody, or there is none.
std::string waitsFor(const ClusterConfig& config, const std::vector<Progress>& nodes);

}  // namespace cluster
