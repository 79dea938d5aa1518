// Which of the possible nodes: strategies, ties, what is told.

#include "scheduler/place.h"

#include "test/scheduler/small_world.h"

#include <map>
#include <set>
#include <string>

using labels::Policy;
using labels::Strategy;
using scheduler::Placement;
using scheduler::World;
using small::asking;
using small::best;

namespace {

World of(int nodes) {
  World world;
  for (int i = 0; i < nodes; i++) {
    std::string name = "n" + std::to_string(100 + i);
    world.putNode(small::node(name, {{"rack", "r" + std::to_string(i % 3)}}));
  }
  return world;
}

// Places so many one after the other, and says how many each node got.
std::map<std::string, int> fill(World& world, const small::Pairs& given, int count,
                                const std::string& more = "", uint64_t memory = 0) {
  std::map<std::string, int> perNode;
  labels::Policy policy = asking(given, more);
  for (int i = 0; i < count; i++) {
    std::string name = "c" + std::to_string(world.containerCount());
    std::string node = best(world, policy, {.name = name});
    if (node.empty()) break;
    scheduler::Container next = small::container(name, node, given, "nginx");
    next.reserved.memory = memory;
    world.putContainer(next);
    perNode[node]++;
  }
  return perNode;
}

}  // namespace

Test(place, spread_gives_each_node_as_many) {
  World world = of(10);
  std::map<std::string, int> perNode = fill(world, {}, 100);
  cr_expect_eq(perNode.size(), 10u);
  for (const auto& [node, count] : perNode) cr_expect_eq(count, 10, "%s", node.c_str());
}

Test(place, spread_looks_at_reservations_then_load_then_count) {
  World world = of(2);
  // Two small ones weigh less than a large one.
  scheduler::Container large = small::container("large", "n100"),
                       small1 = small::container("s1", "n101"),
                       small2 = small::container("s2", "n101");
  large.reserved.memory = uint64_t{4} << 30;
  small1.reserved.memory = small2.reserved.memory = uint64_t{1} << 30;
  world.putContainer(large);
  world.putContainer(small1);
  world.putContainer(small2);
  cr_expect_eq(best(world, asking({})), "n101");
  cr_expect_eq(best(world, asking({{"io.drover.strategy", "binpack"}})), "n100");

  World loaded = of(2);
  scheduler::Node busy = small::node("n100");
  busy.load = 0.9;
  loaded.putNode(busy);
  loaded.putContainer(small::container("one", "n101"));
  cr_expect_eq(best(loaded, asking({})), "n101");
  // A little load is noise.
  busy.load = 0.05;
  loaded.putNode(busy);
  cr_expect_eq(best(loaded, asking({})), "n100");
}

Test(place, binpack_fills_a_node_before_the_next) {
  World world = of(3);
  const std::string half = R"("HostConfig":{"Memory":4294967296})";
  std::map<std::string, int> perNode =
      fill(world, {{"io.drover.strategy", "binpack"}}, 4, half, uint64_t{4} << 30);
  cr_expect_eq(perNode.size(), 2u);
  for (const auto& [node, count] : perNode) cr_expect_eq(count, 2, "%s", node.c_str());
}

Test(place, random_is_any_node_by_the_seed) {
  World world = of(10);
  labels::Policy policy = asking({{"io.drover.strategy", "random"}});
  std::set<std::string> chosen;
  for (uint64_t seed = 0; seed < 60; seed++) {
    std::string node = best(world, policy, {.seed = seed});
    cr_expect_eq(node, best(world, policy, {.seed = seed}));
    chosen.insert(node);
  }
  cr_expect_gt(chosen.size(), 7u);
}

Test(place, domains_of_failure_come_first) {
  World world = of(6);  // two nodes in each of three racks
  small::Pairs given = {{"io.drover.spread-by", "rack"},
                        {"com.docker.compose.project", "p"},
                        {"com.docker.compose.service", "web"}};
  // Two racks are crowded with others.
  for (int i = 0; i < 12; i++) {
    std::string node = i % 2 ? "n100" : "n101";
    world.putContainer(small::container("other" + std::to_string(i), node));
  }
  std::map<std::string, int> perRack;
  for (const auto& [node, count] : fill(world, given, 9))
    perRack[world.node("id-" + node)->facts.labels.at("rack")] += count;
  for (const char* rack : {"r0", "r1", "r2"}) cr_expect_eq(perRack[rack], 3, "%s", rack);
}

Test(place, equal_nodes_are_told_apart_by_image_then_by_hash) {
  World world = of(10);
  world.setImages("id-n107", {{"sha256:1", {"nginx:latest"}}});
  cr_expect_eq(best(world, asking({})), "n107");
  world.setImages("id-n107", {});
  std::set<std::string> chosen;
  for (int i = 0; i < 40; i++)
    chosen.insert(best(world, asking({}), {.name = "c" + std::to_string(i)}));
  cr_expect_gt(chosen.size(), 5u);
}

Test(place, containers_of_a_service_part_where_nodes_are_equal) {
  World world = of(2);
  small::Pairs web = {{"com.docker.compose.project", "p"}, {"com.docker.compose.service", "web"}};
  world.putContainer(small::container("web1", "n100", web, "nginx"));
  world.putContainer(small::container("other", "n101"));
  world.setImages("id-n100", {{"sha256:1", {"nginx:latest"}}});
  cr_expect_eq(best(world, asking(web)), "n101");
}

