#include "scheduler/global.h"

#include "scheduler/decision.h"
#include "scheduler/filters.h"

#include <algorithm>

namespace scheduler {

std::vector<std::string> globalNodes(const labels::Policy& policy, const World& world,
                                     const Options& options) {
  Decision decision(policy, world, options);
  std::vector<std::string> ids;
  for (const auto& [id, state] : world.nodes()) {
    const NodeInfo& node = *state;  // clang 14 cannot capture a structured binding
    auto passes = [&](const Filter& filter) {
      return !filter.ofNode || filter.passes(decision, node, nullptr);
    };
    std::span<const Filter> all = filters();
    if (std::all_of(all.begin(), all.end(), passes)) ids.push_back(id);
  }
  return ids;
}

bool keepsGlobal(const labels::Policy& policy, const World& world, const Options& options,
                 std::string_view node) {
  const NodeInfo* state = world.node(node);
  if (!state) return false;
  Decision decision(policy, world, options);
  std::span<const Filter> all = filters();
  return std::all_of(all.begin(), all.end(), [&](const Filter& filter) {
    return !filter.ofNode || filter.onlyNew || filter.passes(decision, *state, nullptr);
  });
}

}  // namespace scheduler
