// Each filter: whom it removes, and what it says.

#include "scheduler/filters.h"

#include "test/scheduler/small_world.h"

#include <set>
#include <string>

using labels::Policy;
using scheduler::World;
using small::asking;

namespace {

// The filter and the message for a node, or nothing if it passes.
std::string verdict(const World& world, const labels::Policy& policy, const std::string& node,
                    scheduler::Options options = {}) {
  options.explain = true;
  for (const scheduler::Rejection& each : scheduler::place(policy, world, options).rejected) {
    if (each.name == node) return std::string(each.filter) + ": " + each.message;
  }
  return "";
}

World with(scheduler::Node node) {
  World world;
  world.putNode(std::move(node));
  return world;
}

}  // namespace

Test(filters, each_says_what_to_change) {
  scheduler::Node drained = small::node("a"), broken = small::node("a");
  drained.availability = scheduler::Availability::drain;
  broken.trouble = "its engine does not answer";
  scheduler::Node arm = small::node("a");
  arm.architecture = "aarch64";
  scheduler::Node plugged = small::node("a");
  plugged.plugins["Volume"] = {"local"};
  scheduler::Node slots = small::node("a", {{"io.drover.slots", "0"}});
  scheduler::Node wants = small::node("a", {{"io.drover.require-any", "gpu,role=batch"}});
  const struct {
    World world;
    labels::Policy policy;
    const char* verdict;
  } cases[] = {
      {with(drained), asking({}),
       "availability: is drained; docker node update --availability active a"},
      {with(broken), asking({}), "health: its engine does not answer"},
      {with(small::node("a")), asking({{"io.drover.node", "b"}}),
       "node: io.drover.node asks for \"b\""},
      {with(small::node("a")), asking({{"io.drover.whitelist", "b, c"}}),
       "whitelist: the whitelist is node in (b, c)"},
      {with(small::node("a", {{"zone", "x"}})), asking({{"io.drover.constraint", "node.zone==y"}}),
       "constraint: node.zone == y does not hold: it is \"x\""},
      {with(small::node("a")), asking({{"io.drover.constraint", "node.label.disk == ssd"}}),
       "constraint: node.label.disk == ssd does not hold: it is not set"},
      {with(wants), asking({}),
       "require-any: takes only containers with the label gpu or role=batch"},
      {with(plugged), asking({}, R"("HostConfig":{"VolumeDriver":"rexray"})"),
       "plugin: plugin \"rexray\" of kind Volume is not here"},
      {with(slots), asking({}), "slots: has 0 containers and 0 slots"},
      {with(small::node("a")), asking({{"io.drover.affinity", "container == web"}}),
       "affinity: container == web does not hold: 0 here"},
      {with(small::node("a")), asking({}, R"("HostConfig":{"Memory":17179869184})"),
       "reservation: memory: 16 GiB asked for, 8.4 GiB of 8 GiB free"},
      {with(small::node("a")), asking({}, R"("HostConfig":{"NanoCpus":4100000000})"),
       "reservation: cpus: 4.1 asked for, 4 of 4 free"},
      {with(small::node("a")), asking({{"io.drover.reserve", "gpu=1"}}),
       "reservation: has no gpu (node label io.drover.resource.gpu)"},
  };
  for (const auto& each : cases) {
    std::string told = verdict(each.world, each.policy, "a");
    cr_expect_eq(told, each.verdict, "%s", told.c_str());
  }
  labels::Policy forArm = labels::decode("{}", {.platform = "linux/arm64"}).policy;
  cr_expect_eq(verdict(with(small::node("a")), forArm, "a"),
               "platform: is linux/amd64; --platform asks for linux/arm64");
  cr_expect_eq(verdict(with(arm), forArm, "a"), "");
  cr_expect_eq(
      verdict(with(arm), asking({}), "a", {.imagePlatforms = {"linux/amd64", "linux/386"}}),
      "platform: is linux/arm64; the image is for linux/amd64 or linux/386");
}

Test(filters, names_are_unique) {
  std::set<std::string_view> names;
  for (const scheduler::Filter& each : scheduler::filters()) names.insert(each.name);
  cr_expect_eq(names.size(), scheduler::filters().size());
}

