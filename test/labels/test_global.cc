// On which nodes a global container belongs.

#include "labels/global.h"

#include "test/labels/small_world.h"

#include <string>

namespace {

std::string nodesOf(const labels::World& world, const small::Pairs& given,
                    const std::string& more = "") {
  std::string all;
  for (const std::string& id :
       labels::globalNodes(small::asking(given, more), world, {.here = "id-a"}))
    all += (all.empty() ? "" : " ") + id.substr(3);
  return all;
}

}  // namespace

Test(global, follows_nodes_that_join_change_and_leave) {
  labels::World world = small::threeNodes();
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
  labels::World world = small::threeNodes();
  labels::Container busy = small::container("busy", "b");
  busy.ports = {{80, labels::Protocol::tcp, ""}};
  world.putContainer(busy);
  labels::Node drained = small::node("c");
  drained.availability = labels::Availability::drain;
  world.putNode(drained);
  const std::string host =
      R"("HostConfig":{"Binds":["/:/host"],"PortBindings":{"80/tcp":[{"HostPort":"80"}]}})";
  cr_expect_eq(nodesOf(world, {{"io.drover.global", "true"}}, host), "a b");
}

Test(global, a_node_keeps_one_though_it_would_take_none) {
  labels::World world = small::threeNodes();
  labels::Policy policy =
      small::asking({{"io.drover.global", "true"}, {"io.drover.constraint", "node.zone==x"}}, "");
  auto keeps = [&](const std::string& id) { return labels::keepsGlobal(policy, world, {}, id); };
  cr_expect(keeps("id-a") && keeps("id-b"));
  cr_expect_not(keeps("id-c") || keeps("id-none"));
  labels::Node away = small::node("a", {{"zone", "x"}});
  away.availability = labels::Availability::drain;
  away.trouble = "is down";
  world.putNode(away);
  cr_expect(keeps("id-a"));
  cr_expect_eq(nodesOf(world, {{"io.drover.global", "true"}}), "b c");
  away.labels = {{"zone", "y"}};
  world.putNode(away);
  cr_expect_not(keeps("id-a"));
}

Test(global, one_of_them_is_placed_on_its_node) {
  labels::World world = small::threeNodes();
  labels::Policy policy =
      small::asking({{"io.drover.global", "true"}, {"io.drover.affinity", "container == none"}},
                    R"("HostConfig":{"Binds":["/:/host"]})");
  policy.node = "id-b";
  cr_expect_eq(small::nodesFor(world, policy, {.here = "id-a"}), "b");
}
