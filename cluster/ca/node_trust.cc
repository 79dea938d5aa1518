#include "cluster/ca/node_trust.h"

#include <random>
#include <set>

namespace cluster {
namespace {

// When to renew this certificate, drawn anew each time.
WallTime drawRenewal(const std::string& certificate) {
  std::random_device random;
  std::uniform_real_distribution<double> fraction(0, 1);
  return renewalTime(validityOf(certificate), fraction(random));
}

std::string together(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& each : texts) all += each;
  return all;
}

}  // namespace

std::string digestText(const std::string& certificate) {
  base::CertificateDigest digest = digestOf(certificate);
  return toHex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

NodeTrust::NodeTrust(NodeId self, std::function<bool(const NodeId&)> removed)
    : self_(self), removed_(std::move(removed)) {}

bool NodeTrust::due(WallTime now) const {
  // One from the future was made while our clock was wrong; nobody takes it.
  return !renewAt_ || now >= *renewAt_ || now < validFrom_;
}

void NodeTrust::update(const ClusterConfig& config, std::string certificate, Secret key,
                       const Endpoint& address, const std::string& hostname, WallTime now) {
  bool signedByFirst =
      !certificate.empty() &&
      verifyCertificate(certificate, config.authorities.front(), now).identity.has_value();
  if (signedByFirst) renewAt_ = drawRenewal(certificate);
  if (!signedByFirst || now >= *renewAt_) {
    // Every node holds the authority's key, as every manager of a swarm does, so each signs for
    // itself.
    Credentials authority{config.authorities.front(), Secret(config.authorityKey)};
    Terms terms{.node = self_,
                .cluster = config.id,
                .addresses = {address},
                .hostnames = {hostname},
                .now = now,
                .life = certificateLifeOf(config)};
    certificate = signRequest(makeRequest(key, self_, config.id), authority, terms);
    renewAt_ = drawRenewal(certificate);
  }

  base::TlsOptions options;
  options.certificate = certificate + config.crossSigned + together(config.authorities);
  options.key = key.reveal();
  options.authorities = together(config.authorities);
  options.clientMayBeUnknown = true;
  auto refuseNodes = [id = config.id, removed = removed_](const base::TlsPeer& peer) {
    std::string why = whyNotOfCluster(peer, Role::node, id);
    std::optional<NodeId> node = NodeId::parse(peer.commonName);
    if (why.empty() && node && removed(*node))
      why = "node " + peer.commonName + " was removed from the cluster";
    return why;
  };
  options.refuse = refuseNodes;
  base::TlsContext server = base::TlsContext::inMemory(options);
  options.clientMayBeUnknown = false;
  options.role = base::TlsOptions::Role::client;
  base::TlsContext client = base::TlsContext::inMemory(options);

  std::set<base::CertificateDigest> ours;
  for (const std::string& each : config.authorities) ours.insert(digestOf(each));
  auto refuseOthers = [id = config.id, ours](const base::TlsPeer& peer) {
    bool isOurs = peer.authority && ours.contains(*peer.authority);
    return isOurs ? whyNotOfCluster(peer, Role::client, id) : std::string();
  };
  clients_ = std::make_shared<ClientTrust>(
      ClientTrust{options.certificate, key.copy(), options.authorities, refuseOthers});
  server_ = std::move(server);
  client_ = std::move(client);
  issuer_ = digestText(config.authorities.front());
  validFrom_ = validityOf(certificate).from;
  certificate_ = std::move(certificate);
  key_ = std::move(key);
}

}  // namespace cluster
