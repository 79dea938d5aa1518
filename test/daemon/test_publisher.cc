// What nodes tell each other of their engines, from the engine's lists to the records on all nodes.

#include "catalog/publisher.h"

#include <criterion/criterion.h>

#include <string>

#include "test/cluster_house.h"

using namespace test;
using docker::ObjectKind;

namespace {

// The keys of all records of this owner that begin so, as `seen` knows them.
std::string keys(Host& seen, Host& owner, const std::string& prefix) {
  std::string all;
  seen.agent().state().eachOf(
      owner.agent().self(), prefix,
      [&](const std::string& key, const cluster::Record&) { all += key + " "; });
  return all;
}

bool holds(Host& seen, ObjectKind kind, const std::string& object) {
  return !seen.droverd->objects.holders(kind, object).empty();
}

}  // namespace

Test(publisher, what_an_engine_holds_when_its_node_enters_is_known_to_all) {
  Hosts hosts(2, false);
  hosts.two().engine.networks = {"back"};
  hosts.two().engine.volumes = {"data"};
  hosts.two().engine.images = {"app"};
  cr_assert_eq(hosts.one().init().status, 200);
  cr_assert_eq(hosts.two().join(hosts.one().api(), hosts.one().agent().workerToken()).status, 200);
  hosts.stage.until([&] { return holds(hosts.one(), ObjectKind::image, "app"); });
  hosts.settle();
  cr_expect_eq(keys(hosts.one(), hosts.two(), "network/"), "network/backhost-2 ");
  cr_expect_eq(keys(hosts.one(), hosts.two(), "volume/"), "volume/data ");
  cr_expect_eq(keys(hosts.one(), hosts.two(), "image/"), "image/apphost-2 ");
}

Test(publisher, what_events_tell_is_published) {
  Hosts hosts(2);
  SmallDocker& engine = hosts.two().engine;
  Host& one = hosts.one();
  engine.networks = {"back"};
  engine.tell("network", "create");
  engine.volumes = {"data"};
  engine.tell("volume", "create");
  engine.images = {"app", "old"};
  engine.tell("image", "tag");
  hosts.stage.until([&] {
    return holds(one, ObjectKind::network, "back") && holds(one, ObjectKind::volume, "data") &&
           holds(one, ObjectKind::image, "app");
  });
  engine.networks.clear();
  engine.tell("network", "destroy");
  engine.volumes.clear();
  engine.tell("volume", "destroy");
  engine.images = {"old"};
  engine.tell("image", "delete");
  hosts.stage.until([&] {
    return !holds(one, ObjectKind::network, "back") && !holds(one, ObjectKind::volume, "data") &&
           !holds(one, ObjectKind::image, "app");
  });
  cr_expect(holds(one, ObjectKind::image, "old"));
}

Test(publisher, a_build_without_a_tag_is_told_by_no_event) {
  Hosts hosts(2);
  hosts.two().engine.images = {"untagged"};
  cr_assert_eq(hosts.two().ask("POST", "/build?q=1").status, 200);
  hosts.stage.until([&] { return holds(hosts.one(), ObjectKind::image, "untaggedhost-2"); });
}

Test(publisher, events_that_change_nothing_cost_the_engine_nothing) {
  Hosts hosts(2);
  SmallDocker& engine = hosts.two().engine;
  size_t before = engine.count("GET /volumes") + engine.count("GET /networks");
  engine.tell("volume", "mount");
  engine.tell("network", "connect");
  engine.run("web");
  hosts.knows(hosts.one(), "web");
  cr_expect_eq(engine.count("GET /volumes") + engine.count("GET /networks"), before);
}

Test(publisher, a_container_that_is_gone_is_forgotten_before_the_engine_is_asked) {
  Hosts hosts(2);
  SmallDocker& engine = hosts.two().engine;
  engine.run("web");
  engine.run("db");
  hosts.knows(hosts.one(), "web");
  hosts.knows(hosts.one(), "db");
  std::vector<SmallDocker::Container> listed = engine.containers;
  engine.remove("web");
  engine.containers = listed;  // its list is behind its events
  hosts.stage.until([&] { return keys(hosts.one(), hosts.two(), "container/").size() < 80; });
  size_t before = engine.count("GET /containers/json");
  engine.run("later");
  hosts.knows(hosts.one(), "later");
  cr_expect_gt(engine.count("GET /containers/json"), before);
  cr_expect_eq(keys(hosts.one(), hosts.two(), "container/").find(engine.idFor("web")),
               std::string::npos);
}

Test(publisher, a_list_that_the_engine_does_not_give_holds_up_nothing) {
  Hosts hosts(2, false);
  hosts.two().engine.first = [](const std::string& asked) {
    return asked == "GET /volumes" ? answerOf("{\"message\":\"plugin\"}", "500 Internal") : "";
  };
  hosts.two().engine.networks = {"back"};
  cr_assert_eq(hosts.one().init().status, 200);
  cr_assert_eq(hosts.two().join(hosts.one().api(), hosts.one().agent().workerToken()).status, 200);
  hosts.stage.until([&] { return holds(hosts.one(), ObjectKind::network, "back"); });
  hosts.settle();
}