Test(filters, bind_mounts_stay_with_the_node_that_was_asked) {
  World world = small::threeNodes();
  const std::string bind = R"("HostConfig":{"Binds":["/srv:/srv"]})";
  scheduler::Options options{.here = "id-b"};
  cr_expect_eq(small::nodesFor(world, asking({}, bind), options), "b");
  cr_expect_eq(small::nodesFor(world, asking({{"io.drover.bind", "any"}}, bind), options), "a b c");
  cr_expect_eq(small::nodesFor(world, asking({{"io.drover.global", "true"}}, bind), options),
               "a b c");
  // Whoever names nodes means their directories.
  cr_expect_eq(small::nodesFor(world, asking({{"io.drover.node", "c"}}, bind), options), "c");
  cr_expect_eq(
      small::nodesFor(world, asking({{"io.drover.constraint", "node in (a, c)"}}, bind), options),
      "a c");
  cr_expect_eq(
      small::nodesFor(world, asking({{"io.drover.constraint", "node.zone == x"}}, bind), options),
      "b");
  cr_expect_eq(
      small::nodesFor(
          world, asking({{"io.rancher.scheduler.affinity:host_label", "disk=ssd"}}, bind), options),
      "c");
  labels::Policy here = asking({{"io.drover.node", "c"}, {"io.drover.bind", "here"}}, bind);
  cr_expect_eq(small::nodesFor(world, here, options), "");
}

Test(filters, volumes_have_homes) {
  World world = small::threeNodes();
  world.setVolumes("id-b", {{"data", true}, {"nfs", false}});
  auto mounting = [](const std::string& volume) {
    return asking({}, "\"HostConfig\":{\"Binds\":[\"" + volume + ":/v\"]}");
  };
  cr_expect_eq(small::nodesFor(world, mounting("data")), "b");
  cr_expect_eq(small::nodesFor(world, mounting("nfs")), "a b c");
  cr_expect_eq(small::nodesFor(world, mounting("new")), "a b c");
  // One that a create under way makes is there already.
  scheduler::Container pending = small::container("pending", "c");
  pending.volumes = {"new"};
  world.putContainer(pending);
  cr_expect_eq(small::nodesFor(world, mounting("new")), "c");
}

Test(filters, networks_hold_containers_together_until_they_span) {
  World world = small::threeNodes();
  world.setNetworks("id-b", {{"n1", "front"}});
  labels::Policy policy = asking({}, R"("HostConfig":{"NetworkMode":"front"})");
  cr_expect_eq(small::nodesFor(world, policy), "b");
  cr_expect_eq(small::nodesFor(world, policy, {.networksSpan = true}), "a b c");
}

Test(filters, sidekicks_share_a_node_whichever_comes_first) {
  auto of = [](const std::string& service, const std::string& number) {
    return small::Pairs{{"com.docker.compose.project", "shop"},
                        {"com.docker.compose.service", service},
                        {"com.docker.compose.container-number", number}};
  };
  small::Pairs web = of("web", "1");
  web.push_back({"io.rancher.sidekicks", "logs, data"});
  World world = small::threeNodes();
  world.putContainer(small::container("web1", "b", web));
  cr_expect_eq(small::nodesFor(world, asking(of("logs", "1"))), "b");
  cr_expect_eq(small::nodesFor(world, asking(of("logs", "2"))), "a b c");
  cr_expect_eq(small::nodesFor(world, asking(of("other", "1"))), "a b c");

  World reversed = small::threeNodes();
  reversed.putContainer(small::container("data1", "c", of("data", "1")));
  cr_expect_eq(small::nodesFor(reversed, asking(web)), "c");
}

Test(filters, max_per_node_counts_the_service_or_the_image) {
  World world = small::threeNodes();
  small::Pairs web = {{"com.docker.compose.project", "shop"},
                      {"com.docker.compose.service", "web"},
                      {"io.drover.max-per-node", "1"}};
  world.putContainer(small::container("web1", "a", web, "nginx"));
  world.putContainer(small::container("plain", "b", {}, "nginx:latest"));
  cr_expect_eq(small::nodesFor(world, asking(web)), "b c");
  cr_expect_eq(small::nodesFor(world, asking({{"io.drover.max-per-node", "1"}})), "a c");
  cr_expect_eq(verdict(world, asking(web), "a"),
               "max-per-node: has 1 of service shop/web; io.drover.max-per-node is 1");
}

