// Classic Swarm's expressions. The tests follow the list of its own integration suite: affinities,
// constraints, dependencies, ports, slots, resources, whitelists.

#include "test/scheduler/small_world.h"

#include <string>

using labels::Policy;
using small::asking;
using small::best;
using small::nodesFor;
using small::withEnv;

namespace {

std::string envProblem(const std::string& entry) {
  labels::Decoded decoded = labels::decode("{\"Env\":[" + small::quoted(entry) + "]}");
  return decoded.problem ? decoded.problem->message() : "";
}

Policy withHost(const std::string& hostConfig) {
  return asking({}, "\"HostConfig\":" + hostConfig);
}

}  // namespace

Test(swarm_labels, constraints_know_nodes_facts_and_labels) {
  scheduler::World world = small::threeNodes();
  const std::pair<const char*, const char*> cases[] = {
      {"constraint:node==b", "b"},
      {"constraint:node!=b", "a c"},
      {"constraint:node==id-b", "b"},
      {"constraint:NODE==b", "b"},
      {"constraint:node==/^[ab]$/", "a b"},
      {"constraint:zone==y", "c"},
      {"constraint:zone!=y", "a b"},
      {"constraint:zone==/(?i)X/", "a b"},
      {"constraint:disk==s*", "c"},
      {"constraint:gone!=1", "a b c"},
      {"constraint:gone==1", ""},
      {"constraint:gone==~1", "a b c"},
      {"constraint:storagedriver==overlay2", "a b c"},
      {"constraint:kernelversion==5.10*", "a b c"},
      {"constraint:operatingsystem==Debian*", "a b c"},
      {"constraint:ostype==linux", "a b c"},
      {"constraint:ostype==windows", ""},
  };
  for (const auto& [entry, expected] : cases) {
    std::string nodes = nodesFor(world, withEnv(entry));
    cr_expect_eq(nodes, expected, "%s: %s", entry, nodes.c_str());
  }
  cr_expect_eq(best(world, withEnv("constraint:disk==~ssd")), "c");
}

Test(swarm_labels, labels_of_the_engine_count_and_those_of_the_node_win) {
  scheduler::World world;
  scheduler::Node one = small::node("a"), two = small::node("b", {{"zone", "y"}});
  one.engineLabels = two.engineLabels = {{"zone", "x"}};
  world.putNode(one);
  world.putNode(two);
  cr_expect_eq(nodesFor(world, withEnv("constraint:zone==x")), "a");
  cr_expect_eq(nodesFor(world, withEnv("constraint:zone==y")), "b");
}

Test(swarm_labels, affinities_know_containers_images_and_labels) {
  scheduler::World world = small::threeNodes();
  world.putContainer(small::container("c1", "a", {{"com.example.type", "frontend"}}));
  world.setImages("id-b", {{"sha256:abc", {"busybox:latest"}}});
  const std::pair<const char*, const char*> cases[] = {
      {"affinity:container==c1", "a"},
      {"affinity:container!=c1", "b c"},
      {"affinity:container==c*", "a"},
      {"affinity:container==/c[0-9]/", "a"},
      {"affinity:container==none", ""},
      {"affinity:container==~none", "a b c"},
      {"affinity:container==c1ffffffffff", "a"},
      {"affinity:image==busybox", "b"},
      {"affinity:image==busybox:latest", "b"},
      {"affinity:image!=busybox", "a c"},
      {"affinity:image==sha256:abc", "b"},
      {"affinity:com.example.type==frontend", "a"},
      {"affinity:com.example.type!=frontend", "b c"},
      {"affinity:com.example.type!=back*", "a b c"},
  };
  for (const auto& [entry, expected] : cases) {
    std::string nodes = nodesFor(world, withEnv(entry));
    cr_expect_eq(nodes, expected, "%s: %s", entry, nodes.c_str());
  }
}

