#pragma once

// What is one for the whole cluster: its identity, Docker's spec, authorities, keys and join
// secrets. Whoever changes it publishes the whole of it as a record of its own with the next
// serial; every node goes by the greatest. Pure: values and JSON.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/types.h"

namespace cluster {

// What whoever makes a cluster says of it.
struct ClusterOptions {
  std::string spec;  // Docker's SwarmSpec, JSON
  // Networks' addresses and port; kept and shown for networks that span nodes.
  std::vector<std::string> addressPools = {"10.0.0.0/8"};
  uint64_t subnetSize = 24;
  uint64_t dataPathPort = 4789;

  bool operator==(const ClusterOptions&) const = default;
};

struct ClusterConfig {
  std::string id;  // as a node's id looks
  uint64_t serial = 0;
  NodeId writer;
  std::string createdAt;  // RFC 3339, for Docker's answers only
  std::string updatedAt;
  ClusterOptions options;
  // Authorities, PEM. The first signs; a second one is on its way out (rotation), and the first
  // then also comes signed by it in `crossSigned`.
  std::vector<std::string> authorities;
  std::string crossSigned;
  std::string authorityKey;             // of the first
  std::vector<std::string> gossipKeys;  // 32 bytes each; the first seals, the others open
  // Of their rotation: 0 none; 1 the last one is new, and the first seals until all know it; 2 the
  // first one is new, and the last still opens until all seal with it.
  uint64_t gossipStep = 0;
  // A join token's secret part. Docker knows two; here either lets a node in as an equal.
  std::string workerSecret;
  std::string managerSecret;

  // Whether `other` is to be gone by instead: the greater serial, then the greater writer.
  bool olderThan(const ClusterConfig& other) const;
  bool operator==(const ClusterConfig&) const = default;
};

// For how long certificates of nodes are good (docker swarm update --cert-expiry).
std::chrono::seconds certificateLifeOf(const ClusterConfig& config);

std::string encode(const ClusterConfig& config);
// Nothing if it is not one, whole and with plausible sizes.
std::optional<ClusterConfig> decodeConfig(std::string_view json);

// The record it is published under.
constexpr std::string_view configKey = "cluster";

// Lower-case hexadecimal, and back; nothing for what is none.
std::string toHex(std::string_view bytes);
std::optional<std::string> fromHex(std::string_view text);

}  // namespace cluster
