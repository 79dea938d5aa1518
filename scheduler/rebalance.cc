#include "scheduler/rebalance.h"

#include "scheduler/amounts.h"
#include "scheduler/decision.h"

#include <algorithm>
#include <set>
#include <utility>

namespace scheduler {
namespace {

constexpr int64_t shareWorth = 100;  // thousandths
constexpr int64_t containersWorth = 2;

// How full a node is: by reservations where there are any, then by containers.
using Level = std::pair<int64_t, int64_t>;

Level levelOf(const NodeInfo& node) {
  uint64_t share = reservedShare({}, node.reserved, node.has);
  return {static_cast<int64_t>(share), static_cast<int64_t>(node.containers)};
}

Level operator-(const Level& a, const Level& b) {
  return {a.first - b.first, a.second - b.second};
}

// What the difference would be when one container with these reservations has moved.
bool isWorthIt(const Level& difference, int64_t share) {
  if (difference.first - 2 * share < 0) return false;
  if (difference.first >= shareWorth && share > 0) return true;
  return std::abs(difference.first) < shareWorth && difference.second >= containersWorth;
}

// Services of which something is down already.
std::set<std::string> weakServices(std::span<const Movable> movables, const World& world) {
  std::set<std::string> weak;
  for (const Movable& each : movables) {
    const Container* container = world.container(each.id);
    if (container && !(container->running && each.healthy)) weak.insert(serviceOf(*container));
  }
  return weak;
}

bool mayMove(const labels::Policy& policy, const Container& container, Movers movers) {
  bool isAsked = policy.rebalance || movers == Movers::all;
  return isAsked && !policy.global && container.running && container.volumes.empty() &&
         policy.volumes.empty() && policy.binds.empty() && policy.boundVolumes.empty() &&
         policy.containers.empty() && policy.sidekicks.empty() && policy.node.empty();
}

}  // namespace

std::string serviceOf(const Container& container) {
  std::string service = labels::identityOf(container.labels).fullService();
  return service.empty() ? container.id : service;
}

std::vector<std::string> fullestFirst(const World& world) {
  std::vector<std::pair<Level, std::string>> levels;
  for (const auto& [id, node] : world.nodes()) levels.emplace_back(levelOf(*node), id);
  std::sort(levels.begin(), levels.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  std::vector<std::string> ids;
  ids.reserve(levels.size());
  for (auto& [level, id] : levels) ids.push_back(std::move(id));
  return ids;
}

std::optional<Move> rebalance(std::span<const Movable> movables, const World& world,
                              const Options& options, Movers movers) {
  std::set<std::string> weak = weakServices(movables, world);
  std::optional<Move> best;
  Level gained;
  for (const Movable& each : movables) {
    const Container* container = world.container(each.id);
    if (!container || !each.healthy || each.stays) continue;
    if (!mayMove(*each.policy, *container, movers)) continue;
    if (weak.contains(serviceOf(*container))) continue;
    const NodeInfo& from = *world.node(container->node);

    labels::Policy policy = *each.policy;
    policy.replaces = container->id;
    Options one = options;
    one.maxCandidates = 1;
    one.name = container->name;
    Placement placement = place(policy, world, one);
    if (placement.candidates.empty() || placement.candidates[0].id == from.facts.id) continue;
    const NodeInfo& to = *world.node(placement.candidates[0].id);
    Level difference = levelOf(from) - levelOf(to);
    auto share = static_cast<int64_t>(reservedShare(container->reserved, {}, from.has));
    if (!isWorthIt(difference, share)) continue;
    bool isBetter =
        !best || difference > gained || (difference == gained && container->id < best->container);
    if (!isBetter) continue;
    gained = difference;
    best = Move{container->id, from.facts.id, to.facts.id,
                from.facts.name + " has " + std::to_string(from.containers) + " containers, " +
                    to.facts.name + " " + std::to_string(to.containers) + "; " +
                    placement.candidates[0].reason};
  }
  return best;
}

}  // namespace scheduler
