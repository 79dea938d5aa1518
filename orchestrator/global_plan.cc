#include "orchestrator/global_plan.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace orchestrator {
namespace {

using What = GlobalStep::What;

const GlobalNode* find(std::span<const GlobalNode> nodes, std::string_view id) {
  auto found = std::find_if(nodes.begin(), nodes.end(),
                            [&](const GlobalNode& each) { return each.id == id; });
  return found == nodes.end() ? nullptr : &*found;
}

std::string suffixFor(std::span<const GlobalNode> nodes, std::string_view self) {
  const GlobalNode* node = find(nodes, self);
  std::string name = node ? node->name : std::string();
  auto namesakes = std::count_if(nodes.begin(), nodes.end(),
                                 [&](const GlobalNode& each) { return each.name == name; });
  return catalog::globalSuffix(name, self, namesakes > 1);
}

GlobalStep stepFor(What what, const GlobalMember& about, std::string name = {}) {
  GlobalStep step;
  step.what = what;
  step.about = about;
  step.name = std::move(name);
  return step;
}

GlobalStep follow(const GlobalMember& original, const std::vector<GlobalMember>& mine,
                  const GlobalFit& fit, std::span<const GlobalNode> nodes, std::string_view self) {
  if (original.node == self) return mine.empty() ? GlobalStep() : stepFor(What::handOver, mine[0]);
  if (mine.empty()) {
    if (!fit.takes || original.name.empty()) return {};
    return stepFor(What::make, {}, original.name + suffixFor(nodes, self));
  }
  if (!fit.keeps || mine.size() > 1) return stepFor(What::remove, mine.back());
  const GlobalMember& copy = mine.front();
  std::string name = original.name + copy.mark.suffix;
  if (copy.name != name && !original.name.empty()) return stepFor(What::rename, copy, name);
  if (copy.running) return {};
  bool isDue = original.running || (fit.once && original.started);
  if (!copy.started) return isDue ? stepFor(What::start, copy) : GlobalStep();
  return original.running && fit.restarts ? stepFor(What::startAgain, copy) : GlobalStep();
}

// The node whose copy becomes the next original: of those that are up the one with the least id. A
// sidekick's is where its primary's is. Empty if there is none.
std::string successor(const GlobalGroup& group, std::span<const GlobalNode> nodes,
                      const GlobalGroup* primary) {
  if (!group.beside().empty() && !primary) return {};
  if (primary && primary->original) return primary->original->node;
  std::string least;
  for (const GlobalMember& each : primary ? primary->others : group.others) {
    const GlobalNode* node = find(nodes, each.node);
    if (node && node->up && (least.empty() || each.node < least)) least = each.node;
  }
  return least;
}

GlobalStep withoutOriginal(const GlobalGroup& group, const std::vector<GlobalMember>& mine,
                           std::span<const GlobalNode> nodes, std::string_view self,
                           const std::optional<GlobalOrigin>& seen, const GlobalGroup* primary) {
  if (mine.empty()) return {};
  const GlobalMember& copy = mine.front();
  GlobalOrigin origin = seen.value_or(GlobalOrigin{group.id, copy.mark.home, copy.mark.beside});
  if (const GlobalNode* home = find(nodes, origin.node)) {
    if (!home->up) return {};
    GlobalStep step = stepFor(What::removeOrphan, copy);
    step.original = origin.container;
    step.home = origin.node;
    step.primary = origin.primary;
    return step;
  }
  if (successor(group, nodes, primary) != self) return {};
  size_t plain = copy.name.size() - copy.mark.suffix.size();
  return stepFor(What::succeed, copy, copy.name.substr(0, plain));
}

}  // namespace

std::vector<GlobalGroup> globalGroups(std::vector<GlobalMember> members) {
  auto isEarlier = [](const GlobalMember& a, const GlobalMember& b) {
    bool first = a.mark.group.empty(), other = b.mark.group.empty();
    if (first != other) return first;
    return std::tie(a.created, a.id) < std::tie(b.created, b.id);
  };
  std::sort(members.begin(), members.end(), isEarlier);
  std::map<std::string, GlobalGroup> groups;
  for (GlobalMember& each : members) {
    GlobalGroup& group = groups[each.group()];
    group.id = each.group();
    if (!group.original && !each.mark.isCopy()) {
      group.original = std::move(each);
    } else {
      group.others.push_back(std::move(each));
    }
  }
  std::vector<GlobalGroup> list;
  list.reserve(groups.size());
  for (auto& [id, group] : groups) list.push_back(std::move(group));
  return list;
}

GlobalMember globalMember(const catalog::ContainerIndex::Entry& known, catalog::GlobalMark mark) {
  const catalog::ContainerIndex::Container& entry = known.second;
  GlobalMember member;
  member.id = known.first;
  if (!entry.names.empty()) member.name = entry.names.front();
  member.node = entry.owner.text();
  member.created = entry.created;
  member.running = entry.running;
  member.started = entry.state != "created";
  member.mark = std::move(mark);
  return member;
}

std::vector<GlobalMember> globalMembers(const catalog::ContainerIndex& index,
                                        std::string_view cluster, std::string_view group) {
  std::vector<GlobalMember> members;
  for (const auto& [id, global] : index.globals()) {
    const auto& [known, mark] = global;
    if (!catalog::isContainerId(id) || (mark.isCopy() && mark.cluster != cluster)) continue;
    if (!group.empty() && (mark.group.empty() ? id : mark.group) != group) continue;
    members.push_back(globalMember(*known, mark));
  }
  return members;
}

GlobalStep nextStep(const GlobalGroup& group, const GlobalFit& fit,
                    std::span<const GlobalNode> nodes, std::string_view self,
                    const std::optional<GlobalOrigin>& seen, const GlobalGroup* primary) {
  std::vector<GlobalMember> mine;
  bool hasOriginal = false;  // which is not the one, after a node came back that had been removed
  for (const GlobalMember& each : group.others) {
    if (each.node != self) continue;
    hasOriginal |= !each.mark.isCopy();
    if (each.mark.isCopy()) mine.push_back(each);
  }
  if (hasOriginal) return {};
  if (group.original) return follow(*group.original, mine, fit, nodes, self);
  return withoutOriginal(group, mine, nodes, self, seen, primary);
}

}  // namespace orchestrator
