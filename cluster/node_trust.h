#pragma once

// This node's side of the cluster's trust: its certificate, kept fresh, and the TLS contexts with
// which it serves its peers and goes to them.

#include <functional>
#include <optional>
#include <string>

#include "base/tls.h"
#include "cluster/certificates.h"
#include "cluster/cluster_config.h"
#include "cluster/types.h"

namespace cluster {

class NodeTrust {
 public:
  // `removed` says whether a node was removed from the cluster; it is asked in every handshake.
  NodeTrust(NodeId self, std::function<bool(const NodeId&)> removed);

  // Goes by this configuration. `certificate` and `key` are ours so far; with an empty certificate,
  // or if it is due or of another authority than the configuration's first, a new one is made.
  // Throws CertificateError.
  void update(const ClusterConfig& config, std::string certificate, Secret key,
              const Endpoint& address, const std::string& hostname, WallTime now);
  // Whether update() would make a new certificate by now.
  bool due(WallTime now) const;

  const std::string& certificate() const { return certificate_; }
  const Secret& key() const { return key_; }
  // Digest, in hexadecimal, of the authority that signed our certificate.
  const std::string& issuer() const { return issuer_; }
  // Serves peers, and those who want to join and have no certificate.
  const base::TlsContext& server() const { return *server_; }
  const base::TlsContext& client() const { return *client_; }
  // Serves the Docker API to clients with a certificate of the cluster's.
  const base::TlsContext& forDockerClients() const { return *docker_; }

 private:
  NodeId self_;
  std::function<bool(const NodeId&)> removed_;
  std::string certificate_;
  Secret key_;
  std::string issuer_;
  std::optional<WallTime> renewAt_;
  std::optional<base::TlsContext> server_;
  std::optional<base::TlsContext> client_;
  std::optional<base::TlsContext> docker_;
};

// For join tokens and for comparing: the SHA-256 of a certificate, in hexadecimal.
std::string digestText(const std::string& certificate);

}  // namespace cluster
