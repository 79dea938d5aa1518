#include "scheduler/place.h"

#include "scheduler/decision.h"
#include "scheduler/filters.h"

#include <algorithm>
#include <map>

namespace scheduler {
namespace {

constexpr size_t maxLines = 100;

struct Ranked {
  Score score;
  const NodeInfo* node;
};

const Filter* firstThatFails(const Decision& decision, const NodeInfo& node) {
  for (const Filter& filter : filters()) {
    if (!filter.passes(decision, node, nullptr)) return &filter;
  }
  return nullptr;
}

Candidate candidateOf(const Decision& decision, const Ranked& ranked) {
  const NodeInfo& node = *ranked.node;
  Candidate candidate{node.facts.id, node.facts.name, ranked.score, reasonFor(decision, node), ""};
  if (!decision.policy.ports.empty())
    candidate.publishAddress = publishAddress(decision, node).value_or("");
  return candidate;
}

std::vector<Rejection> rejections(
    const Decision& decision, const std::vector<std::pair<const NodeInfo*, const Filter*>>& out) {
  std::vector<Rejection> list;
  for (const auto& [node, filter] : out) {
    Rejection rejection{node->facts.id, node->facts.name, filter->name, ""};
    filter->passes(decision, *node, &rejection.message);
    list.push_back(std::move(rejection));
  }
  std::sort(list.begin(), list.end(), [](const Rejection& a, const Rejection& b) {
    return std::tie(a.name, a.id) < std::tie(b.name, b.id);
  });
  return list;
}

// How many nodes each filter removed, in the filters' order, and a line for each node.
std::string summary(const std::vector<Rejection>& rejected) {
  if (rejected.empty()) return "no node can run this container: the cluster has no nodes";
  std::string text = "no node can run this container (";
  bool isFirst = true;
  for (const Filter& filter : filters()) {
    auto count = std::count_if(rejected.begin(), rejected.end(),
                               [&](const Rejection& each) { return each.filter == filter.name; });
    if (count == 0) continue;
    text += (isFirst ? "" : ", ") + std::string(filter.name) + ": " + std::to_string(count);
    isFirst = false;
  }
  text += " of " + std::to_string(rejected.size()) + (rejected.size() == 1 ? " node)" : " nodes)");
  for (size_t i = 0; i < rejected.size() && i < maxLines; i++) {
    const Rejection& each = rejected[i];
    text += "\n" + each.name + ": " + std::string(each.filter) + ": " + each.message;
  }
  if (rejected.size() > maxLines)
    text += "\n... and " + std::to_string(rejected.size() - maxLines) + " more";
  return text;
}

// Nodes that take no containers now do not count.
bool isForEngine(const Decision& decision,
                 const std::vector<std::pair<const NodeInfo*, const Filter*>>& out) {
  bool any = false;
  for (const auto& [node, filter] : out) {
    if (!isInService(*node)) continue;
    if (!isRefusedByEngine(decision, *node)) return false;
    any = true;
  }
  return any;
}

}  // namespace

Placement place(const labels::Policy& policy, const World& world, const Options& options) {
  Decision decision(policy, world, options);
  std::vector<Ranked> left;
  std::vector<std::pair<const NodeInfo*, const Filter*>> out;
  left.reserve(world.slots());
  world.eachNode([&](const NodeInfo& node) {
    if (const Filter* filter = firstThatFails(decision, node)) {
      out.emplace_back(&node, filter);
    } else {
      left.push_back({scoreOf(decision, node), &node});
    }
  });

  size_t told =
      options.maxCandidates == 0 ? left.size() : std::min(options.maxCandidates, left.size());
  auto isBetter = [](const Ranked& a, const Ranked& b) {
    auto order = a.score <=> b.score;
    return order == 0 ? a.node->facts.id < b.node->facts.id : order < 0;
  };
  std::partial_sort(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(told), left.end(),
                    isBetter);

  Placement placement;
  placement.missing = decision.missing;
  for (size_t i = 0; i < told; i++) placement.candidates.push_back(candidateOf(decision, left[i]));
  if (left.empty() || options.explain) placement.rejected = rejections(decision, out);
  if (left.empty()) {
    placement.why = summary(placement.rejected);
    placement.isForEngine = isForEngine(decision, out);
  }
  return placement;
}

}  // namespace scheduler
