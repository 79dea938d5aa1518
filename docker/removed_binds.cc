#include "docker/removed_binds.h"

#include <algorithm>
#include <set>
#include <utility>

namespace docker {
namespace {

constexpr base::milliseconds keptFor(60'000);
constexpr size_t maxHomes = 1000;

// Without order, repetition and slashes at the end.
std::set<std::string> directories(const std::vector<std::string>& binds) {
  std::set<std::string> all;
  for (std::string each : binds) {
    while (each.size() > 1 && each.ends_with('/')) each.pop_back();
    all.insert(std::move(each));
  }
  return all;
}

}  // namespace

void RemovedBinds::removed(const std::string& name, Home home, base::Time now) {
  if (name.empty() || home.binds.empty()) return;
  if (homes_.size() >= maxHomes)
    std::erase_if(homes_, [&](const auto& each) { return each.second.until <= now; });
  if (homes_.size() >= maxHomes) homes_.clear();
  home.until = now + keptFor;
  homes_.insert_or_assign(name, std::move(home));
}

const RemovedBinds::Home* RemovedBinds::find(std::string_view name, base::Time now) const {
  auto found = homes_.find(name);
  return found != homes_.end() && now < found->second.until ? &found->second : nullptr;
}

const RemovedBinds::Home* RemovedBinds::find(std::string_view name,
                                             const std::vector<std::string>& binds,
                                             base::Time now) const {
  const Home* home = find(name, now);
  return home && directories(home->binds) == directories(binds) ? home : nullptr;
}

}  // namespace docker
