#pragma once

// How good a node is that passed all filters. Scores are compared from the first figure to the
// last; less is better. Every figure is a whole number of facts that all nodes know alike.

#include "labels/policy.h"

#include <compare>
#include <cstdint>
#include <string>

namespace scheduler {

struct Decision;
struct NodeInfo;

struct Score {
  uint32_t missedPreferences = 0;  // soft rules that do not hold
  uint32_t crowd = 0;              // what soft rules want to keep away from, if it cannot be helped
  uint32_t inDomain = 0;           // containers of its group in the domain of failure (spread-by)
  int64_t first = 0;               // what the strategy goes by, in its order
  int64_t second = 0;
  int64_t third = 0;
  uint32_t ofGroup = 0;  // containers of its group on the node
  bool lacksImage = false;
  uint64_t tie = 0;  // a hash of node and container, so that equal nodes take turns

  auto operator<=>(const Score&) const = default;
};

Score scoreOf(const Decision& decision, const NodeInfo& node);

// The facts the score was made of, in words.
std::string reasonFor(const Decision& decision, const NodeInfo& node);

}  // namespace scheduler
