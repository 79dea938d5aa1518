// Creating a container in a cluster: on which node it comes to be, and what that costs.

#include "orchestrator/container_create.h"

#include <criterion/criterion.h>

#include <string>
#include <vector>

#include "labels/decode.h"
#include "test/cluster_checks.h"

using namespace test;
using base::HttpReply;

Test(cluster_api, a_container_goes_to_the_node_that_it_depends_on) {
  Hosts hosts(3);
  for (const std::unique_ptr<Host>& each : hosts.hosts) each->engine.images = {"app"};
  hosts.two().engine.run("db");
  hosts.three().engine.networks = {"back", "odd name/x"};
  hosts.three().engine.volumes = {"data"};
  hosts.knows(hosts.one(), "db");
  const struct {
    const char* name;
    std::string body;
    int host;
  } cases[] = {
      {"a", R"("HostConfig":{"NetworkMode":"container:db"})", 2},
      {"b", R"("HostConfig":{"Links":["/db:/database"]})", 2},
      {"c", R"("HostConfig":{"VolumesFrom":["db:ro"]})", 2},
      {"d", R"("HostConfig":{"NetworkMode":"back"})", 3},
      {"e", R"("HostConfig":{"Binds":["data:/data"]})", 3},
      {"f", R"("HostConfig":{"Binds":["/etc:/etc"]})", 1},
      {"g", R"("Env":["constraint:node==host-3"])", 3},
      {"h", R"("Labels":{"io.drover.node":"host-2"})", 2},
  };
  for (const auto& each : cases) {
    HttpReply reply = hosts.one().ask("POST", std::string("/containers/create?name=") + each.name,
                                      create("app", each.body));
    cr_expect_eq(reply.status, 201, "%s: %s", each.body.c_str(), reply.body.c_str());
    std::string id(base::text(base::parseJson(reply.body), "Id"));
    cr_expect_eq(id, hosts.hosts[each.host - 1]->engine.idFor(each.name), "%s", each.body.c_str());
    // The call that returned is seen by the next one.
    cr_expect_eq(hosts.one().ask("POST", std::string("/containers/") + each.name + "/start").status,
                 200);
  }
  cr_expect(holds(hosts.three().engine.bodies.back(), "") &&
            hosts.three().engine.count("constraint") == 0);
  expectRefused(hosts.one().ask("POST", "/containers/create",
                                create("app", R"("HostConfig":{"Links":["db:d"],"Binds":)"
                                              R"(["data:/data"]})")),
                409, "host-2: volume: volume \"data\" is not here");
  expectRefused(hosts.one().ask("POST", "/containers/create",
                                create("app", R"("Env":["constraint:node==host-9"])")),
                409, "host-2: constraint: node == host-9 does not hold");
  // Of what is nowhere the engine of the node that was asked tells.
  hosts.one().engine.first = [](const std::string& asked) {
    bool isCreate = asked.starts_with("POST /containers/create");
    return isCreate ? answerOf(R"({"message":"none is nowhere"})", "400 Bad Request")
                    : std::string();
  };
  expectRefused(hosts.one().ask("POST", "/containers/create",
                                create("app", R"("HostConfig":{"Links":["none:d"]})")),
                400, "none is nowhere");
}

Test(cluster_api, names_of_objects_are_no_requests) {
  Hosts hosts(2);
  hosts.one().engine.images = {"app"};
  hosts.two().engine.images = {"app"};
  const std::string evil = "x HTTP/1.1\\r\\nHost: d\\r\\n\\r\\nDELETE /containers/y";
  HttpReply reply = hosts.one().ask("POST", "/containers/create",
                                    create("app", "\"HostConfig\":{\"NetworkMode\":\"" + evil +
                                                      "\",\"Binds\":[\"" + evil + ":/x\"]}"));
  cr_expect_eq(reply.status, 201, "%s", reply.body.c_str());
  reply = hosts.one().ask("POST", "/containers/create", create(evil));
  cr_expect_eq(reply.status, 404);
  for (Host* each : {&hosts.one(), &hosts.two()})
    cr_expect_eq(each->engine.count("DELETE "), 0, "%s", each->name().c_str());
}

Test(cluster_api, containers_go_to_the_node_with_the_fewest) {
  Hosts hosts(3);
  for (const std::unique_ptr<Host>& each : hosts.hosts) each->engine.images = {"app"};
  for (const char* name : {"a", "b", "c", "d", "e", "f"}) {
    HttpReply reply =
        hosts.one().ask("POST", std::string("/containers/create?name=") + name, create("app"));
    cr_expect_eq(reply.status, 201, "%s", reply.body.c_str());
  }
  for (const std::unique_ptr<Host>& each : hosts.hosts)
    cr_expect_eq(each->engine.containers.size(), 2, "%s", each->name().c_str());
  hosts.stage.run(hosts.one().agent().updateNode(hosts.two().agent().self(), "drain", {}));
  hosts.settle();
  for (const char* name : {"g", "h", "i"})
    hosts.one().ask("POST", std::string("/containers/create?name=") + name, create("app"));
  cr_expect_eq(hosts.two().engine.containers.size(), 2);
}

