// On which nodes a global container belongs.

#include "scheduler/global.h"

#include "test/scheduler/small_world.h"

#include <string>

namespace {

std::string nodesOf(const scheduler::World& world, const small::Pairs& given,
                    const std::string& more = "") {
  std::string all;
  for (const std::string& id :
       scheduler::globalNodes(small::asking(given, more), world, {.here = "id-a"}))
    all += (all.empty() ? "" : " ") + id.substr(3);
  return all;
}

}  // namespace

Test(global, follows_nodes_that_join_change_and_leave) {
  scheduler::World world = small::threeNodes();
  const small::Pairs given = {{"io.drover.global", "true"},
                              {"io.drover.constraint", "node.zone==x"}};
  cr_expect_eq(nodesOf(world, given), "a b");
  world.putNode(small::node("d", {{"zone", "x"}}));
  world.putNode(small::node("a", {{"zone", "y"}}));
  cr_expect_eq(nodesOf(world, given), "b d");
  world.eraseNode("id-b");
  cr_expect_eq(nodesOf(world, given), "d");
}

Test(global, only_what_is_about_nodes_counts) {
  scheduler::World world = small::threeNodes();
  scheduler::Container busy = small::container("busy", "b");
  busy.ports = {{80, labels::Protocol::tcp, ""}};
  world.putContainer(busy);
  scheduler::Node drained = small::node("c");
  drained.availability = scheduler::Availability::drain;
  world.putNode(drained);
  const std::string host =
      R"("HostConfig":{"Binds":["/:/host"],"PortBindings":{"80/tcp":[{"HostPort":"80"}]}})";
  cr_expect_eq(nodesOf(world, {{"io.drover.global", "true"}}, host), "a b");
}

Test(global, a_node_keeps_one_though_it_would_take_none) {
  scheduler::World world = small::threeNodes();
  labels::Policy policy =
      small::asking({{"io.drover.global", "true"}, {"io.drover.constraint", "node.zone==x"}}, "");
  auto keeps = [&](const std::string& id) { return scheduler::keepsGlobal(policy, world, {}, id); };
  cr_expect(keeps("id-a") && keeps("id-b"));
  cr_expect_not(keeps("id-c") || keeps("id-none"));
  scheduler::Node away = small::node("a", {{"zone", "x"}});
  away.availability = scheduler::Availability::drain;
  away.trouble = "is down";
  world.putNode(away);
  cr_expect(keeps("id-a"));
  cr_expect_eq(nodesOf(world, {{"io.drover.global", "true"}}), "b c");
  away.labels = {{"zone", "y"}};
  world.putNode(away);
  cr_expect_not(keeps("id-a"));
}

Test(global, one_of_them_is_placed_on_its_node) {
  scheduler::World world = small::threeNodes();
  labels::Policy policy =
      small::asking({{"io.drover.global", "true"}, {"io.drover.affinity", "container == none"}},
                    R"("HostConfig":{"Binds":["/:/host"]})");
  policy.node = "id-b";
  cr_expect_eq(small::nodesFor(world, policy, {.here = "id-a"}), "b");
}
