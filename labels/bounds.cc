#include "labels/bounds.h"

#include <set>
#include <string_view>
#include <utility>

namespace labels {
namespace {

template <class Value, class Key>
void dropRepeatsOf(std::vector<Value>& list, Key keyOf) {
  using Sort = decltype(keyOf(list.front()));
  if (list.size() < 2) return;
  std::set<Sort> seen;
  std::erase_if(list, [&](const Value& each) { return !seen.insert(keyOf(each)).second; });
}

}  // namespace

void dropRepeats(Policy& policy) {
  auto name = [](const std::string& each) { return each; };
  for (std::vector<std::string>* list : {&policy.containers, &policy.volumes, &policy.networks})
    dropRepeatsOf(*list, name);
  dropRepeatsOf(policy.plugins, [](const Plugin& each) { return std::pair(each.kind, each.name); });
}

std::optional<Problem> beyondBounds(const Policy& policy) {
  auto tooMany = [](const char* member, const char* what, size_t most) {
    return Problem{member, 0, "asks for more than " + std::to_string(most) + " " + what, ""};
  };
  if (policy.networks.size() > maxNames)
    return tooMany("NetworkingConfig.EndpointsConfig", "networks", maxNames);
  if (policy.containers.size() > maxNames)
    return tooMany("HostConfig.Links and VolumesFrom", "containers", maxNames);
  if (policy.volumes.size() > maxNames)
    return tooMany("HostConfig.Binds and Mounts", "volumes", maxNames);
  if (policy.plugins.size() > maxNames)
    return tooMany("HostConfig.Mounts", "volume drivers", maxNames);
  if (policy.ports.size() > maxPortBlocks)
    return tooMany("HostConfig.PortBindings", "ports that are not consecutive", maxPortBlocks);
  return std::nullopt;
}

}  // namespace labels
