#include "scheduler/score.h"

#include "base/hash.h"
#include "scheduler/amounts.h"
#include "scheduler/decision.h"
#include "scheduler/place.h"

#include <algorithm>
#include <cmath>

namespace scheduler {
namespace {

// What strategies go by.
struct Fullness {
  int64_t reserved = 0;    // thousandths of CPU or memory, with the new container
  int64_t load = 0;        // quarters of the processors that are busy: finer would be noise
  int64_t containers = 0;  // on the node
};

Fullness fullnessOf(const Decision& decision, const NodeInfo& node) {
  Fullness full;
  uint64_t share = reservedShare(decision.policy.reserve, reservedOn(decision, node), node.has);
  full.reserved = static_cast<int64_t>(share);
  full.load = std::lround(std::clamp(node.facts.load, 0.0, 1.0) * 4);
  full.containers = static_cast<int64_t>(containersOn(decision, node));
  return full;
}

// The emptiest node first.
void spread(Score& score, const Fullness& full) {
  score.first = full.reserved;
  score.second = full.load;
  score.third = full.containers;
}

// The fullest node first. Load does not count: it says little of what else fits.
void binpack(Score& score, const Fullness& full) {
  score.first = -full.reserved;
  score.second = -full.containers;
  score.ofGroup = 0;
}

// Any node. The caller's seed says which.
void random(Score& score, const NodeInfo& node, uint64_t seed) {
  score.first = static_cast<int64_t>(base::hashOf(node.facts.id, base::spread(seed + 1)) >> 1);
}

labels::Strategy strategyOf(const Decision& decision) {
  return decision.policy.strategy.value_or(decision.options.strategy);
}

}  // namespace

Score scoreOf(const Decision& decision, const NodeInfo& node) {
  Score score;
  for (const Tally& wish : decision.preferences) {
    if (wish.holds(node.slot)) continue;
    score.missedPreferences++;
    if (labels::isNegative(*wish.rule)) score.crowd += wish.counts[node.slot];
  }
  if (!decision.ofDomain.empty()) score.inDomain = decision.ofDomain[node.slot];
  score.ofGroup = decision.ofGroup[node.slot];
  switch (strategyOf(decision)) {
    case labels::Strategy::spread:
      spread(score, fullnessOf(decision, node));
      break;
    case labels::Strategy::binpack:
      binpack(score, fullnessOf(decision, node));
      break;
    case labels::Strategy::random:
      random(score, node, decision.options.seed);
      break;
  }
  score.lacksImage = decision.hasImage[node.slot] == 0;
  score.tie = base::hashOf(node.facts.id, decision.tieSeed);
  return score;
}

std::string reasonFor(const Decision& decision, const NodeInfo& node) {
  static constexpr std::string_view names[] = {"spread", "binpack", "random"};
  Fullness full = fullnessOf(decision, node);
  std::string text(names[static_cast<size_t>(strategyOf(decision))]);
  text += ": " + std::to_string(full.reserved / 10) + "." + std::to_string(full.reserved % 10) +
          " % reserved with it, load " + std::to_string(std::lround(node.facts.load * 100)) +
          " %, " + std::to_string(full.containers) + " containers";
  if (uint32_t same = decision.ofGroup[node.slot])
    text += ", " + std::to_string(same) + " of " + decision.group;
  if (!decision.ofDomain.empty())
    text +=
        ", " + std::to_string(decision.ofDomain[node.slot]) + " in its " + decision.policy.spreadBy;
  text += decision.hasImage[node.slot] ? ", has the image" : ", lacks the image";
  for (const Tally& wish : decision.preferences) {
    if (!wish.holds(node.slot))
      text += "; does not meet the preference " + labels::describe(*wish.rule);
  }
  return text;
}

}  // namespace scheduler
