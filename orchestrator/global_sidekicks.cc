#include "orchestrator/global_sidekicks.h"

#include <algorithm>
#include <set>

#include "labels/identity.h"

namespace orchestrator {
namespace {

labels::Labels mapped(const catalog::LabelList& list) {
  labels::Labels labels;
  for (const auto& [key, value] : list) labels.emplace(key, value);
  return labels;
}

std::string unitOf(const catalog::ContainerIndex::Entry& entry) {
  labels::Identity identity = labels::identityOf(mapped(entry.second.labels));
  return identity.unit(identity.service);
}

bool contains(const std::vector<std::string>& all, const std::string& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

bool isSidekick(const GlobalMember& member) {
  return !member.mark.beside.empty();
}

// By its id, a container that is a sidekick of an original on its node.
using Claimed = std::map<std::string, GlobalMember>;

void claim(const GlobalMember& primary, const catalog::ContainerIndex& index, Claimed& claimed) {
  const catalog::ContainerIndex::Entry* entry = index.find(primary.id).entry;
  std::optional<cluster::NodeId> node = cluster::NodeId::parse(primary.node);
  if (!entry || !node) return;
  std::vector<std::string> units = labels::sidekickUnits(mapped(entry->second.labels));
  if (units.empty()) return;
  for (const auto& [id, each] : index.of(*node)) {
    auto global = index.globals().find(id);
    catalog::GlobalMark mark;
    if (global != index.globals().end()) mark = global->second.second;
    bool isOther = mark.isCopy() || (global != index.globals().end() && mark.beside.empty());
    if (isOther || !catalog::isContainerId(id) || !contains(units, unitOf(*each))) continue;
    mark.beside = primary.group();
    claimed.insert_or_assign(std::string(id), globalMember(*each, std::move(mark)));
  }
}

const GlobalGroup* groupWith(std::string_view container, std::span<const GlobalGroup> groups) {
  auto isIt = [&](const GlobalMember& each) { return each.id == container; };
  for (const GlobalGroup& group : groups) {
    bool has = (group.original && isIt(*group.original)) ||
               std::any_of(group.others.begin(), group.others.end(), isIt);
    if (has) return &group;
  }
  return nullptr;
}

// Of the containers that are named here, by these names.
std::map<std::string, const GlobalGroup*> groupsOf(std::span<const std::string> named,
                                                   std::span<const GlobalGroup> groups,
                                                   const catalog::ContainerIndex& index) {
  std::map<std::string, const GlobalGroup*> found;
  for (const std::string& name : named) {
    const catalog::ContainerIndex::Entry* entry = index.find(name).entry;
    const GlobalGroup* group = entry ? groupWith(entry->first, groups) : nullptr;
    if (group) found.emplace(name, group);
  }
  return found;
}

// What a client made, or is the next original, before a copy.
const GlobalMember* memberOn(const GlobalGroup& group, std::string_view node) {
  if (group.original && group.original->node == node) return &*group.original;
  const GlobalMember* copy = nullptr;
  for (const GlobalMember& each : group.others) {
    if (each.node != node) continue;
    if (!each.mark.isCopy()) return &each;
    if (!copy) copy = &each;
  }
  return copy;
}

}  // namespace

void addSidekicks(std::vector<GlobalMember>& members, const catalog::ContainerIndex& index) {
  std::vector<const GlobalMember*> primaries;
  std::set<std::string> led, followed;  // groups with an original, and with copies
  for (const GlobalMember& each : members) {
    if (isSidekick(each)) continue;
    (each.mark.isCopy() ? followed : led).insert(each.group());
    if (!each.mark.isCopy()) primaries.push_back(&each);
  }
  // While one takes the place of another both have the same sidekicks: the younger one counts.
  std::sort(primaries.begin(), primaries.end(),
            [](const GlobalMember* a, const GlobalMember* b) { return a->created < b->created; });
  Claimed claimed;
  for (const GlobalMember* each : primaries) claim(*each, index, claimed);
  std::erase_if(members, [&](const GlobalMember& each) {
    if (!isSidekick(each) || each.mark.isCopy()) return false;
    const std::string& beside = each.mark.beside;
    bool stays = !led.contains(beside) && followed.contains(beside);
    return claimed.contains(each.id) || !stays;
  });
  for (auto& [id, sidekick] : claimed) members.push_back(std::move(sidekick));
}

const GlobalGroup* findGroup(std::span<const GlobalGroup> groups, std::string_view id) {
  auto found = std::find_if(groups.begin(), groups.end(),
                            [&](const GlobalGroup& each) { return each.id == id; });
  return found == groups.end() ? nullptr : &*found;
}

std::optional<std::map<std::string, std::string>> ownMembers(std::span<const std::string> named,
                                                             std::span<const GlobalGroup> groups,
                                                             const catalog::ContainerIndex& index,
                                                             std::string_view self) {
  std::map<std::string, std::string> own;
  for (const auto& [name, group] : groupsOf(named, groups, index)) {
    const GlobalMember* member = memberOn(*group, self);
    if (!member) return std::nullopt;
    own.emplace(name, member->id);
  }
  return own;
}

bool isBlocked(const GlobalStep& step, std::span<const std::string> used,
               std::span<const GlobalGroup> groups, std::span<const GlobalStep> steps,
               const catalog::ContainerIndex& index, std::string_view self) {
  for (const auto& [name, group] : groupsOf(used, groups, index)) {
    size_t at = static_cast<size_t>(group - groups.data());
    if (steps[at].what == step.what) return true;
  }
  return step.what == GlobalStep::What::make && !ownMembers(used, groups, index, self);
}

std::string usedAlone(const labels::Policy& policy, const catalog::ContainerIndex& index) {
  if (!policy.global) return {};
  std::vector<std::string> units;
  for (const std::string& each : policy.sidekicks) units.push_back(policy.identity.unit(each));
  for (const std::string& name : policy.containers) {
    const catalog::ContainerIndex::Entry* entry = index.find(name).entry;
    bool isGlobal = entry && index.globals().contains(entry->first);
    std::string unit = entry ? unitOf(*entry) : std::string();
    if (!isGlobal && (unit.empty() || !contains(units, unit))) return name;
  }
  return {};
}

}  // namespace orchestrator
