#pragma once

// What is drawn at random for a node.

#include <array>

#include "cluster/ca/join_token.h"
#include "cluster/secret.h"
#include "cluster/types.h"

namespace cluster {

inline uint64_t drawSeed() {
  uint64_t seed = 0;
  fillRandom(&seed, sizeof seed);
  return seed;
}

// Also names a cluster.
inline NodeId drawNodeId() {
  std::array<uint8_t, 16> number{};
  fillRandom(number.data(), number.size());
  return *NodeId::parse(base36(number, NodeId::length));
}

}  // namespace cluster
