#include "cluster/ca/rotation.h"

#include <utility>

#include "cluster/ca/certificates.h"
#include "cluster/transport/packet_seal.h"

namespace cluster {

ClusterConfig beginRotation(ClusterConfig config, WallTime now) {
  Credentials old{config.authorities.front(), Secret(config.authorityKey)};
  Credentials fresh = makeAuthority(now);
  config.crossSigned = crossSign(fresh.certificate, old, now);
  config.authorities = {fresh.certificate, old.certificate};
  config.authorityKey = fresh.key.reveal();
  if (config.gossipStep != 0) return config;
  config.gossipKeys.push_back(std::string(Secret::random(PacketSeal::keySize).reveal()));
  config.gossipStep = 1;
  return config;
}

Readiness readinessOf(const std::vector<Progress>& nodes) {
  Readiness readiness;
  for (const Progress& each : nodes) {
    if (!each.renewed) readiness.allRenewed = false;
    if (each.lives && !each.adopted) readiness.livingAdopted = false;
  }
  return readiness;
}

bool takeStep(ClusterConfig& config, const Readiness& readiness) {
  if (config.gossipStep == 1 && readiness.livingAdopted) {
    std::swap(config.gossipKeys.front(), config.gossipKeys.back());
    config.gossipStep = 2;
    return true;
  }
  if (config.gossipStep != 0 && readiness.livingAdopted) {
    config.gossipKeys.resize(1);
    config.gossipStep = 0;
    return true;
  }
  if (config.authorities.size() > 1 && readiness.allRenewed) {
    config.authorities.resize(1);
    config.crossSigned.clear();
    return true;
  }
  return false;
}

std::string waitsFor(const ClusterConfig& config, const std::vector<Progress>& nodes) {
  bool keys = config.gossipStep != 0;
  if (!keys && config.authorities.size() < 2) return {};
  std::string all;
  for (const Progress& each : nodes) {
    if (keys ? !each.lives || each.adopted : each.renewed) continue;
    std::string why =
        each.trouble.empty() ? "it has not applied the new configuration yet" : each.trouble;
    if (!each.lives) why = "it is down";
    all += (all.empty() ? "" : ", ") + each.name + " (" + why + ")";
  }
  return all;
}

}  // namespace cluster