Test(swarm_labels, of_three_that_avoid_each_other_two_fit_on_two_nodes) {
  scheduler::World world;
  world.putNode(small::node("a"));
  world.putNode(small::node("b"));
  Policy policy = withEnv("affinity:container!=c*");
  for (int i = 0; i < 2; i++) {
    std::string node = best(world, policy);
    cr_assert_neq(node, "");
    world.putContainer(small::container("c" + std::to_string(i), node));
  }
  cr_expect_eq(best(world, policy), "");
}

Test(swarm_labels, json_lists_in_labels_say_the_same) {
  scheduler::World world = small::threeNodes();
  world.putContainer(small::container("web", "a"));
  cr_expect_eq(
      nodesFor(world, asking({{"com.docker.swarm.constraints", R"(["zone==x","node!=b"])"}})), "a");
  cr_expect_eq(nodesFor(world, asking({{"com.docker.swarm.affinities", R"(["container!=web"])"}})),
               "b c");
  cr_expect_eq(nodesFor(world, asking({{"com.docker.swarm.whitelists", R"(["node==a|c"])"}})),
               "a c");
  cr_expect(
      asking({{"com.docker.swarm.reschedule-policies", R"(["on-node-failure"])"}}).reschedule ==
      labels::Reschedule::onNodeFailure);
  cr_expect_eq(nodesFor(world, asking({{"com.docker.swarm.constraints", "[]"}})), "a b c");
  cr_expect_neq(small::problemOf("com.docker.swarm.constraints", "[1]"), "");
  cr_expect_eq(
      small::problemOf("com.docker.swarm.constraints", R"(["node==a", "node=b"])"),
      "com.docker.swarm.constraints: at 18: \"=\" is not a valid operator; did you mean ==?");
}

// Classic Swarm said nothing either, and did not refuse.
Test(swarm_labels, a_label_that_is_no_json_has_no_effect_but_a_warning) {
  for (const char* value : {R"(["container\!=web"])", "node==a", R"(["node==a"] x)", "["}) {
    labels::Decoded decoded = labels::decode(R"({"Labels":{"com.docker.swarm.affinities":)" +
                                             small::quoted(value) + "}}");
    cr_expect_not(decoded.problem);
    cr_expect(decoded.policy.affinities.empty());
    cr_expect_eq(decoded.warnings.size(), 1u, "%s", value);
  }
}

Test(swarm_labels, what_could_match_nothing_is_refused) {
  for (const char* entry :
       {"affinity:container!=\"*reg*\"", "constraint:disk=='ssd'", "constraint:\"disk==ssd\"",
        "affinity:container_label:==x", "affinity:a:b!=c"})
    cr_expect_neq(envProblem(entry), "", "%s", entry);
}

Test(swarm_labels, ranchers_word_for_labels_of_containers_is_known) {
  scheduler::World world = small::threeNodes();
  world.putContainer(small::container("c1", "a", {{"app", "web"}}));
  cr_expect_eq(nodesFor(world, withEnv("affinity:container_label:app!=web")), "b c");
  cr_expect_eq(nodesFor(world, withEnv("affinity:container_label:app==web")), "a");
}

Test(swarm_labels, a_whitelist_names_nodes) {
  scheduler::World world = small::threeNodes();
  cr_expect_eq(nodesFor(world, withEnv("whitelist:node==a|c")), "a c");
  cr_expect_eq(nodesFor(world, withEnv("whitelist:node==none")), "");
  cr_expect_neq(envProblem("whitelist:zone==a"), "");
  cr_expect_neq(envProblem("whitelist:node!=a"), "");
}

Test(swarm_labels, expressions_are_taken_out_of_the_environment) {
  labels::Decoded decoded = labels::decode(
      R"({"Env":["A=1","constraint:zone==x",7,"affinity:container!=c","B=affinity:x",)"
      R"("reschedule:on-node-failure","whitelist:node==a","constraints:node==b"]})");
  cr_assert_not(decoded.problem);
  cr_expect(decoded.envTaken == std::vector<size_t>({1, 3, 5, 6}));
  cr_expect(decoded.policy.reschedule == labels::Reschedule::onNodeFailure);
}

