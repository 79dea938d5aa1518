// What a node does for global containers, step by step.

#include "orchestrator/global_plan.h"

#include <criterion/criterion.h>

#include <string>

#include "test/container_records.h"
#include "test/orchestrator/global_letters.h"

using namespace catalog;
using namespace letters;
using namespace orchestrator;
using What = GlobalStep::What;

namespace {

// On node `at`, created at `when`.
GlobalMember original(char id, char at, bool running = true, int64_t when = 5) {
  return {idOf(id), "web", node(at), when, running, running, {}};
}

GlobalMember copy(char id, char at, char of, char home, bool running = true, int64_t when = 6) {
  std::string suffix = std::string(".n") + at;
  return {idOf(id),
          "web" + suffix,
          node(at),
          when,
          running,
          running,
          {idOf(of), "c1", node(home), suffix}};
}

const std::vector<GlobalNode> three = {
    {node('1'), "n1", true}, {node('2'), "n2", true}, {node('3'), "n3", true}};
const GlobalFit fits{true, true, false};

GlobalStep step(std::vector<GlobalMember> members, char self, GlobalFit fit = fits,
                const std::vector<GlobalNode>& nodes = three, std::optional<GlobalOrigin> seen = {},
                const GlobalGroup* primary = nullptr) {
  std::vector<GlobalGroup> groups = globalGroups(std::move(members));
  cr_assert_eq(groups.size(), 1u);
  return nextStep(groups[0], fit, nodes, node(self), seen, primary);
}

void expect(const GlobalStep& step, What what, const std::string& about = "",
            const std::string& name = "") {
  cr_expect_eq(static_cast<int>(step.what), static_cast<int>(what), "%d",
               static_cast<int>(step.what));
  cr_expect_eq(step.about.id, about, "%s", step.about.id.c_str());
  cr_expect_eq(step.name, name, "%s", step.name.c_str());
}

}  // namespace

Test(global_plan, each_node_makes_its_own) {
  expect(step({original('a', '1')}, '1'), What::nothing);
  expect(step({original('a', '1')}, '2'), What::make, "", "web.n2");
  expect(step({original('a', '1')}, '2', {false, true, false}), What::nothing);
  expect(step({original('a', '1'), copy('b', '2', 'a', '1')}, '2'), What::nothing);
  expect(step({original('a', '1'), copy('b', '2', 'a', '1')}, '3'), What::make, "", "web.n3");
  // As long as the original has no name, as one that is only expected.
  GlobalMember nameless = original('a', '1');
  nameless.name.clear();
  expect(step({nameless}, '2'), What::nothing);
}

Test(global_plan, namesakes_among_nodes_have_copies_of_different_names) {
  std::vector<GlobalNode> nodes = three;
  nodes[2].name = "n2";
  expect(step({original('a', '1')}, '2', fits, nodes), What::make, "", "web.n2.22222");
  expect(step({original('a', '1')}, '3', fits, nodes), What::make, "", "web.n2.33333");
}

Test(global_plan, a_copy_is_started_when_its_original_runs) {
  GlobalMember made = copy('b', '2', 'a', '1', false);
  expect(step({original('a', '1', false), made}, '2'), What::nothing);
  expect(step({original('a', '1'), made}, '2'), What::start, idOf('b'));
  GlobalMember ended = made;
  ended.started = true;
  expect(step({original('a', '1'), ended}, '2'), What::nothing);
  expect(step({original('a', '1'), ended}, '2', {true, true, true}), What::startAgain, idOf('b'));
  // That the original ended is no reason for the copies to.
  expect(step({original('a', '1', false), copy('b', '2', 'a', '1')}, '2', {true, true, true}),
         What::nothing);
}

Test(global_plan, what_ends_by_itself_runs_once_everywhere) {
  GlobalMember ended = original('a', '1', false);
  ended.started = true;
  GlobalMember made = copy('b', '2', 'a', '1', false);
  const GlobalFit once{true, true, false, true};
  expect(step({ended, made}, '2'), What::nothing);
  expect(step({ended, made}, '2', once), What::start, idOf('b'));
  made.started = true;
  expect(step({ended, made}, '2', once), What::nothing);
  expect(step({original('a', '1'), made}, '2', once), What::nothing);
  ended.started = made.started = false;
  expect(step({ended, made}, '2', once), What::nothing);
}

