#include "labels/resources.h"

#include <algorithm>

namespace labels {
namespace {

uint64_t sumOf(uint64_t one, uint64_t other) {
  uint64_t sum = 0;
  return __builtin_add_overflow(one, other, &sum) ? UINT64_MAX : sum;
}

}  // namespace

Resources& operator+=(Resources& sum, const Resources& more) {
  sum.nanoCpus = sumOf(sum.nanoCpus, more.nanoCpus);
  sum.memory = sumOf(sum.memory, more.memory);
  sum.pids = sumOf(sum.pids, more.pids);
  for (const auto& [name, amount] : more.generic) {
    uint64_t& total = sum.generic[name];
    total = sumOf(total, amount);
  }
  return sum;
}

Resources& operator-=(Resources& sum, const Resources& less) {
  sum.nanoCpus -= std::min(sum.nanoCpus, less.nanoCpus);
  sum.memory -= std::min(sum.memory, less.memory);
  sum.pids -= std::min(sum.pids, less.pids);
  for (const auto& [name, amount] : less.generic) {
    auto found = sum.generic.find(name);
    if (found == sum.generic.end()) continue;
    found->second -= std::min(found->second, amount);
    if (found->second == 0) sum.generic.erase(found);
  }
  return sum;
}

uint64_t genericOf(const Resources& resources, std::string_view name) {
  auto found = resources.generic.find(name);
  return found == resources.generic.end() ? 0 : found->second;
}

}  // namespace labels