Test(swarm_labels, mistakes_are_told_with_their_place) {
  const std::pair<const char*, const char*> cases[] = {
      {"constraint:node=a", "constraint: at 5: \"=\" is not a valid operator; did you mean ==?"},
      {"constraint:node", "constraint: at 5: == or != is missing"},
      {"constraint:==a", "constraint: at 1: a key is missing"},
      {"constraint:node==", "constraint: at 7: a value is missing"},
      {"constraint:node==~", "constraint: at 8: a value is missing"},
      {"affinity:container==/(/",
       "affinity: at 12: \"(\" is not a valid regular expression: missing ): ("},
      {"reschedule:on-node-failre",
       "reschedule: at 1: \"on-node-failre\" is not a valid reschedule policy; did you mean "
       "on-node-failure?"},
  };
  for (const auto& [entry, message] : cases)
    cr_expect_eq(envProblem(entry), message, "%s: %s", entry, envProblem(entry).c_str());
}

Test(swarm_labels, what_containers_share_brings_them_together) {
  scheduler::World world = small::threeNodes();
  world.putContainer(small::container("db", "b"));
  for (const char* host : {R"({"VolumesFrom":["db:ro"]})", R"({"Links":["/db:database"]})",
                           R"({"NetworkMode":"container:db"})", R"({"IpcMode":"container:db"})",
                           R"({"PidMode":"container:db"})"})
    cr_expect_eq(nodesFor(world, withHost(host)), "b", "%s", host);
  scheduler::Placement none = scheduler::place(withHost(R"({"Links":["gone"]})"), world, {});
  cr_expect(none.candidates.empty());
  cr_expect_eq(none.missing, "gone");
}

Test(swarm_labels, two_nodes_take_a_port_once_each) {
  const std::string published = R"("HostConfig":{"PortBindings":{"80/tcp":[{"HostPort":"8080"}]}})";
  const std::string host = R"("ExposedPorts":{"8080/tcp":{}},"HostConfig":{"NetworkMode":"host"})";
  for (const std::string& more : {published, host}) {
    scheduler::World here;
    here.putNode(small::node("a"));
    here.putNode(small::node("b"));
    Policy policy = asking({}, more);
    for (int i = 0; i < 2; i++) {
      scheduler::Container next = small::container("c" + std::to_string(i), best(here, policy));
      next.ports = {{8'080, labels::Protocol::tcp, ""}};
      cr_assert(here.putContainer(next));
    }
    scheduler::Placement third = scheduler::place(policy, here, {});
    cr_expect(third.candidates.empty());
    cr_expect_neq(third.why.find("port 8080/tcp is taken by container \"c"), std::string::npos);
  }
}

Test(swarm_labels, slots_limit_containers) {
  scheduler::World world;
  scheduler::Node limited = small::node("a"), free = small::node("b"), odd = small::node("c");
  limited.engineLabels = {{"containerslots", "1"}};
  odd.engineLabels = {{"containerslots", "many"}};  // is no limit
  for (const scheduler::Node& each : {limited, free, odd}) world.putNode(each);
  cr_expect_eq(nodesFor(world, asking({})), "a b c");
  for (const char* name : {"a", "b", "c"})
    world.putContainer(small::container("on" + std::string(name), name));
  cr_expect_eq(nodesFor(world, asking({})), "b c");
}

Test(swarm_labels, what_no_node_has_is_refused) {
  scheduler::World world = small::threeNodes();
  cr_expect_eq(nodesFor(world, withHost(R"({"Memory":1099511627776})")), "");
  cr_expect_eq(nodesFor(world, withHost(R"({"NanoCpus":100000000000})")), "");
  cr_expect_eq(nodesFor(world, withHost(R"({"Memory":1073741824,"NanoCpus":1000000000})")),
               "a b c");
}
