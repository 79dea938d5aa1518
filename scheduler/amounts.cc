#include "scheduler/amounts.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

namespace scheduler {
namespace {

std::string rounded(double number) {
  char text[32];
  auto end = std::to_chars(std::begin(text), std::end(text), std::round(number * 100) / 100).ptr;
  return {std::begin(text), end};
}

std::string inWords(const std::string& resource, uint64_t amount) {
  auto number = static_cast<double>(amount);
  if (resource == "cpus") return rounded(number / 1e9);
  if (resource != "memory")
    return amount >= labels::Resources::all ? "all" : std::to_string(amount);
  for (const auto& [unit, size] : {std::pair("GiB", 1 << 30), {"MiB", 1 << 20}, {"KiB", 1 << 10}}) {
    if (number >= size) return rounded(number / size) + " " + unit;
  }
  return std::to_string(amount) + " B";
}

uint64_t below(uint64_t limit, uint64_t taken) {
  return limit - std::min(limit, taken);
}

uint64_t stretched(uint64_t amount, double overcommit) {
  double limit = std::min(static_cast<double>(amount) * (1 + overcommit), 9e18);
  return limit > 0 ? static_cast<uint64_t>(limit) : 0;
}

uint64_t share(uint64_t wanted, uint64_t reserved, uint64_t has) {
  if (has == 0) return 0;
  double sum = static_cast<double>(wanted) + static_cast<double>(reserved);
  return static_cast<uint64_t>(std::min(sum * 1'000 / static_cast<double>(has), 1e9));
}

}  // namespace

std::string Shortage::message() const {
  if (has == 0) return "has no " + resource + " (node label io.drover.resource." + resource + ")";
  return resource + ": " + inWords(resource, wanted) + " asked for, " + inWords(resource, free) +
         " of " + inWords(resource, has) + " free";
}

std::optional<Shortage> shortageOf(const labels::Resources& wanted,
                                   const labels::Resources& reserved, const labels::Resources& has,
                                   double overcommit) {
  const struct {
    const char* name;
    uint64_t wanted, reserved, has;
  } stretchable[] = {
      {"cpus", wanted.nanoCpus, reserved.nanoCpus, has.nanoCpus},
      {"memory", wanted.memory, reserved.memory, has.memory},
      {"pids", wanted.pids, reserved.pids, has.pids},
  };
  for (const auto& each : stretchable) {
    if (each.wanted == 0 || each.has == 0) continue;
    uint64_t free = below(stretched(each.has, overcommit), each.reserved);
    if (each.name == std::string_view("cpus")) free = std::min(free, each.has);
    if (each.wanted > free) return Shortage{each.name, each.wanted, free, each.has};
  }
  for (const auto& [name, amount] : wanted.generic) {
    uint64_t total = labels::genericOf(has, name);
    uint64_t taken = labels::genericOf(reserved, name), free = below(total, taken);
    bool fits = amount == labels::Resources::all ? total > 0 && taken == 0 : amount <= free;
    if (!fits) return Shortage{name, amount, free, total};
  }
  return std::nullopt;
}

uint64_t reservedShare(const labels::Resources& wanted, const labels::Resources& reserved,
                       const labels::Resources& has) {
  return std::max(share(wanted.nanoCpus, reserved.nanoCpus, has.nanoCpus),
                  share(wanted.memory, reserved.memory, has.memory));
}

}  // namespace scheduler
