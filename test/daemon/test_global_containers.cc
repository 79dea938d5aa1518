// Global containers: what each node does on its own engine as originals come, change and go.

#include "orchestrator/global_containers.h"

#include <criterion/criterion.h>

#include <string>
#include <vector>

#include "test/cluster_checks.h"
#include "test/living_containers.h"

using namespace test;

namespace {

const std::string everywhere =
    create("app", R"("Env":["A=b"],"Labels":{"io.drover.global":"true"},"HostConfig":{})");

// Two nodes; the original is on the first.
struct World {
  Hosts hosts{2};
  LivingContainers one{hosts.one().engine};
  LivingContainers two{hosts.two().engine};

  void until(const std::function<bool()>& holds) { hosts.stage.until(holds); }
  // Has an original called web, and its copy.
  void begin() {
    one.run("web", everywhere);
    until([this] { return two.runs("web.host-2"); });
    hosts.settle();
  }
};

}  // namespace

Test(global_containers, a_copy_is_made_of_the_originals_spec_and_started) {
  World world;
  world.begin();
  const std::string& asked = world.two.named("web.host-2")->asked;
  cr_expect(holds(asked, R"("Env":["A=b"])"), "%s", asked.c_str());
  cr_expect(holds(asked, "\"io.drover.global.of\":\"" + world.one.named("web")->id + "\""), "%s",
            asked.c_str());
  cr_expect_eq(world.two.all.size(), 1);
  cr_expect_eq(world.one.all.size(), 1, "the original is the first node's");
}

Test(global_containers, a_node_that_may_not_have_one_makes_none) {
  Hosts hosts(3);
  LivingContainers one(hosts.one().engine), two(hosts.two().engine), three(hosts.three().engine);
  one.run("web", create("app", R"("Labels":{"io.drover.global":"true",)"
                               R"("io.drover.constraint":"node != host-2"},"HostConfig":{})"));
  hosts.stage.until([&] { return three.runs("web.host-3"); });
  hosts.settle();
  cr_expect(two.all.empty());
  cr_expect_eq(hosts.two().engine.count("POST /containers/create"), 0);
}

Test(global_containers, a_copy_that_was_removed_by_hand_is_made_anew) {
  World world;
  world.begin();
  std::string first = world.two.named("web.host-2")->id;
  world.two.remove("web.host-2");
  world.until([&] { return world.two.runs("web.host-2"); });
  cr_expect_neq(world.two.named("web.host-2")->id, first);
}

Test(global_containers, a_copy_is_renamed_with_its_original) {
  World world;
  world.begin();
  std::string id = world.two.named("web.host-2")->id;
  world.one.rename("web", "site");
  world.until([&] { return world.two.named("site.host-2") != nullptr; });
  cr_expect_eq(world.two.named("site.host-2")->id, id);
}

Test(global_containers, a_call_that_is_under_way_when_droverd_ends_harms_nothing) {
  World world;
  world.begin();
  world.one.rename("web", "site");
  // Its engine has done it, and droverd has not read the answer.
  world.until([&] { return world.two.named("site.host-2") != nullptr; });
  world.hosts.two().kill();
  cr_expect_not(world.hosts.two().droverd.has_value());
}

Test(global_containers, a_copy_goes_once_the_originals_node_says_that_it_is_gone) {
  World world;
  world.begin();
  std::string id = world.one.named("web")->id;
  world.one.remove("web");
  world.until([&] { return world.two.all.empty(); });
  cr_expect_geq(world.hosts.one().engine.count("GET /containers/" + id + "/json"), 1);
}

Test(global_containers, when_the_originals_node_is_removed_a_copy_succeeds_it) {
  World world;
  world.begin();
  std::string original = world.one.named("web")->id;
  std::string copy = world.two.named("web.host-2")->id;
  cluster::NodeId gone = world.hosts.one().agent().self();
  world.hosts.one().kill();
  world.hosts.sees(world.hosts.two(), "host-1", cluster::Status::failed);
  world.hosts.two().agent().removeNode(gone, true);
  world.until([&] { return world.two.runs("web") && !world.two.named("web.host-2"); });
  cr_expect_eq(world.two.all.size(), 1);
  const LivingContainers::One& next = *world.two.named("web");
  cr_expect_neq(next.id, copy);
  cr_expect(holds(next.asked, "\"io.drover.global.of\":\"" + original + "\""), "%s",
            next.asked.c_str());
  cr_expect_not(holds(next.asked, "io.drover.global.from"), "%s", next.asked.c_str());
}

Test(global_containers, what_an_engine_refuses_is_tried_again_after_a_pause_that_doubles) {
  World world;
  std::vector<base::Time> tries;
  world.two.before = [&](const std::string& asked) {
    if (!asked.starts_with("POST /containers/create")) return std::string();
    tries.push_back(world.hosts.stage.loop.now());
    bool refuses = tries.size() <= 2;
    return refuses ? answerOf("{\"message\":\"disk is full\"}\n", "500 Internal Server Error")
                   : std::string();
  };
  world.begin();
  cr_assert_eq(tries.size(), 3);
  cr_expect(tries[1] - tries[0] >= milliseconds(1'000));
  cr_expect(tries[2] - tries[1] >= milliseconds(2'000));
  std::string log = world.hosts.two().logged();
  size_t told = log.find("cannot update this node");
  cr_assert_neq(told, std::string::npos, "%s", log.c_str());
  cr_expect_eq(log.find("cannot update this node", told + 1), std::string::npos, "once");
}