Test(cluster_api, a_name_is_given_once_in_the_cluster) {
  Hosts hosts(3);
  for (const std::unique_ptr<Host>& each : hosts.hosts) each->engine.images = {"app"};
  cr_expect_eq(hosts.one().ask("POST", "/containers/create?name=web", create("app")).status, 201);
  for (const std::unique_ptr<Host>& each : hosts.hosts) {
    for (const char* name : {"web", "/web"}) {
      HttpReply reply =
          each->ask("POST", std::string("/containers/create?name=") + name, create("app"));
      expectRefused(reply, 409, "The container name \"/web\" is already in use by container");
    }
  }
  cr_expect_eq(hosts.two().ask("POST", "/containers/create?name=db", create("app")).status, 201);
  expectRefused(hosts.three().ask("POST", "/containers/db/rename?name=web"), 409, "already in use");
  cr_expect_eq(hosts.three().ask("DELETE", "/containers/web?force=1").status, 200);
  cr_expect_eq(hosts.one().ask("POST", "/containers/create?name=web", create("app")).status, 201);
}

Test(cluster_api, a_container_that_was_gone_before_its_record_came_keeps_no_name) {
  Hosts hosts(3);
  for (const std::unique_ptr<Host>& each : hosts.hosts) {
    each->engine.images = {"app"};
    // On each node, made and asked for anew by way of each.
    for (const std::unique_ptr<Host>& again : hosts.hosts) {
      std::string body = create("app", R"("Labels":{"io.drover.node":")" + each->name() + "\"}");
      HttpReply made = hosts.one().ask("POST", "/containers/create?name=web", body);
      cr_expect_eq(made.status, 201, "%s", made.body.c_str());
      each->engine.remove("web");
      made = again->ask("POST", "/containers/create?name=web", body);
      cr_expect_eq(made.status, 201, "%s by %s: %s", each->name().c_str(), again->name().c_str(),
                   made.body.c_str());
      each->engine.remove("web");
    }
  }
}

