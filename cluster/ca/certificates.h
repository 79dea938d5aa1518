#pragma once

// Who is trusted: the cluster's authority (CA), the certificates of nodes, and those of clients of
// the Docker API. Pure but for the keys and serial numbers drawn; the time comes in. Certificates,
// requests and bundles (one or several certificates, one after the other) are PEM texts. All keys
// are ECDSA P-256.
//
// A node's subject is as swarm has it: CN = node id, OU = drover-node, O = cluster id. A client's
// is CN = its name, OU = drover-client, O = cluster id.
//
// Rotation of the authority. A new one is made, and the old one signs it, too (crossSign): nodes
// send `own certificate, cross-signed authority, authorities` and are thus accepted by nodes that
// know only the old authority as well as by those that know the new one. Every node trusts both
// until all have certificates of the new one.
//
// Everything throws CertificateError for texts that cannot be used, unless stated otherwise.

#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/tls.h"
#include "cluster/secret.h"
#include "cluster/types.h"
#include "cluster/wall_clock.h"

namespace cluster {

class CertificateError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A certificate and its key.
struct Credentials {
  std::string certificate;
  Secret key;
};

enum class Role { node, client };

// Whom a certificate is for.
struct Identity {
  Role role = Role::node;
  NodeId node;       // of a client: nobody
  std::string name;  // CN: the node's id, or the client's name
  std::string cluster;
  std::string serial;  // upper case hexadecimal
};

// Certificates begin so long before they are made, so that clocks may differ by that much.
constexpr std::chrono::hours backdated{24};
constexpr std::chrono::days authorityLife{20 * 365};
constexpr std::chrono::days certificateLife{90};

// ---- the authority

Credentials makeAuthority(WallTime now);
// The new authority's certificate, signed by the old one; ends when the first of the two ends.
std::string crossSign(const std::string& newAuthority, const Credentials& oldAuthority,
                      WallTime now);
// What a join token pins: of the first certificate of the text.
base::CertificateDigest digestOf(const std::string& certificate);

// ---- certificates of nodes

Secret makeKey();
// What a node sends to have its certificate made.
std::string makeRequest(const Secret& key, const NodeId& node, const std::string& cluster);
// Whom a request is for. Throws if it is not signed by its own key, if the key is of another kind,
// or if the subject is none of a node of this cluster.
NodeId requestedNode(const std::string& request, const std::string& cluster);

struct Terms {
  NodeId node;  // the request must be for this one
  std::string cluster;
  std::vector<Endpoint> addresses = {};     // under which it serves, for clients that check; ports
                                            // do not matter
  std::vector<std::string> hostnames = {};  // likewise
  WallTime now;
  std::chrono::seconds life = certificateLife;  // at most as long as the authority's
};
std::string signRequest(const std::string& request, const Credentials& authority,
                        const Terms& terms);

// ---- certificates of clients

// `name`: up to 64 printable characters of ASCII.
Credentials makeClient(const std::string& name, const std::string& cluster,
                       const Credentials& authority, WallTime now,
                       std::chrono::seconds life = certificateLife);

// ---- looking at them

struct Validity {
  WallTime from;
  WallTime until;
};
Validity validityOf(const std::string& certificate);

// When to renew: between 50 and 80 % of its life, as swarm does. `fraction` (0 to 1) is drawn at
// random, so that the nodes do not come all at once.
WallTime renewalTime(const Validity& validity, double fraction);

struct VerifiedCertificate {
  std::optional<Identity> identity;
  std::string why;  // without an identity
};
// Verifies a certificate, which may be followed by others that lead to an authority, against the
// authorities of a bundle. Says no, rather than throwing, for what is no certificate; the bundle
// must be one.
VerifiedCertificate verifyCertificate(const std::string& certificate,
                                      const std::string& authorities, WallTime now);

// Nothing if the subject is none of ours. `peer` is verified already.
std::optional<Identity> identityOf(const base::TlsPeer& peer);
// For TlsOptions::refuse: why this peer is no node (or client) of our cluster; empty if it is.
std::string whyNotOfCluster(const base::TlsPeer& peer, Role role, const std::string& cluster);

// The certificates of a bundle, one text each.
std::vector<std::string> certificatesIn(const std::string& bundle);

}  // namespace cluster
