// Sidekicks of global containers: which they are, and what copies use in their place.

#include "orchestrator/global_sidekicks.h"

#include <criterion/criterion.h>

#include <algorithm>
#include <string>

#include "test/container_records.h"

#include "labels/decode.h"
#include "test/orchestrator/global_letters.h"

using namespace catalog;
using namespace letters;
using namespace orchestrator;
using What = GlobalStep::What;

namespace {

std::string label(const std::string& key, const std::string& value) {
  return "\"" + key + "\":\"" + value + "\",";
}

std::string compose(const std::string& service, const std::string& number = "1") {
  return label("com.docker.compose.project", "app") + label("com.docker.compose.service", service) +
         label("com.docker.compose.container-number", number);
}

const std::string asks =
    label("io.rancher.scheduler.global", "true") + label("io.rancher.sidekicks", "data, log");

std::string ofGroup(char group, char beside = 0) {
  std::string labels = label("io.drover.global.of", idOf(group));
  return beside ? labels + label("io.drover.global.beside", idOf(beside)) : labels;
}

// Of the group, made when its original was on node 1.
std::string copyAt(char at, char group, char beside = 0) {
  return ofGroup(group, beside) +
         label("io.drover.global.from", "c1/" + node('1') + "/.n" + std::string(1, at));
}

class Known {
 public:
  void put(char id, char at, const std::string& name, std::string labels, int created = 5) {
    if (!labels.empty()) labels.pop_back();
    std::string record = "{\"Id\":\"" + idOf(id) + "\",\"Names\":[\"/" + name +
                         "\"],\"Created\":" + std::to_string(created) +
                         ",\"State\":\"running\",\"Labels\":{" + labels + "}}";
    cr_assert(test::putRecord(index, *cluster::NodeId::parse(node(at)), idOf(id), record, 1));
  }
  void erase(char id, char at) { index.erase(*cluster::NodeId::parse(node(at)), idOf(id)); }

  std::vector<GlobalGroup> groups() const {
    std::vector<GlobalMember> members = globalMembers(index, "c1");
    addSidekicks(members, index);
    return globalGroups(std::move(members));
  }

  ContainerIndex index;
};

std::string originals(const std::vector<GlobalGroup>& groups) {
  std::string letters;
  for (const GlobalGroup& each : groups) letters += each.original ? each.original->id[0] : '-';
  return letters;
}

}  // namespace

Test(global_sidekicks, they_are_those_of_its_unit_on_its_node) {
  Known known;
  known.put('a', '1', "web", asks + compose("web"));
  known.put('b', '1', "data", compose("data"));
  known.put('c', '1', "data2", compose("data", "2"));
  known.put('d', '2', "log", compose("log"));
  known.put('e', '1', "other", compose("other"));
  known.put('f', '1', "plain", "");
  std::vector<GlobalGroup> groups = known.groups();
  cr_expect_eq(originals(groups), "ab");
  cr_expect_eq(groups[1].beside(), idOf('a'));
  cr_expect(groups[0].beside().empty());
  cr_expect_eq(findGroup(groups, idOf('b')), &groups[1]);
  cr_expect_eq(findGroup(groups, idOf('f')), nullptr);
  // One that asks to be global is what it asks for.
  known.put('b', '1', "data", label("io.drover.global", "true") + compose("data"));
  groups = known.groups();
  cr_expect_eq(originals(groups), "ab");
  cr_expect(groups[1].beside().empty());
}

Test(global_sidekicks, a_sidekick_without_its_primary_is_no_original) {
  Known known;
  known.put('a', '1', "web", asks + compose("web"));
  known.put('b', '1', "data", compose("data"));
  known.put('c', '2', "data.n2", copyAt('2', 'b', 'a'));
  cr_expect_eq(originals(known.groups()), "ab");
  known.erase('a', '1');
  std::vector<GlobalGroup> groups = known.groups();
  cr_expect_eq(originals(groups), "-");
  cr_expect(groups[0].id == idOf('b') && groups[0].beside() == idOf('a'));
  // Made anew, it has it again; of two the younger counts.
  known.put('e', '1', "old", asks + compose("web"), 4);
  known.put('d', '1', "web", asks + compose("web"), 9);
  groups = known.groups();
  cr_expect_eq(originals(groups), "bde");
  cr_expect_eq(groups[0].beside(), idOf('d'));
}

