#pragma once

// This node's side of the cluster's trust: its certificate, kept fresh, and the TLS contexts with
// which it serves its peers and goes to them.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/tls.h"
#include "cluster/ca/certificates.h"
#include "cluster/ca/cluster_config.h"
#include "cluster/types.h"

namespace cluster {

// With what a node serves the Docker API to clients that have a certificate of the cluster's.
struct ClientTrust {
  std::string certificate;  // of the node, with what leads to the authorities
  Secret key;
  std::string authorities;  // one, or two while they rotate
  // Why a peer with a certificate of one of them is no client: a node, say. Empty if it is one, and
  // for certificates of other authorities, which are not ours to judge.
  std::function<std::string(const base::TlsPeer&)> refuse;
};

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
  // For serving the Docker API; another object after each change.
  std::shared_ptr<const ClientTrust> forClients() const { return clients_; }

 private:
  NodeId self_;
  std::function<bool(const NodeId&)> removed_;
  std::string certificate_;
  Secret key_;
  std::string issuer_;
  std::optional<WallTime> renewAt_;
  WallTime validFrom_;
  std::optional<base::TlsContext> server_;
  std::optional<base::TlsContext> client_;
  std::shared_ptr<const ClientTrust> clients_;
};

// For join tokens and for comparing: the SHA-256 of a certificate, in hexadecimal.
std::string digestText(const std::string& certificate);

}  // namespace cluster
