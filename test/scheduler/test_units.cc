// Containers as Compose names them, and those that are meant.

#include "scheduler/units.h"

#include "test/scheduler/small_world.h"

using labels::Policy;
using small::container;
using small::Pairs;

namespace {

Pairs compose(const std::string& service, const std::string& number, Pairs more = {}) {
  more.emplace_back("com.docker.compose.project", "app");
  more.emplace_back("com.docker.compose.service", service);
  more.emplace_back("com.docker.compose.container-number", number);
  return more;
}

labels::Policy asking(const Pairs& labels, const std::string& volumesFrom) {
  labels::Policy policy = small::asking(labels);
  policy.containers = {volumesFrom};
  return policy;
}

const std::pair<std::string, std::string> hasData{"io.rancher.sidekicks", "data, log"};

}  // namespace

Test(units, a_service_gets_its_own_sidekick_for_the_first_one) {
  scheduler::World world = small::threeNodes();
  world.putContainer(container("data1", "a", compose("data", "1")));
  world.putContainer(container("data2", "b", compose("data", "2")));
  auto own = scheduler::ownOfUnit(asking(compose("web", "2", {hasData}), "data1"), world);
  cr_assert_eq(own.size(), 1u);
  cr_expect_eq(own["data1"], container("data2", "b").id);
  // The first one has the first, a third one nothing of its own, a stranger what it names.
  cr_expect(scheduler::ownOfUnit(asking(compose("web", "1", {hasData}), "data1"), world).empty());
  cr_expect(scheduler::ownOfUnit(asking(compose("web", "3", {hasData}), "data1"), world).empty());
  cr_expect(scheduler::ownOfUnit(asking(compose("web", "2"), "data1"), world).empty());
}

Test(units, a_sidekick_gets_its_own_service_and_its_fellow) {
  scheduler::World world = small::threeNodes();
  world.putContainer(container("web1", "a", compose("web", "1", {hasData})));
  world.putContainer(container("web2", "b", compose("web", "2", {hasData})));
  world.putContainer(container("data1", "a", compose("data", "1")));
  world.putContainer(container("data2", "b", compose("data", "2")));
  auto own = scheduler::ownOfUnit(asking(compose("log", "2"), "web1"), world);
  cr_expect_eq(own["web1"], container("web2", "b").id);
  own = scheduler::ownOfUnit(asking(compose("log", "2"), "data1"), world);
  cr_expect_eq(own["data1"], container("data2", "b").id);
}

Test(units, what_compose_set_aside_is_replaced) {
  scheduler::World world = small::threeNodes();
  scheduler::Container old = container("web", "a", compose("web", "2"));
  old.id = std::string(64, 'a');
  old.name = "aaaaaaaaaaaa_app_web_2";
  old.running = false;
  world.putContainer(old);
  labels::Policy policy = small::asking(compose("web", "2"));
  cr_expect_eq(scheduler::predecessor(policy, "app_web_2", world), old.id);
  cr_expect_eq(scheduler::predecessor(policy, "app_web_3", world), "");
  cr_expect_eq(scheduler::predecessor(policy, "", world), "");
  cr_expect_eq(scheduler::predecessor(small::asking(compose("web", "1")), "app_web_2", world), "");
  old.running = true;
  world.putContainer(old);
  cr_expect_eq(scheduler::predecessor(policy, "app_web_2", world), "");
}

Test(units, what_is_replaced_does_not_stand_in_the_way) {
  scheduler::World world;
  world.putNode(small::node("a"));
  scheduler::Container old = container("web", "a", compose("web", "1"));
  old.id = std::string(64, 'a');
  old.name = "aaaaaaaaaaaa_app_web_1";
  old.running = false;
  old.reserved.memory = uint64_t{5} << 30;
  world.putContainer(old);
  Pairs apart = {{"io.rancher.scheduler.affinity:container_label_ne",
                  "io.rancher.stack_service.name=app/web"}};
  labels::Policy policy = small::asking(compose("web", "1", apart));
  policy.reserve.memory = uint64_t{5} << 30;
  cr_expect_eq(small::nodesFor(world, policy), "");
  policy.replaces = scheduler::predecessor(policy, "app_web_1", world);
  cr_expect_eq(small::nodesFor(world, policy), "a");
}