Test(global_sidekicks, a_later_original_is_one_as_long_as_there_is_a_primary) {
  Known known;
  known.put('b', '2', "data", ofGroup('9', '8') + compose("data"));
  cr_expect_eq(originals(known.groups()), "");
  // Its primary is about to be made of this copy.
  known.put('a', '2', "web.n2", label("io.drover.global", "true") + copyAt('2', '8'));
  cr_expect_eq(originals(known.groups()), "-b");
  known.put('c', '2', "web", asks + ofGroup('8') + compose("web"));
  std::vector<GlobalGroup> groups = known.groups();
  cr_expect_eq(originals(groups), "cb");
  cr_expect(groups[1].id == idOf('9') && groups[1].beside() == idOf('8'));
  known.erase('c', '2');
  known.erase('a', '2');
  cr_expect_eq(originals(known.groups()), "");
}

Test(global_sidekicks, a_copy_uses_what_its_own_node_has) {
  Known known;
  known.put('a', '1', "web", asks + compose("web"));
  known.put('b', '1', "data", compose("data"));
  known.put('c', '1', "plain", "");
  auto own = [&](std::vector<std::string> named, char self) {
    return ownMembers(named, known.groups(), known.index, node(self));
  };
  cr_expect_not(own({"data"}, '2').has_value());
  using Map = std::map<std::string, std::string>;
  cr_expect_eq(own({"plain", "nobody"}, '2'), Map());
  cr_expect_eq(own({"/data"}, '1'), (Map{{"/data", idOf('b')}}));
  known.put('d', '2', "data.n2", copyAt('2', 'b', 'a'));
  cr_expect_eq(own({idOf('b'), "data"}, '2'), (Map{{idOf('b'), idOf('d')}, {"data", idOf('d')}}));
  // What comes in the place of a copy comes before it.
  known.erase('b', '1');
  known.put('e', '2', "data2", ofGroup('b', 'a') + compose("data"));
  known.put('f', '2', "web", asks + ofGroup('a') + compose("web"), 9);
  cr_expect_eq(own({idOf('d')}, '2'), (Map{{idOf('d'), idOf('e')}}));
}

Test(global_sidekicks, what_uses_others_comes_after_them) {
  Known known;
  known.put('a', '1', "web", asks + compose("web"));
  known.put('b', '1', "data", compose("data"));
  std::vector<GlobalGroup> groups = known.groups();
  cr_assert_eq(originals(groups), "ab");
  auto blocked = [&](What ofWeb, What ofData) {
    std::vector<GlobalStep> steps(2);
    steps[0].what = ofWeb;
    steps[1].what = ofData;
    std::vector<std::string> used = {"data"};
    return isBlocked(steps[0], used, groups, steps, known.index, node('2'));
  };
  cr_expect(blocked(What::make, What::make));
  cr_expect(blocked(What::make, What::nothing), "it is not to be here");
  known.put('c', '2', "data.n2", copyAt('2', 'b', 'a'));
  groups = known.groups();
  cr_expect_not(blocked(What::make, What::nothing));
  cr_expect_not(blocked(What::make, What::start));
  for (What what : {What::start, What::succeed, What::handOver}) {
    cr_expect(blocked(what, what));
    cr_expect_not(blocked(what, What::nothing));
  }
}

Test(global_sidekicks, what_has_no_copies_is_named) {
  Known known;
  known.put('a', '1', "each", label("io.drover.global", "true"));
  known.put('b', '1', "data", compose("data"));
  known.put('c', '1', "other", compose("other"));
  auto alone = [&](const std::string& labels, std::vector<std::string> used) {
    labels::Policy policy =
        labels::decode("{\"Labels\":{" + labels.substr(0, labels.size() - 1) + "}}").policy;
    policy.containers = std::move(used);
    return usedAlone(policy, known.index);
  };
  const std::string web = asks + compose("web");
  cr_expect_eq(alone(web, {}), "");
  cr_expect_eq(alone(web, {"data", "each"}), "");
  cr_expect_eq(alone(web, {"data", "other"}), "other");
  cr_expect_eq(alone(web, {"nobody"}), "nobody");
  cr_expect_eq(alone(asks, {"data"}), "data");
  cr_expect_eq(alone(compose("web"), {"other"}), "");
}
