// The World's indexes stay true while things come and go.

#include "scheduler/world.h"

#include "test/scheduler/small_world.h"

#include <random>
#include <string>

using labels::Pattern;
using labels::Rule;
using scheduler::World;

namespace {

uint32_t counted(const World& world, const std::string& field, const std::string& value,
                 const std::string& node) {
  labels::Rule rule{.field = field};
  rule.values.push_back(labels::Pattern::glob(value));
  return world.count(rule)[world.node("id-" + node)->slot];
}

}  // namespace

Test(world, containers_are_found_as_dockerd_finds_them) {
  World world = small::threeNodes();
  scheduler::Container one = small::container("web", "a"), two = small::container("db", "b");
  one.id = "abc111", two.id = "abc222";
  world.putContainer(one);
  world.putContainer(two);
  cr_expect_eq(world.container("abc111")->name, "web");
  cr_expect_eq(world.container("/db")->name, "db");
  cr_expect_eq(world.container("abc2")->name, "db");
  cr_expect_null(world.container("abc"));  // of two
  cr_expect_null(world.container("x"));
  cr_expect_null(world.container(""));
  scheduler::Container twin = small::container("web", "c");
  world.putContainer(twin);
  cr_expect_null(world.container("web"));  // a name of two, after a split
  world.eraseContainer(twin.id);
  cr_expect_eq(world.container("web")->id, "abc111");
}

Test(world, counts_follow_changes) {
  World world = small::threeNodes();
  scheduler::Container web = small::container("web", "a", {{"app", "x"}});
  web.reserved.memory = 100;
  web.ports = {{80, labels::Protocol::tcp, ""}};
  cr_expect(world.putContainer(web));
  cr_expect_eq(counted(world, "container.label.app", "x", "a"), 1u);
  cr_expect_eq(world.node("id-a")->reserved.memory, 100u);
  cr_expect_eq(world.node("id-a")->ports.size(), 1u);

  web.node = "id-b";
  web.labels["app"] = "y";
  cr_expect(world.putContainer(web));
  cr_expect_eq(counted(world, "container.label.app", "*", "a"), 0u);
  cr_expect_eq(counted(world, "container.label.app", "y", "b"), 1u);
  cr_expect_eq(world.node("id-a")->reserved.memory, 0u);
  cr_expect_eq(world.node("id-a")->containers, 0u);
  cr_expect(world.node("id-a")->ports.empty());

  world.eraseNode("id-b");
  cr_expect_eq(world.containerCount(), 0u);
  cr_expect_null(world.node("id-b"));
  cr_expect_not(world.putContainer(web));
  // Its slot is used again, and clean.
  world.putNode(small::node("d"));
  cr_expect_eq(world.slots(), 3u);
  cr_expect_eq(counted(world, "container.label.app", "*", "d"), 0u);
}

Test(world, new_facts_of_a_node_take_the_place_of_old_ones) {
  World world = small::threeNodes();
  world.putContainer(small::container("web", "a"));
  world.putNode(small::node("a", {{"zone", "z"}}));
  cr_expect_eq(counted(world, "node.label.zone", "x", "a"), 0u);
  cr_expect_eq(counted(world, "node.zone", "z", "a"), 1u);
  cr_expect_eq(counted(world, "container", "web", "a"), 1u);
}

Test(world, lists_of_a_node_are_replaced) {
  World world = small::threeNodes();
  world.setImages("id-a", {{"sha256:1", {"docker.io/library/nginx:1.25", "nginx:latest"}}});
  cr_expect_eq(counted(world, "image", "nginx", "a"), 1u);
  cr_expect_eq(counted(world, "image", "nginx:latest", "a"), 1u);
  world.setImages("id-a", {});
  cr_expect_eq(counted(world, "image", "*", "a"), 0u);
  world.setVolumes("id-a", {{"data", true}, {"shared", false}});
  cr_expect_eq(counted(world, "volume", "*", "a"), 2u);
  cr_expect_eq(counted(world, "volume.home", "*", "a"), 1u);
  world.setImages("id-none", {{"sha256:1", {}}});
}

// Many random changes leave the same as telling only what is true at the end.
Test(world, any_history_leaves_what_a_fresh_world_has) {
  std::mt19937 random(7);
  auto pick = [&](int below) { return static_cast<int>(random() % static_cast<unsigned>(below)); };
  auto name = [](int i) { return std::string(1, static_cast<char>('a' + i)); };
  World world;
  std::map<std::string, scheduler::Node> nodes;
  std::map<std::string, scheduler::Container> containers;
  for (int step = 0; step < 3'000; step++) {
    std::string node = name(pick(5));
    int what = pick(20);
    if (what == 0) {
      world.eraseNode("id-" + node);
      nodes.erase(node);
      std::erase_if(containers, [&](const auto& each) { return each.second.node == "id-" + node; });
    } else if (what < 4) {
      nodes[node] = small::node(node, {{"zone", name(pick(3))}});
      world.putNode(nodes[node]);
    } else if (what < 8) {
      std::string id = small::container(name(pick(20)), node).id;
      world.eraseContainer(id);
      containers.erase(id);
    } else if (what < 10) {
      std::string id = small::container(name(pick(20)), node).id, other = id + "-again";
      world.renameContainer(id, other);
      if (!containers.contains(id) || containers.contains(other)) continue;
      containers[other] = std::move(containers[id]);
      containers[other].id = other;
      containers.erase(id);
    } else {
      scheduler::Container each = small::container(name(pick(20)), node, {{"app", name(pick(4))}});
      each.ports = {{static_cast<uint16_t>(80 + pick(3)), labels::Protocol::tcp, ""}};
      each.reserved.memory = static_cast<uint64_t>(pick(100));
      if (world.putContainer(each)) containers[each.id] = each;
    }
  }
  World fresh;
  for (const auto& [id, node] : nodes) fresh.putNode(node);
  for (const auto& [id, container] : containers) fresh.putContainer(container);
  cr_assert_eq(world.containerCount(), containers.size());
  for (const auto& [id, node] : fresh.nodes()) {
    const scheduler::NodeInfo& old = *world.node(id);
    cr_expect_eq(old.containers, node->containers);
    cr_expect(old.reserved == node->reserved);
    cr_expect(old.ports == node->ports);
    std::string key = node->facts.name;
    for (const char* field : {"container", "container.label.app", "node.zone", "group", "node"})
      cr_expect_eq(counted(world, field, "*", key), counted(fresh, field, "*", key), "%s", field);
  }
}
