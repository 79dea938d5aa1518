#include "scheduler/value_index.h"

#include <algorithm>

namespace scheduler {
namespace {

auto placeOf(std::vector<ValueIndex::Count>& counts, Slot node) {
  return std::lower_bound(
      counts.begin(), counts.end(), node,
      [](const ValueIndex::Count& each, Slot slot) { return each.node < slot; });
}

void addAll(std::span<const ValueIndex::Count> counts, std::vector<uint32_t>& perNode) {
  for (const ValueIndex::Count& each : counts) perNode[each.node] += each.times;
}

}  // namespace

void ValueIndex::add(std::string_view value, Slot node) {
  auto found = values_.find(value);
  if (found == values_.end()) found = values_.try_emplace(std::string(value)).first;
  std::vector<Count>& counts = found->second;
  auto place = placeOf(counts, node);
  if (place == counts.end() || place->node != node) place = counts.insert(place, {node, 0});
  place->times++;
}

void ValueIndex::remove(std::string_view value, Slot node) {
  auto found = values_.find(value);
  if (found == values_.end()) return;
  std::vector<Count>& counts = found->second;
  auto place = placeOf(counts, node);
  if (place == counts.end() || place->node != node) return;
  if (--place->times == 0) counts.erase(place);
  if (counts.empty()) values_.erase(found);
}

std::span<const ValueIndex::Count> ValueIndex::find(std::string_view value) const {
  auto found = values_.find(value);
  return found == values_.end() ? std::span<const Count>() : found->second;
}

void ValueIndex::count(const labels::Rule& rule, std::vector<uint32_t>& perNode) const {
  bool isText =
      !rule.asNumber && (rule.op == labels::Rule::Op::is || rule.op == labels::Rule::Op::isNot);
  bool isOneLook =
      isText && std::all_of(rule.values.begin(), rule.values.end(),
                            [](const labels::Pattern& each) { return each.isExact(); });
  if (isOneLook) {
    for (const labels::Pattern& each : rule.values) addAll(find(each.text()), perNode);
  } else if (isText && rule.values.size() == 1) {
    countMatching(rule, rule.values.front(), perNode);
  } else {
    for (const auto& [value, counts] : values_) {
      if (labels::speaksOf(rule, value)) addAll(counts, perNode);
    }
  }
}

// Only among the values that begin as the pattern does.
void ValueIndex::countMatching(const labels::Rule& rule, const labels::Pattern& pattern,
                               std::vector<uint32_t>& perNode) const {
  std::string_view prefix = pattern.prefix();
  for (auto each = values_.lower_bound(prefix);
       each != values_.end() && each->first.starts_with(prefix); ++each) {
    if (labels::speaksOf(rule, each->first)) addAll(each->second, perNode);
  }
}

}  // namespace scheduler