Test(global_plan, a_copy_goes_when_its_node_may_not_have_it) {
  std::vector<GlobalMember> both = {original('a', '1'), copy('b', '2', 'a', '1')};
  expect(step(both, '2', {false, true, false}), What::nothing);
  expect(step(both, '2', {false, false, false}), What::remove, idOf('b'));
  expect(step(both, '1', {false, false, false}), What::nothing);
  expect(step(both, '3', {false, false, false}), What::nothing);
}

Test(global_plan, of_two_copies_the_older_stays) {
  GlobalMember second = copy('c', '2', 'a', '1', true, 9);
  std::vector<GlobalMember> all = {second, original('a', '1'), copy('b', '2', 'a', '1')};
  expect(step(all, '2'), What::remove, idOf('c'));
}

Test(global_plan, copies_are_renamed_with_the_original) {
  GlobalMember renamed = original('a', '1');
  renamed.name = "site";
  expect(step({renamed, copy('b', '2', 'a', '1')}, '2'), What::rename, idOf('b'), "site.n2");
}

Test(global_plan, without_an_original_its_node_is_asked) {
  GlobalStep asks = step({copy('b', '2', 'a', '1')}, '2');
  expect(asks, What::removeOrphan, idOf('b'));
  cr_expect_eq(asks.original, idOf('a'));
  cr_expect_eq(asks.home, node('1'));
  std::vector<GlobalNode> down = three;
  down[0].up = false;
  expect(step({copy('b', '2', 'a', '1')}, '2', fits, down), What::nothing);
  expect(step({copy('b', '2', 'a', '1')}, '1'), What::nothing);
  // Nobody asks for more than its own.
  expect(step({copy('b', '2', 'a', '1')}, '3'), What::nothing);
}

Test(global_plan, when_the_originals_node_is_gone_the_least_living_one_takes_over) {
  std::vector<GlobalNode> rest = {three[1], three[2]};
  std::vector<GlobalMember> both = {copy('b', '2', 'a', '1'), copy('c', '3', 'a', '1')};
  expect(step(both, '2', fits, rest), What::succeed, idOf('b'), "web");
  expect(step(both, '3', fits, rest), What::nothing);
  rest[0].up = false;
  expect(step(both, '3', fits, rest), What::succeed, idOf('c'), "web");
}

Test(global_plan, a_sidekicks_copy_asks_for_its_primary_too) {
  GlobalMember made = copy('b', '2', 'a', '1');
  made.mark.beside = idOf('p');
  GlobalStep asks = step({made}, '2');
  expect(asks, What::removeOrphan, idOf('b'));
  cr_expect(asks.original == idOf('a') && asks.primary == idOf('p'));
  // The one that was seen last, be it another than when the copy was made.
  asks = step({made}, '2', fits, three, GlobalOrigin{idOf('a'), node('1'), idOf('q')});
  cr_expect(asks.original == idOf('a') && asks.primary == idOf('q'));
}

Test(global_plan, the_next_original_of_a_sidekick_is_where_its_primarys_is) {
  std::vector<GlobalNode> rest = {three[1], three[2]};
  std::vector<GlobalMember> both = {copy('b', '2', 'a', '1'), copy('c', '3', 'a', '1')};
  for (GlobalMember& each : both) each.mark.beside = idOf('p');
  auto at = [&](char self, std::vector<GlobalMember> primary) {
    std::vector<GlobalGroup> groups = globalGroups(std::move(primary));
    return step(both, self, fits, rest, {}, groups.empty() ? nullptr : &groups[0]);
  };
  std::vector<GlobalMember> everywhere = {copy('q', '2', 'p', '1'), copy('r', '3', 'p', '1')};
  expect(at('2', everywhere), What::succeed, idOf('b'), "web");
  expect(at('3', everywhere), What::nothing);
  // A primary that only one of the nodes had a copy of, or that was there first.
  expect(at('2', {copy('r', '3', 'p', '1')}), What::nothing);
  expect(at('3', {copy('r', '3', 'p', '1')}), What::succeed, idOf('c'), "web");
  expect(at('3', {copy('q', '2', 'p', '1'), original('p', '3')}), What::succeed, idOf('c'), "web");
  expect(at('2', {copy('q', '2', 'p', '1'), original('p', '3')}), What::nothing);
  expect(at('2', {}), What::nothing);
}

