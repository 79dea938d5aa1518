// Moves on demand: what is moved, what never is, and what comes of a move that fails.

#include "orchestrator/rebalancing.h"

#include <criterion/criterion.h>

#include <set>
#include <string>

#include "test/cluster_checks.h"
#include "test/living_containers.h"

using namespace test;

namespace {

// Two nodes; what runs is on the first. All are healthy as soon as they run.
struct World {
  Hosts hosts{2};
  LivingContainers one{hosts.one().engine};
  LivingContainers two{hosts.two().engine};

  void run(const std::string& name, const std::string& more = "") {
    std::string id = one.run(name, create("app", more.empty() ? R"("HostConfig":{})" : more)).id;
    hosts.stage.until([&] {
      Host& second = hosts.two();
      const cluster::NodeId& owner = hosts.one().agent().self();
      return second.agent().state().find(owner, "spec/" + id) &&
             second.droverd->index.find(id).entry;
    });
  }
  // The answer's list of these, by name.
  std::set<std::string> namesIn(const std::string& answer, const char* list) {
    std::set<std::string> names;
    rapidjson::Document json = base::parseJson(answer);
    const rapidjson::Value* entries = base::member(json, list);
    cr_assert(entries && entries->IsArray(), "%s", answer.c_str());
    for (const rapidjson::Value& each : entries->GetArray())
      names.emplace(base::text(each, "Name"));
    return names;
  }
  std::string rebalance(Host& host) {
    base::HttpReply reply = host.ask("POST", "/drover/rebalance");
    cr_assert_eq(reply.status, 200, "%s", reply.body.c_str());
    return reply.body;
  }
};

std::string labelled(const std::string& key, const std::string& value) {
  return "\"Labels\":{\"" + key + "\":\"" + value + "\"},\"HostConfig\":{}";
}

}  // namespace

Test(rebalancing, moves_half_to_the_empty_node_and_keeps_their_names) {
  World world;
  std::set<std::string> names = {"a", "b", "c", "d"};
  for (const std::string& each : names) world.run(each);
  std::string told = world.rebalance(world.hosts.two());
  cr_expect_eq(world.namesIn(told, "Moved").size(), 2, "%s", told.c_str());
  cr_expect(world.namesIn(told, "Failed").empty(), "%s", told.c_str());
  cr_expect_eq(world.one.all.size(), 2);
  cr_expect_eq(world.two.all.size(), 2);
  std::set<std::string> found;
  for (LivingContainers* each : {&world.one, &world.two}) {
    for (const LivingContainers::One& container : each->all) found.insert(container.name);
  }
  cr_expect_eq(found, names);
}

Test(rebalancing, an_even_load_is_left_as_it_is_whoever_is_asked) {
  World world;
  world.run("a");
  for (Host* each : {&world.hosts.one(), &world.hosts.two()})
    cr_expect_eq(world.rebalance(*each), R"({"Moved":[],"Failed":[]})");
}

Test(rebalancing, what_would_lose_something_stays) {
  World world;
  world.run("removed-at-end", R"("HostConfig":{"AutoRemove":true})");
  world.run("terminal", R"("OpenStdin":true,"HostConfig":{})");
  world.run("one-off", labelled("com.docker.compose.oneoff", "True"));
  world.run("pinned", labelled("io.drover.node", "host-1"));
  world.run("unwilling", labelled("io.drover.rebalance", "false"));
  world.run("bound", R"("HostConfig":{"Binds":["/srv:/srv"]})");
  world.run("volume", R"("HostConfig":{"Binds":["data:/srv"]})");
  world.run("used");
  world.run("user", R"("HostConfig":{"NetworkMode":"container:used"})");
  cr_expect_eq(world.rebalance(world.hosts.one()), R"({"Moved":[],"Failed":[]})");
  cr_expect_eq(world.one.all.size(), 9);
  cr_expect(world.two.all.empty());
}

Test(rebalancing, nothing_of_a_service_moves_while_one_of_it_is_not_well) {
  World world;
  for (const char* number : {"1", "2", "3", "4"}) {
    world.run(std::string("web") + number,
              std::string(R"("Labels":{"com.docker.compose.project":"p",)"
                          R"("com.docker.compose.service":"web",)"
                          R"("com.docker.compose.container-number":")") +
                  number + "\"},\"HostConfig\":{}");
  }
  std::string sick = world.one.named("web3")->id;
  world.one.before = [&](const std::string& asked) {
    if (asked != "GET /containers/" + sick + "/json") return std::string();
    return answerOf("{\"Id\":\"" + sick + R"(","Name":"/web3","Config":{},"HostConfig":{},)" +
                    R"("State":{"Running":true,"Health":{"Status":"unhealthy"}}})");
  };
  cr_expect_eq(world.rebalance(world.hosts.one()), R"({"Moved":[],"Failed":[]})");
  cr_expect_eq(world.one.all.size(), 4);
  world.one.before = nullptr;
  std::string told = world.rebalance(world.hosts.one());
  cr_expect_eq(world.namesIn(told, "Moved").size(), 2, "%s", told.c_str());
}

Test(rebalancing, a_move_that_fails_is_told_and_put_off_and_another_one_is_tried) {
  World world;
  for (const char* each : {"a", "b", "c", "d"}) world.run(each);
  world.two.before = [](const std::string& asked) {
    if (!asked.starts_with("POST /containers/create")) return std::string();
    return answerOf("{\"message\":\"disk is full\"}\n", "500 Internal Server Error");
  };
  std::string told = world.rebalance(world.hosts.one());
  cr_expect(world.namesIn(told, "Moved").empty(), "%s", told.c_str());
  cr_expect(holds(told, "disk is full"), "%s", told.c_str());
  std::set<std::string> all = {"a", "b", "c", "d"};
  cr_expect_eq(world.namesIn(told, "Failed"), all, "%s", told.c_str());
  cr_expect_eq(world.hosts.two().engine.count("POST /containers/create"), 4, "each once");
  cr_expect_eq(world.one.all.size(), 4);
  // Who asks again means now.
  world.two.before = nullptr;
  told = world.rebalance(world.hosts.one());
  cr_expect_eq(world.namesIn(told, "Moved").size(), 2, "%s", told.c_str());
}