Test(publisher, after_a_crash_only_what_is_there_is_known) {
  Hosts hosts(2);
  SmallDocker& engine = hosts.two().engine;
  engine.networks = {"kept", "gone"};
  engine.images = {"app"};
  engine.tell("network", "create");
  engine.tell("image", "tag");
  Host& one = hosts.one();
  hosts.stage.until([&] {
    return holds(one, ObjectKind::network, "gone") && holds(one, ObjectKind::image, "app");
  });
  hosts.two().kill();
  engine.networks = {"kept", "made"};
  engine.images.clear();
  hosts.two().start();
  hosts.stage.until([&] {
    return holds(one, ObjectKind::network, "made") && !holds(one, ObjectKind::network, "gone") &&
           !holds(one, ObjectKind::image, "app");
  });
  cr_expect(holds(one, ObjectKind::network, "kept"));
}

Test(publisher, what_containers_reserve_is_known_to_all) {
  Hosts hosts(2);
  SmallDocker& engine = hosts.two().engine;
  std::string memory = "100";
  engine.first = [&](const std::string& asked) {
    if (asked != "GET /containers/" + engine.idFor("web") + "/json") return std::string();
    return answerOf("{\"Id\":\"" + engine.idFor("web") +
                    "\",\"State\":{},\"HostConfig\":{\"NanoCpus\":500000000,\"Memory\":" + memory +
                    "}}");
  };
  auto reserved = [&](Host& seen) {
    for (const cluster::NodeView& view : seen.agent().nodeViews()) {
      if (view.name == "host-2")
        return std::to_string(view.record.reservedNanoCpus) + " " +
               std::to_string(view.record.reservedMemory) + " " +
               std::to_string(view.record.containers);
    }
    return std::string();
  };
  engine.run("web");
  hosts.stage.until([&] { return reserved(hosts.one()) == "500000000 100 1"; });
  cr_expect_eq(hosts.one().droverd->index.find("web").entry->second.reserves.memory, 100);

  memory = "250";
  hosts.two().docker.emit("{\"Type\":\"container\",\"Action\":\"update\",\"Actor\":{\"ID\":\"" +
                          engine.idFor("web") + "\"}}");
  hosts.stage.until([&] { return reserved(hosts.one()) == "500000000 250 1"; });
  hosts.two().kill();
  hosts.sees(hosts.one(), "host-2", cluster::Status::failed);
  cr_expect_eq(hosts.one().get("/containers/json?all=1").find("Drover"), std::string::npos);
  hosts.two().start();
  hosts.sees(hosts.one(), "host-2", cluster::Status::alive);
  engine.remove("web");
  hosts.stage.until([&] { return reserved(hosts.one()) == "0 0 0"; });
}

Test(publisher, specs_come_and_go_with_their_containers) {
  Hosts hosts(2);
  SmallDocker& engine = hosts.two().engine;
  std::string secret = "TOKEN=hush";
  engine.first = [&](const std::string& asked) {
    if (asked != "GET /containers/" + engine.idFor("web") + "/json") return std::string();
    return answerOf("{\"Id\":\"" + engine.idFor("web") +
                    "\",\"State\":{},\"HostConfig\":{},\"Config\":{\"Env\":[\"" + secret + "\"]}}");
  };
  const std::string key = "spec/" + engine.idFor("web");
  auto spec = [&] {
    const cluster::Record* record =
        hosts.one().agent().state().find(hosts.two().agent().self(), key);
    return record ? record->value : std::string();
  };
  engine.run("web");
  hosts.stage.until([&] { return spec().find("TOKEN=hush") != std::string::npos; });
  size_t inspected = engine.count(engine.idFor("web") + "/json");

  engine.docker.emit("{\"Type\":\"container\",\"Action\":\"start\",\"Actor\":{\"ID\":\"" +
                     engine.idFor("web") + "\"}}");
  hosts.settle();
  cr_expect_leq(engine.count(engine.idFor("web") + "/json"), inspected + 2, "only for the list");

  secret = std::string(100'000, 'x');
  engine.docker.emit("{\"Type\":\"container\",\"Action\":\"update\",\"Actor\":{\"ID\":\"" +
                     engine.idFor("web") + "\"}}");
  hosts.stage.until([&] { return spec().empty(); });
  secret = "SMALL=1";
  engine.docker.emit("{\"Type\":\"container\",\"Action\":\"update\",\"Actor\":{\"ID\":\"" +
                     engine.idFor("web") + "\"}}");
  hosts.stage.until([&] { return spec().find("SMALL=1") != std::string::npos; });
  engine.remove("web");
  hosts.stage.until([&] { return spec().empty(); });
  for (Host* each : {&hosts.one(), &hosts.two()}) {
    cr_expect_eq(each->logged().find("hush"), std::string::npos);
    cr_expect_eq(each->logged().find("xxxx"), std::string::npos);
  }
}
