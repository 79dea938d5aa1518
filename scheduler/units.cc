#include "scheduler/units.h"

#include <algorithm>

#include "labels/fields.h"

namespace scheduler {
namespace {

constexpr size_t shortId = 12;

bool has(const World& world, std::string_view field, const std::string& value) {
  return !value.empty() && !world.find(field, value).empty();
}

// Whether the container names this unit's as its sidekick.
bool claims(const Container& container, const std::string& unit) {
  bool found = false;
  eachValue(container, [&](std::string_view field, std::string_view value) {
    found = found || (field == labels::field::claims && value == unit);
  });
  return found;
}

bool isSidekick(const labels::Policy& policy, const std::string& service) {
  const std::vector<std::string>& all = policy.sidekicks;
  return std::find(all.begin(), all.end(), service) != all.end();
}

// Whether both are sidekicks of one service, as one of its containers says.
bool areSidekicksOfOne(const World& world, const std::string& unit, const std::string& other) {
  if (!has(world, labels::field::claims, unit) || !has(world, labels::field::claims, other))
    return false;
  bool found = false;
  world.eachContainer(
      [&](const Container& each) { found = found || (claims(each, unit) && claims(each, other)); });
  return found;
}

// The id of the container of this service and number; empty if there is none.
std::string idOf(const World& world, const labels::Identity& wanted) {
  std::string id;
  if (!has(world, labels::field::unit, wanted.unit(wanted.service))) return id;
  world.eachContainer([&](const Container& each) {
    if (id.empty() && labels::identityOf(each.labels) == wanted) id = each.id;
  });
  return id;
}

}  // namespace

std::map<std::string, std::string> ownOfUnit(const labels::Policy& policy, const World& world) {
  std::map<std::string, std::string> own;
  const labels::Identity& identity = policy.identity;
  if (identity.project.empty() || identity.number.empty()) return own;
  for (const std::string& name : policy.containers) {
    const Container* named = world.container(name);
    if (!named || own.contains(name)) continue;
    labels::Identity other = labels::identityOf(named->labels);
    if (other.project != identity.project || other.number == identity.number) continue;
    std::string ourUnit = other.unit(identity.service), itsUnit = other.unit(other.service);
    bool belong = isSidekick(policy, other.service) || claims(*named, ourUnit) ||
                  areSidekicksOfOne(world, ourUnit, itsUnit);
    other.number = identity.number;
    std::string id = belong ? idOf(world, other) : std::string();
    if (!id.empty()) own.emplace(name, std::move(id));
  }
  return own;
}

std::string predecessor(const labels::Policy& policy, std::string_view name, const World& world) {
  const labels::Identity& identity = policy.identity;
  std::string found;
  if (name.empty() || !has(world, labels::field::unit, identity.unit(identity.service)))
    return found;
  world.eachContainer([&](const Container& each) {
    bool isNamed = each.name.size() == shortId + 1 + name.size() && each.name.ends_with(name) &&
                   each.name[shortId] == '_' && each.id.starts_with(each.name.substr(0, shortId));
    if (isNamed && !each.running && labels::identityOf(each.labels) == identity) found = each.id;
  });
  return found;
}

}  // namespace scheduler
