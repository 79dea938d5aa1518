// The io.drover.* labels: what they mean, and what is said of mistakes.

#include "test/scheduler/small_world.h"

#include "labels/keys.h"

#include <string>

using labels::Policy;
using labels::Strategy;
using small::asking;
using small::nodesFor;
using small::problemOf;

Test(drover_labels, simple_ones_are_read) {
  cr_expect_eq(asking({{"io.drover.node", " db-1 "}}).node, "db-1");
  cr_expect(asking({{"io.drover.strategy", "binpack"}}).strategy == Strategy::binpack);
  cr_expect_eq(asking({{"io.drover.spread-by", "zone"}}).spreadBy, "zone");
  cr_expect_eq(asking({{"io.drover.max-per-node", "2"}}).maxPerNode, 2u);
  cr_expect(asking({{"io.drover.bind", "any"}}).bind == labels::Bind::any);
  cr_expect(asking({{"io.drover.global", "true"}}).global);
  cr_expect_not(asking({{"io.drover.global", "false"}}).global);
  cr_expect(asking({{"io.drover.rebalance", "true"}}).rebalance);
  cr_expect(asking({{"io.drover.explain", "true"}}).explain);
  cr_expect(asking({{"io.drover.reschedule", "on-node-failure"}}).reschedule ==
            labels::Reschedule::onNodeFailure);
  cr_expect_eq(asking({{"io.drover.sidekicks", "a, b"}}).sidekicks.size(), 2u);
}

Test(drover_labels, constraints_look_at_the_facts_of_nodes) {
  scheduler::World world = small::threeNodes();
  const std::pair<const char*, const char*> cases[] = {
      {"node == b", "b"},
      {"node == id-b", "b"},
      {"node.name != b", "a c"},
      {"node.id in (id-a, id-c)", "a c"},
      {"node.ip == 10.0.0.*", "a b c"},
      {"node.os == linux", "a b c"},
      {"node.arch == amd64", "a b c"},
      {"node.kernel >= 5.10", "a b c"},
      {"node.kernel > 5.10", ""},
      {"node.engine < 21", "a b c"},
      {"node.storage == overlay2", "a b c"},
      {"node.cpus >= 4, node.memory >= 8g", "a b c"},
      {"node.memory > 8GiB", ""},
      {"node.memory == 8GiB", "a b c"},
      {"node.cpus == 4", "a b c"},
      {"node.distribution == /Debian.*bookworm/", "a b c"},
      {"node.zone == x", "a b"},
      {"node.label.disk == ssd", "c"},
      {"node.label.disk notin (ssd)", "a b"},
      {"node.label.gone != 1", "a b c"},
      {"node.label.gone absent, node.label.disk exists", "a b c"},
      {"node.label.gone == *", ""},
      {"node.label.disk == ssd, node.zone == x", ""},
      {"engine.label.disk == ssd", ""},
  };
  for (const auto& [constraint, expected] : cases) {
    std::string nodes = nodesFor(world, asking({{"io.drover.constraint", constraint}}));
    cr_expect_eq(nodes, expected, "%s: %s", constraint, nodes.c_str());
  }
}

Test(drover_labels, affinities_look_at_what_is_on_nodes) {
  scheduler::World world = small::threeNodes();
  world.putContainer(small::container("db", "a",
                                      {{"com.docker.compose.project", "shop"},
                                       {"com.docker.compose.service", "db"},
                                       {"tier", "back"}},
                                      "postgres:15"));
  world.setImages("id-b", {{"sha256:1", {"nginx:1.25"}}});
  world.setVolumes("id-c", {{"data", true}});
  world.setNetworks("id-c", {{"n1", "front"}});
  const std::pair<const char*, const char*> cases[] = {
      {"container == db", "a"},
      {"container != db", "b c"},
      {"container == d*", "a"},
      {"container == dbffffffffff", "a"},  // the beginning of its id
      {"container.image == postgres", "a"},
      {"container.image == postgres:15", "a"},
      {"container.label.tier == back", "a"},
      {"label.tier absent", "b c"},
      {"project == shop", "a"},
      {"service == shop/db", "a"},
      {"service == db", ""},
      {"image == nginx", "b"},
      {"image == nginx:1.25", "b"},
      {"image != sha256:1", "a c"},
      {"volume == data, network == front", "c"},
      {"network == n1", "c"},
  };
  for (const auto& [affinity, expected] : cases) {
    std::string nodes = nodesFor(world, asking({{"io.drover.affinity", affinity}}));
    cr_expect_eq(nodes, expected, "%s: %s", affinity, nodes.c_str());
  }
  // A service alone is one of the own project.
  Policy web = asking({{"io.drover.affinity", "service == db"},
                       {"com.docker.compose.project", "shop"},
                       {"com.docker.compose.service", "web"}});
  cr_expect_eq(nodesFor(world, web), "a");
}