Test(filters, reservations_add_up_and_overcommit_stretches_them) {
  World world =
      with(small::node("a", {{"io.drover.overcommit", "0.5"}, {"io.drover.resource.gpu", "2"}}));
  scheduler::Container busy = small::container("busy", "a");
  busy.reserved.memory = uint64_t{8} << 30;
  busy.reserved.generic["gpu"] = 1;
  world.putContainer(busy);
  cr_expect_eq(verdict(world, asking({}, R"("HostConfig":{"Memory":4294967296})"), "a"), "");
  cr_expect_neq(verdict(world, asking({}, R"("HostConfig":{"Memory":4294967297})"), "a"), "");
  cr_expect_eq(verdict(world, asking({{"io.drover.reserve", "gpu=1"}}), "a"), "");
  cr_expect_eq(verdict(world, asking({{"io.drover.reserve", "gpu=2"}}), "a"),
               "reservation: gpu: 2 asked for, 1 of 2 free");
  // All there are only where nobody has one.
  labels::Policy all = asking({}, R"("HostConfig":{"DeviceRequests":[{"Count":-1}]})");
  cr_expect_eq(verdict(world, all, "a"), "reservation: gpu: all asked for, 1 of 2 free");
  world.eraseContainer(busy.id);
  cr_expect_eq(verdict(world, all, "a"), "");
}

Test(filters, a_successor_does_not_compete_with_whom_it_replaces) {
  World world = with(small::node("a", {{"io.drover.slots", "1"}}));
  small::Pairs given = {{"com.docker.compose.project", "shop"},
                        {"com.docker.compose.service", "web"},
                        {"io.drover.max-per-node", "1"},
                        {"io.drover.affinity", "service != web"}};
  scheduler::Container old = small::container("web", "a", given, "nginx");
  old.ports = {{80, labels::Protocol::tcp, ""}};
  old.reserved.memory = uint64_t{8} << 30;
  world.putContainer(old);
  const std::string host =
      R"("HostConfig":{"Memory":8589934592,"PortBindings":{"80/tcp":[{"HostPort":"80"}]}})";
  cr_expect_eq(small::nodesFor(world, asking(given, host)), "");
  for (const std::string& name : {old.id, old.name}) {
    small::Pairs successor = given;
    successor.push_back({"com.docker.compose.replace", name});
    cr_expect_eq(small::nodesFor(world, asking(successor, host)), "a", "%s",
                 verdict(world, asking(successor, host), "a").c_str());
  }
  // An affinity to an id replaces only within a service.
  small::Pairs other = {{"com.docker.compose.project", "shop"},
                        {"com.docker.compose.service", "db"},
                        {"com.docker.swarm.affinities", "[\"container==" + old.id + "\"]"}};
  cr_expect_neq(verdict(world, asking(other, host), "a").find("slots"), std::string::npos);
}

Test(filters, a_successor_follows_its_volumes) {
  World world = small::threeNodes();
  scheduler::Container old = small::container("web", "b");
  world.putContainer(old);
  labels::Policy successor = asking({{"com.docker.compose.replace", old.id}});
  cr_expect_eq(small::nodesFor(world, successor), "a b c");
  old.volumes = {"anonymous"};
  world.putContainer(old);
  cr_expect_eq(small::nodesFor(world, successor), "b");
}

Test(filters, plugins_count_only_where_they_are_known) {
  World world = small::threeNodes();
  labels::Policy policy = asking({}, R"("HostConfig":{"VolumeDriver":"rexray"})");
  cr_expect_eq(small::nodesFor(world, policy), "a b c");
  for (const char* name : {"a", "b"}) {
    scheduler::Node node = small::node(name);
    node.plugins["Volume"] = {"local", name[0] == 'a' ? "rexray:latest" : "nfs"};
    world.putNode(node);
  }
  cr_expect_eq(small::nodesFor(world, policy), "a c");
}