Test(place, candidates_come_in_order_with_reasons) {
  World world = of(20);
  Placement placement = scheduler::place(asking({}), world, {});
  cr_assert_eq(placement.candidates.size(), 8u);
  for (size_t i = 1; i < placement.candidates.size(); i++)
    cr_expect(placement.candidates[i - 1].score <= placement.candidates[i].score);
  cr_expect(placement.rejected.empty());
  cr_expect_eq(placement.why, "");
  cr_expect_eq(placement.candidates[0].reason,
               "spread: 0.0 % reserved with it, load 0 %, 0 containers, lacks the image");
  cr_expect_eq(scheduler::place(asking({}), world, {.maxCandidates = 0}).candidates.size(), 20u);
}

Test(place, where_nothing_fits_each_node_has_a_line) {
  World world = small::threeNodes();
  scheduler::Node drained = small::node("b");
  drained.availability = scheduler::Availability::drain;
  world.putNode(drained);
  Placement placement =
      scheduler::place(asking({{"io.drover.constraint", "node.zone == z"}}), world, {});
  cr_expect(placement.candidates.empty());
  cr_expect_eq(placement.rejected.size(), 3u);
  cr_expect_eq(placement.why,
               "no node can run this container (availability: 1, constraint: 2 of 3 nodes)\n"
               "a: constraint: node.zone == z does not hold: it is \"x\"\n"
               "b: availability: is drained; docker node update --availability active b\n"
               "c: constraint: node.zone == z does not hold: it is \"y\"",
               "%s", placement.why.c_str());
  cr_expect_eq(scheduler::place(asking({}), World(), {}).why,
               "no node can run this container: the cluster has no nodes");
}

Test(place, a_label_cannot_break_the_lines) {
  World world;
  world.putNode(small::node("a", {{"zone", "x\ny: health: fine"}}));
  std::string why =
      scheduler::place(asking({{"io.drover.constraint", "node.zone == z"}}), world, {}).why;
  cr_expect_eq(std::count(why.begin(), why.end(), '\n'), 1);
}

Test(place, contradictions_fit_nowhere_and_say_so) {
  World world = small::threeNodes();
  labels::Policy policy = asking({{"io.drover.constraint", "node.zone == x, node.zone != x"}});
  cr_expect_eq(small::nodesFor(world, policy), "");
}

Test(place, what_every_engine_would_refuse_is_left_to_one) {
  World world = small::threeNodes();
  for (const char* name : {"a", "b", "c"}) {
    scheduler::Node node = small::node(name, {{"disk", name[0] == 'c' ? "ssd" : "hdd"}});
    node.plugins["Log"] = {name[0] == 'c' ? "gelf" : "local"};
    world.putNode(node);
  }
  // What is asked for besides a label, and the nodes whose engines are left to refuse it.
  struct Case {
    const char* disk;
    const char* more;
    const char* nodes;
  };
  const Case cases[] = {
      {"", R"("HostConfig":{"VolumesFrom":["nope"]})", "a b c"},
      {"", R"("HostConfig":{"LogConfig":{"Type":"nope"}})", "a b c"},
      {"", R"("HostConfig":{"NanoCpus":5000000000})", "a b c"},
      {"hdd", R"("HostConfig":{"NanoCpus":5000000000})", "a b"},
      {"none", R"("HostConfig":{"NanoCpus":5000000000})", ""},
      // Where a node could, another one's reason counts.
      {"hdd", R"("HostConfig":{"LogConfig":{"Type":"gelf"}})", ""},
      {"", R"("HostConfig":{"CpuQuota":500000})", ""},
      {"", R"("HostConfig":{"Memory":99000000000})", ""},
      {"", R"("HostConfig":{"Memory":99000000000,"VolumesFrom":["nope"]})", ""},
  };
  for (const Case& each : cases) {
    small::Pairs labels;
    if (*each.disk)
      labels = {{"io.drover.constraint", std::string("node.label.disk==") + each.disk}};
    labels::Policy policy = asking(labels, each.more);
    Placement placement = scheduler::place(policy, world, {});
    cr_expect(placement.candidates.empty(), "%s", each.more);
    std::string nodes =
        placement.isForEngine ? small::nodesFor(world, policy, {.leaveToEngine = true}) : "";
    cr_expect_eq(nodes, each.nodes, "%s: %s", each.more, nodes.c_str());
  }

  labels::Policy foreign = small::asking({});
  foreign.platform = "linux/arm64";
  cr_expect(scheduler::place(foreign, world, {}).isForEngine);
  scheduler::Node other = small::node("b");
  other.architecture = "aarch64";
  other.availability = scheduler::Availability::drain;
  world.putNode(other);
  cr_expect(scheduler::place(foreign, world, {}).isForEngine, "one that takes none does not count");
  other.availability = scheduler::Availability::active;
  other.trouble = "is down";
  world.putNode(other);
  cr_expect(scheduler::place(foreign, world, {}).isForEngine);
  other.trouble.clear();
  world.putNode(other);
  cr_expect_eq(best(world, foreign), "b");
}