Test(global_plan, what_follows_a_second_original_goes_with_it) {
  std::vector<GlobalNode> rest = {three[1], three[2]};
  GlobalMember second = original('d', '2', false, 20);
  second.mark.group = idOf('a');
  std::vector<GlobalMember> all = {second, copy('b', '2', 'a', '1'), copy('c', '3', 'a', '1')};
  GlobalStep over = step(all, '2', fits, rest);
  expect(over, What::handOver, idOf('b'));
  expect(step(all, '3', fits, rest), What::nothing);
  // Its end is known from having seen it, though the copy's label speaks of the first one.
  GlobalOrigin seen{idOf('d'), node('2')};
  GlobalStep asks = step({copy('c', '3', 'a', '1')}, '3', fits, rest, seen);
  expect(asks, What::removeOrphan, idOf('c'));
  cr_expect_eq(asks.original, idOf('d'));
  cr_expect_eq(asks.home, node('2'));
}

Test(global_plan, what_a_client_made_is_never_touched) {
  // The first original came back, with its node, after another one took its place.
  GlobalMember second = original('d', '2', true, 20);
  second.mark.group = idOf('a');
  std::vector<GlobalGroup> groups = globalGroups({second, original('a', '1', true, 30)});
  cr_assert_eq(groups.size(), 1u);
  cr_expect_eq(groups[0].original->id, idOf('a'));
  for (char self : {'1', '2'})
    expect(nextStep(groups[0], fits, three, node(self), {}), What::nothing);
  expect(nextStep(groups[0], {false, false, false}, three, node('2'), {}), What::nothing);
}

Test(global_plan, members_are_found_in_the_index) {
  ContainerIndex index;
  cluster::NodeId one = *cluster::NodeId::parse(node('1'));
  auto put = [&](char id, const std::string& name, const std::string& labels,
                 const std::string& state) {
    std::string record = "{\"Id\":\"" + idOf(id) + "\",\"Names\":[\"/" + name +
                         "\"],\"Created\":7,\"State\":\"" + state + "\",\"Labels\":{" + labels +
                         "}}";
    cr_assert(test::putRecord(index, one, idOf(id), record, 1));
  };
  const std::string asks = R"("io.drover.global":"true")";
  const std::string of = asks + R"(,"io.drover.global.of":")" + idOf('a') + R"(",)";
  const std::string from = R"("io.drover.global.from":"CLUSTER/)" + node('1') + R"(/.n1")";
  auto in = [&](const std::string& cluster) {
    std::string text = from;
    return of + text.replace(text.find("CLUSTER"), 7, cluster);
  };
  put('a', "web", asks, "running");
  put('b', "web.n1", in("c1"), "created");
  put('c', "other.n1", in("c2"), "running");
  put('d', "plain", R"("a":"b")", "running");
  put('e', "not", R"("io.drover.global":"false")", "running");
  std::vector<GlobalMember> members = globalMembers(index, "c1");
  cr_assert_eq(members.size(), 2u);
  cr_expect(members[0].id == idOf('a') && members[0].running && members[0].started);
  cr_expect(members[1].id == idOf('b') && !members[1].running && !members[1].started);
  // Ids come from other nodes, and go into paths and labels.
  cr_assert(test::putRecord(index, one, "../x",
                            R"({"Id":"../x","Names":["/y"],"Labels":{)" + asks + "}}", 1));
  cr_expect_eq(globalMembers(index, "c1").size(), 2u);
  index.erase(one, idOf('a'));
  cr_expect_eq(globalMembers(index, "c1").size(), 1u);
  index.clear();
  cr_expect(globalMembers(index, "c1").empty());
}