Test(drover_labels, wishes_order_and_never_rule_out) {
  scheduler::World world = small::threeNodes();
  cr_expect_eq(
      small::best(world, asking({{"io.drover.constraint.soft", "node.label.disk == ssd"}})), "c");
  cr_expect_eq(nodesFor(world, asking({{"io.drover.constraint.soft", "node.os == plan9"}})),
               "a b c");
  // The node where most wishes hold.
  Policy two = asking({{"io.drover.constraint.soft",
                        "node.zone == x, node.label.disk == hdd, node.label.disk == ssd"},
                       {"io.drover.affinity.soft", "container == none"}});
  cr_expect_neq(small::best(world, two), "c");
}

Test(drover_labels, reservations_take_the_place_of_limits) {
  Policy policy =
      asking({{"io.drover.reserve", "cpus=0.5, memory=512m, gpu=2"}},
             R"("HostConfig":{"Memory":1073741824,"NanoCpus":2000000000,"PidsLimit":7})");
  cr_expect_eq(policy.reserve.nanoCpus, 500'000'000u);
  cr_expect_eq(policy.reserve.memory, 536'870'912u);
  cr_expect_eq(policy.reserve.pids, 7u);
  cr_expect_eq(labels::genericOf(policy.reserve, "gpu"), 2u);
}

Test(drover_labels, a_misspelt_key_is_refused_with_the_nearest_one) {
  cr_expect_eq(problemOf("io.drover.constrain", "x"),
               "io.drover.constrain: there is no such label; did you mean io.drover.constraint?");
  cr_expect_eq(problemOf("io.drover.Node", "x"),
               "io.drover.Node: there is no such label; did you mean io.drover.node?");
  cr_expect_eq(problemOf("io.drover.quite-something-else", "x"),
               "io.drover.quite-something-else: there is no such label");
  cr_expect_neq(problemOf("io.drover.slots", "3").find("is a label of nodes"), std::string::npos);
  cr_expect_eq(problemOf("io.droverx", "x"), "");
}

Test(drover_labels, a_value_that_cannot_be_read_is_refused_with_its_place) {
  const struct {
    const char* key;
    const char* value;
    const char* message;
  } cases[] = {
      {"strategy", "spred", "at 1: \"spred\" is not a valid strategy; did you mean spread?"},
      {"strategy", "x", "at 1: \"x\" is not a valid strategy; write spread, binpack or random"},
      {"global", "yes", "at 1: \"yes\" is not a valid boolean; write true or false"},
      {"max-per-node", "0", "at 1: \"0\" is not a number of containers, 1 or more"},
      {"reserve", "memory", "at 1: \"memory\" is not name=amount, as memory=512m"},
      {"reserve", "cpus=1, memry=1g",
       "at 9: \"memry\" is not a valid resource for an amount that is not a whole number; did you "
       "mean memory?"},
      {"reserve", "cpus=many", "at 6: \"many\" is not an amount"},
      {"constraint", "node.os == linux, node.kernal > 5",
       "at 19: \"node.kernal\" is not a valid constraint field; did you mean node.kernel?"},
      // Counted in characters: the umlauts are two bytes each.
      {"constraint", "node.name == \xc3\xa4\xc3\xb6\xc3\xbc, node.oss == a",
       "at 19: \"node.oss\" is not a valid constraint field; did you mean node.os?"},
      {"affinity", "contaner == web",
       "at 1: \"contaner\" is not a valid affinity field; did you mean container?"},
      {"constraint", "node.name == /(/",
       "at 15: \"(\" is not a valid regular expression: missing ): ("},
  };
  for (const auto& each : cases) {
    std::string key = std::string("io.drover.") + each.key;
    std::string message = problemOf(key, each.value);
    cr_expect_eq(message, key + ": " + each.message, "%s", message.c_str());
  }
}

Test(drover_labels, large_values_are_read_and_larger_ones_refused) {
  std::string value = "node in (a";
  while (value.size() < 65'530) value += ",n";
  cr_expect_eq(problemOf("io.drover.constraint", value + ")"), "");
  cr_expect_neq(problemOf("io.drover.node", std::string(70'000, 'x')).find("longer than 64 KiB"),
                std::string::npos);
}

Test(drover_labels, empty_values_ask_for_nothing) {
  for (const char* key : {"constraint", "affinity", "node", "whitelist", "reserve", "sidekicks"}) {
    std::string name = std::string("io.drover.") + key;
    Policy policy = asking({{name, " "}});
    policy.labels.clear();
    cr_expect(policy == small::asking({}), "%s", key);
  }
}