Test(cluster_api, an_image_is_brought_from_the_node_that_has_it) {
  Hosts hosts(2);
  hosts.two().engine.images = {"app"};
  const std::string tar = pattern(300'000);
  hosts.two().engine.first = [&](const std::string& asked) {
    return asked.starts_with("GET /images/get") ? inChunks(tar) : std::string();
  };
  bool whole = false;
  hosts.one().engine.first = [&](const std::string& asked) {
    if (!asked.starts_with("POST /images/load")) return std::string();
    whole = hosts.one().docker.lastBody().find(tar) != std::string::npos;
    hosts.one().engine.images = {"app"};
    return answerOf("{\"stream\":\"Loaded\"}\n");
  };
  HttpReply reply = hosts.one().ask("POST", "/containers/create?name=web",
                                    create("app", R"("Env":["constraint:node==host-1"])"));
  cr_expect_eq(reply.status, 201, "%s", reply.body.c_str());
  cr_expect(whole, "the image arrived otherwise than it was sent");
}

Test(cluster_api, an_image_that_cannot_be_brought_is_told_with_the_reason) {
  Hosts hosts(2);
  hosts.two().engine.images = {"app"};
  hosts.two().engine.first = [](const std::string& asked) {
    if (!asked.starts_with("GET /images/get")) return std::string();
    return answerOf("{\"message\":\"disk is broken\"}", "500 Internal Server Error");
  };
  const std::string target = "/containers/create?name=web";
  expectRefused(
      hosts.one().ask("POST", target, create("app", R"("Env":["constraint:node==host-1"])")), 500,
      "disk is broken");
  // No engine was asked for the container after that, so its name is free.
  HttpReply reply =
      hosts.two().ask("POST", target, create("app", R"("Env":["constraint:node==host-2"])"));
  cr_expect_eq(reply.status, 201, "%s", reply.body.c_str());
}

Test(container_create, refusals_come_in_order_the_request_then_its_name_then_its_dependencies) {
  Hosts hosts(2);
  for (const std::unique_ptr<Host>& each : hosts.hosts) each->engine.images = {"app"};
  hosts.two().engine.volumes = {"data"};
  hosts.two().engine.tell("volume", "create");
  hosts.two().engine.run("web");
  hosts.knows(hosts.one(), "web");
  hosts.stage.until([&] {
    return !hosts.one().droverd->objects.holders(docker::ObjectKind::volume, "data").empty();
  });
  hosts.settle();
  hosts.two().kill();
  hosts.sees(hosts.one(), "host-2", cluster::Status::failed);
  const std::string wrong = R"("Labels":{"io.drover.spread":"nonsense","io.drover.cpu":"x"})";
  const std::string away = R"("HostConfig":{"Binds":["data:/data"]})";
  auto ask = [&](const std::string& name, const std::string& more) {
    return hosts.one().ask("POST", "/containers/create?name=" + name, create("app", more));
  };
  expectRefused(ask("web", wrong + "," + away), 400, "io.drover.");
  expectRefused(ask("web", away), 409, "already in use");
  expectRefused(ask("db", away), 503, "which has volume data, is down");
  cr_expect_eq(hosts.one().engine.count("POST /containers/create"), 0, "no engine was asked");
  cr_expect_eq(ask("db", R"("HostConfig":{})").status, 201, "the name was given back");
}

Test(container_create, when_a_node_refuses_the_next_best_one_is_tried) {
  Hosts hosts(2);
  for (const std::unique_ptr<Host>& each : hosts.hosts) each->engine.images = {"app"};
  hosts.one().engine.run("busy");  // so that the second is the better one
  hosts.knows(hosts.two(), "busy");
  hosts.knows(hosts.one(), "busy");
  const std::string more = R"("HostConfig":{"PortBindings":{"80/tcp":[{"HostPort":"80"}]}})";
  labels::Policy port80 = labels::decode(create("app", more)).policy;
  // The second has given the port away a moment ago, which the first does not know.
  scheduler::Scheduler::Admission taken = hosts.two().droverd->scheduler.admit(port80, "other");
  cr_assert_eq(taken.refusedBy, "");
  HttpReply made = hosts.one().ask("POST", "/containers/create?name=web", create("app", more));
  cr_expect_eq(made.status, 201, "%s", made.body.c_str());
  std::string id(base::text(base::parseJson(made.body), "Id"));
  cr_expect_eq(id, hosts.one().engine.idFor("web"));
  cr_expect_eq(hosts.two().engine.count("POST /containers/create"), 0);
}

Test(container_create, when_all_refuse_each_node_and_its_reason_is_told) {
  Hosts hosts(3);
  for (const std::unique_ptr<Host>& each : hosts.hosts) each->engine.images = {"app"};
  const std::string more = R"("HostConfig":{"PortBindings":{"80/tcp":[{"HostPort":"80"}]}})";
  labels::Policy port80 = labels::decode(create("app", more)).policy;
  std::vector<scheduler::Scheduler::Admission> taken;
  for (const std::unique_ptr<Host>& each : hosts.hosts)
    taken.push_back(each->droverd->scheduler.admit(port80, "other"));
  const std::string target = "/containers/create?name=web";
  HttpReply reply = hosts.one().ask("POST", target, create("app", more));
  expectRefused(reply, 409, "no node can run this container");
  for (const char* node : {"host-2: port: ", "host-3: port: "})
    cr_expect(holds(messageIn(reply), node), "%s", reply.body.c_str());
  taken.clear();
  cr_expect_eq(hosts.two().ask("POST", target, create("app", more)).status, 201,
               "neither the name nor the port was kept");
}

Test(container_create, a_container_is_expected_before_its_record_comes) {
  Hosts hosts(2);
  hosts.two().engine.images = {"app"};
  const std::string onTwo = R"("Labels":{"io.drover.node":"host-2"})";
  HttpReply made = hosts.one().ask("POST", "/containers/create?name=web", create("app", onTwo));
  cr_assert_eq(made.status, 201, "%s", made.body.c_str());
  const catalog::ContainerIndex::Entry* entry = hosts.one().droverd->index.find("web").entry;
  cr_assert_not_null(entry);
  cr_expect_eq(entry->first, hosts.two().engine.idFor("web"));
  cr_expect(entry->second.owner == hosts.two().agent().self());
  cr_expect(hosts.one().droverd->scheduler.knows("web"));
}

Test(container_create, an_engine_that_cannot_be_reached_counts_as_a_refusal_of_its_node) {
  Hosts hosts(1);
  hosts.one().engine.images = {"app"};
  hosts.one().docker.stopListening();
  hosts.one().droverd->engine.dropIdle();
  HttpReply reply = hosts.one().ask("POST", "/containers/create?name=web", create("app"));
  cr_expect_eq(reply.status, 503, "%s", reply.body.c_str());
  hosts.one().docker.listen();
  hosts.stage.until([&] {
    reply = hosts.one().ask("POST", "/containers/create?name=web", create("app"));
    return reply.status == 201;
  });
}
