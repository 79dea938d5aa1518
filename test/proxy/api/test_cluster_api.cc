// The API of all hosts: what goes to the node that has the object, what is asked of all, what is
// said when a node is down or nobody knows.

#include "proxy/api/api.h"

#include <criterion/criterion.h>

#include <string>

#include "base/url.h"
#include "test/cluster_house.h"

using namespace test;
using base::HttpReply;

namespace {

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string messageIn(const HttpReply& reply) {
  return std::string(base::text(base::parseJson(reply.body), "message"));
}

void expectRefused(const HttpReply& reply, int status, const std::string& words) {
  cr_expect_eq(reply.status, status, "%d: %s", reply.status, reply.body.c_str());
  cr_expect(holds(messageIn(reply), words), "%s: %s", words.c_str(), reply.body.c_str());
}

// Names of the containers in a list, in its order.
std::string namesIn(const std::string& list) {
  rapidjson::Document json = base::parseJson(list);
  if (!json.IsArray()) return list;
  std::string names;
  for (const rapidjson::Value& each : json.GetArray()) {
    std::vector<std::string> all = base::texts(each, "Names");
    names += (all.empty() ? "-" : all[0].substr(1)) + " ";
  }
  return names;
}

std::string create(const std::string& image, const std::string& more = "") {
  return "{\"Image\":\"" + image + "\"" + (more.empty() ? "" : "," + more) + "}";
}

// An answer of a node that sends an image, or whatever else, in chunks.
std::string inChunks(const std::string& body) {
  char size[20];
  std::snprintf(size, sizeof size, "%zx\r\n", body.size());
  return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + (size + body) + "\r\n0\r\n\r\n";
}

}  // namespace

Test(cluster_api, what_is_about_one_object_goes_to_the_node_that_has_it) {
  Hosts hosts(3);
  SmallDocker& two = hosts.two().engine;
  two.run("web");
  two.execs = {"run1"};
  two.networks = {"back"};
  two.volumes = {"data"};
  two.images = {"app"};
  hosts.knows(hosts.one(), "web");
  const std::string did = "{\"on\":\"host-2\"}\n";
  const std::pair<const char*, const char*> cases[] = {
      {"GET", "/containers/web/top"},
      {"GET", "/containers/web/changes?x=1"},
      {"GET", "/v1.41/containers/web/logs?stdout=1"},
      {"POST", "/containers/web/start"},
      {"POST", "/containers/web/kill?signal=HUP"},
      {"POST", "/containers/web/rename?name=web2"},
      {"HEAD", "/containers/web/archive?path=/"},
      {"PUT", "/containers/web/archive?path=/"},
      {"GET", "/exec/run1/json"},
      {"POST", "/exec/run1/resize?h=1"},
      {"GET", "/networks/back"},
      {"POST", "/networks/back/connect"},
      {"DELETE", "/networks/back"},
      {"DELETE", "/volumes/data?force=1"},
      {"GET", "/images/app/history"},
      {"GET", "/images/app/json"},
      {"POST", "/images/app/push?tag=latest"},
      {"POST", "/images/app/tag?repo=b"},
      {"POST", "/commit?container=web&repo=c"},
      {"DELETE", "/containers/web?force=1"},
  };
  size_t before = hosts.three().engine.asked.size();
  for (const auto& [method, target] : cases) {
    if (holds(target, "tag=latest")) two.images.push_back("app:latest");
    HttpReply reply = hosts.one().ask(method, target);
    cr_expect_eq(reply.status, 200, "%s %s: %d %s", method, target, reply.status,
                 reply.body.c_str());
    if (method != std::string("HEAD"))
      cr_expect_eq(reply.body, did, "%s: %s", target, reply.body.c_str());
    std::string plain = target + (holds(target, "/v1.41") ? 6 : 0);
    cr_expect_gt(two.count(std::string(method) + " " + plain), 0, "%s", target);
  }
  const std::vector<std::string>& others = hosts.three().engine.asked;
  for (size_t i = before; i < others.size(); i++)
    cr_expect(others[i].starts_with("GET "), "only asked where it is: %s", others[i].c_str());
}

Test(cluster_api, a_body_reaches_the_node_unchanged) {
  Hosts hosts(2);
  hosts.two().engine.run("web");
  hosts.knows(hosts.one(), "web");
  const std::string body = pattern(100'000);
  HttpReply reply = hosts.one().ask("PUT", "/containers/web/archive?path=/", body);
  cr_expect_eq(reply.status, 200);
  cr_expect(hosts.two().engine.bodies.back() == body);
}

Test(cluster_api, an_exec_is_where_it_was_made) {
  Hosts hosts(2);
  hosts.two().engine.run("web");
  hosts.knows(hosts.one(), "web");
  HttpReply made = hosts.one().ask("POST", "/containers/web/exec", R"({"Cmd":["a"]})");
  cr_expect_eq(made.status, 201);
  cr_expect_eq(hosts.one().get("/exec/ehost-2/json"), "{\"on\":\"host-2\"}\n");
  cr_expect_eq(hosts.one().engine.count("/exec/"), 0, "nobody else was asked");
}

Test(cluster_api, an_inspection_tells_the_node) {
  Hosts hosts(2);
  hosts.two().engine.run("web");
  hosts.knows(hosts.one(), "web");
  std::string id = hosts.two().engine.idFor("web");
  for (const std::string& object : {std::string("web"), id, id.substr(0, 12)}) {
    rapidjson::Document json = base::parseJson(hosts.one().get("/containers/" + object + "/json"));
    cr_expect_eq(base::text(json, "Id"), id, "%s", object.c_str());
    const rapidjson::Value* node = base::member(json, "Node");
    cr_assert(node, "%s", object.c_str());
    cr_expect_eq(base::text(*node, "Name"), "host-2");
  }
}

Test(cluster_api, what_nobody_has_is_missing_in_dockers_words) {
  Hosts hosts(2);
  const struct {
    const char* method;
    const char* target;
    const char* words;
  } cases[] = {
      {"GET", "/containers/none/json", "No such container: none"},
      {"POST", "/containers/none/start", "No such container: none"},
      {"DELETE", "/containers/none", "No such container: none"},
      {"GET", "/exec/none/json", "No such exec instance: none"},
      {"GET", "/networks/none", "No such network: none"},
      {"DELETE", "/volumes/none", "No such volume: none"},
      {"GET", "/images/none/json", "No such image: none"},
      {"DELETE", "/images/none", "No such image: none"},
      {"GET", "/containers/json?filters=%7B%22before%22%3A%5B%22none%22%5D%7D",
       "No such container: none"},
  };
  for (const auto& each : cases)
    expectRefused(hosts.one().ask(each.method, each.target), 404, each.words);
}

Test(cluster_api, a_prefix_of_containers_on_two_nodes_is_ambiguous) {
  Hosts hosts(2);
  hosts.one().engine.containers.push_back({"abc1" + std::string(60, '0'), "a"});
  hosts.two().engine.containers.push_back({"abc2" + std::string(60, '0'), "b"});
  // By the records, or before they came by the engines' word.
  expectRefused(hosts.one().ask("GET", "/containers/abc/json"), 500,
                "Multiple IDs found with provided prefix: abc");
  hosts.one().docker.emit(
      "{\"Type\":\"container\",\"Action\":\"create\",\"Actor\":{\"ID\":\"1\"}}");
  hosts.two().docker.emit(
      "{\"Type\":\"container\",\"Action\":\"create\",\"Actor\":{\"ID\":\"2\"}}");
  hosts.knows(hosts.one(), "a");
  hosts.knows(hosts.one(), "b");
  expectRefused(hosts.one().ask("GET", "/containers/abc/json"), 500,
                "Multiple IDs found with provided prefix: abc");
}

Test(cluster_api, lists_are_made_of_what_all_nodes_have) {
  Hosts hosts(3);
  hosts.one().engine.run("first", 100);
  hosts.three().engine.run("second", 200);
  hosts.two().engine.run("third", 300);
  hosts.three().engine.run("fourth", 400);
  hosts.one().engine.images = {"a"};
  hosts.two().engine.images = {"b"};
  hosts.three().engine.networks = {"net"};
  hosts.two().engine.volumes = {"vol"};
  for (const char* name : {"first", "second", "third", "fourth"}) hosts.knows(hosts.one(), name);

  const std::string all = "/containers/json?all=1";
  cr_expect_eq(namesIn(hosts.one().get(all)), "fourth third second first ", "%s",
               hosts.one().get(all).c_str());
  cr_expect_eq(namesIn(hosts.one().get(all)), "fourth third second first ", "from what is kept");
  cr_expect_eq(namesIn(hosts.two().get(all)), "fourth third second first ");
  cr_expect_eq(namesIn(hosts.one().get(all + "&limit=2")), "fourth third ");
  cr_expect_eq(namesIn(hosts.one().get(
                   all + "&filters=" + base::encodeQueryValue(R"({"node":["host-3"]})"))),
               "fourth second ");
  hosts.two().engine.remove("third");
  hosts.stage.until([&] { return namesIn(hosts.one().get(all)) == "fourth second first "; });

  std::string images = hosts.one().get("/images/json");
  cr_expect(holds(images, "ahost-1") && holds(images, "bhost-2"), "%s", images.c_str());
  cr_expect(holds(hosts.one().get("/networks"), "nethost-3"));
  cr_expect(holds(hosts.one().get("/volumes"), "\"vol\""));
  cr_expect_eq(base::number(base::parseJson(hosts.one().get("/info")), "Containers"), 3);
}

Test(cluster_api, what_ran_on_a_node_that_is_down_is_shown_and_not_served) {
  Hosts hosts(3);
  hosts.one().engine.run("here", 100);
  hosts.two().engine.run("gone", 200);
  hosts.knows(hosts.one(), "gone");
  hosts.knows(hosts.one(), "here");
  hosts.two().kill();
  hosts.sees(hosts.one(), "host-2", cluster::Status::failed);

  const std::string list = hosts.one().get("/containers/json?all=1");
  cr_expect_eq(namesIn(list), "gone here ");
  cr_expect(holds(list, "Host Down"), "%s", list.c_str());
  for (const auto& [method, target] : std::initializer_list<std::pair<const char*, const char*>>{
           {"GET", "/containers/gone/json"},
           {"POST", "/containers/gone/start"},
           {"DELETE", "/containers/gone"}})
    expectRefused(hosts.one().ask(method, target), 503, "host-2 (" + hosts.two().address);
  cr_expect_eq(hosts.one().ask("POST", "/containers/here/start").status, 200);
  expectRefused(hosts.one().ask("POST", "/containers/create",
                                create("app", R"("Env":["constraint:node==host-2"])")),
                409, "host-2: health: is down");

  hosts.two().start();
  hosts.sees(hosts.one(), "host-2", cluster::Status::alive);
  hosts.stage.until([&] {
    return hosts.one().ask("POST", "/containers/gone/start").status == 200 &&
           !holds(hosts.one().get("/containers/json?all=1"), "Host Down");
  });
}

Test(cluster_api, what_was_removed_is_not_shown_when_its_node_goes_down_before_it_can_tell) {
  Hosts hosts(2);
  SmallDocker& two = hosts.two().engine;
  two.run("gone", 100);
  two.run("stays", 200);
  for (const char* name : {"gone", "stays"}) hosts.knows(hosts.one(), name);
  // The engine that never tells of it.
  two.first = [&](const std::string& asked) {
    if (!asked.starts_with("DELETE /containers/gone")) return std::string();
    return std::string("HTTP/1.1 204 No Content\r\n\r\n");
  };
  cr_expect_eq(hosts.one().ask("DELETE", "/containers/gone").status, 204);
  // Removed by one that has just started and has no record of it yet.
  hosts.one().kill();
  hosts.one().start();
  cr_expect_eq(hosts.one().ask("DELETE", "/containers/gone").status, 204);
  hosts.knows(hosts.one(), "stays");
  hosts.two().kill();
  hosts.sees(hosts.one(), "host-2", cluster::Status::failed);
  cr_expect_eq(namesIn(hosts.one().get("/containers/json?all=1")), "stays ");
  expectRefused(hosts.one().ask("GET", "/containers/gone/json"), 404, "No such container: gone");
}

Test(cluster_api, an_engine_that_is_down_does_not_hide_the_others) {
  Hosts hosts(2);
  hosts.two().engine.run("web");
  hosts.knows(hosts.one(), "web");
  hosts.one().docker.stopListening();
  hosts.one().docker.hangUp();
  hosts.stage.until([&] { return !hosts.one().droverd->state.facts(); });
  cr_expect_eq(hosts.one().ask("POST", "/containers/web/start").status, 200);
  cr_expect_eq(hosts.one().ask("GET", "/networks").status, 200);
}

Test(cluster_api, pruning_is_for_all_nodes) {
  Hosts hosts(2);
  for (Host* each : {&hosts.one(), &hosts.two()}) {
    each->engine.first = [](const std::string& asked) {
      if (asked != "POST /volumes/prune") return std::string();
      return answerOf(R"({"VolumesDeleted":["v"],"SpaceReclaimed":5})");
    };
  }
  HttpReply reply = hosts.one().ask("POST", "/volumes/prune");
  cr_expect_eq(reply.status, 200);
  cr_expect_eq(base::number(base::parseJson(reply.body), "SpaceReclaimed"), 10, "%s",
               reply.body.c_str());
}

Test(cluster_api, pruning_on_a_node_that_is_not_there_removes_nothing) {
  Hosts hosts(2);
  HttpReply reply = hosts.one().ask(
      "POST", "/volumes/prune?filters=" + base::encodeQueryValue(R"({"node":["typo"]})"));
  cr_expect_eq(reply.status, 200);
  cr_expect(holds(reply.body, R"("VolumesDeleted":null)"), "%s", reply.body.c_str());
}

Test(cluster_api, a_wrong_answer_hides_the_part_of_its_node_only) {
  Hosts hosts(2);
  hosts.one().engine.networks = {"net"};
  auto isWrong = [](const std::string& asked) {
    return asked == "GET /networks" ? answerOf(R"([{"Name":)") : std::string();
  };
  hosts.two().engine.first = isWrong;
  HttpReply reply = hosts.one().ask("GET", "/networks");
  cr_expect_eq(reply.status, 200);
  cr_expect(holds(reply.body, "nethost-1"), "%s", reply.body.c_str());
  hosts.one().engine.first = isWrong;
  reply = hosts.one().ask("GET", "/networks");
  cr_expect_eq(reply.status, 500);
  cr_expect(holds(reply.body, "{\"message\":\"node host-"), "%s", reply.body.c_str());
}

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

Test(cluster_api, a_pull_lands_where_the_container_will_be) {
  Hosts hosts(2);
  const std::string body = create("app", R"("Env":["constraint:node==host-2"])");
  HttpReply reply = hosts.one().ask("POST", "/containers/create", body);
  expectRefused(reply, 404, "No such image: app");
  cr_expect_eq(hosts.one().ask("POST", "/images/create?fromImage=app&tag=latest").body,
               "{\"on\":\"host-2\"}\n");
  hosts.two().engine.images = {"app"};
  cr_expect_eq(hosts.one().ask("POST", "/containers/create", body).status, 201);
  cr_expect_eq(hosts.one().ask("POST", "/images/create?fromImage=app&tag=latest").body,
               "{\"on\":\"host-1\"}\n", "it is not remembered for longer");
}

Test(cluster_api, records_tell_whom_to_ask_first) {
  Hosts hosts(3);
  SmallDocker& two = hosts.two().engine;
  SmallDocker& three = hosts.three().engine;
  two.networks = {"back"};
  two.volumes = {"data"};
  two.images = {"app"};
  for (const char* kind : {"network", "volume", "image"}) two.tell(kind, "create");
  const catalog::HoldingsIndex& held = hosts.one().droverd->held;
  hosts.stage.until([&] {
    return !held.holders(docker::Held::network, "back").empty() &&
           !held.holders(docker::Held::volume, "data").empty() &&
           !held.holders(docker::Held::image, "app").empty();
  });
  for (const char* target : {"/networks/back", "/volumes/data", "/images/app/json"}) {
    size_t before = three.asked.size();
    cr_expect(hosts.one().get(target).starts_with("{\"on\":\"host-2\""), "%s", target);
    cr_expect_eq(three.asked.size(), before, "only who has it is asked: %s", target);
  }
  // Records that are no longer true: all others are asked.
  two.networks.clear();
  three.networks = {"back"};
  cr_expect_eq(hosts.one().get("/networks/back"), "{\"on\":\"host-3\"}\n");
  three.networks.clear();
  expectRefused(hosts.one().ask("GET", "/networks/back"), 404, "No such network: back");
}

Test(cluster_api, an_image_counts_once_wherever_it_is) {
  Hosts hosts(2);
  for (Host* each : {&hosts.one(), &hosts.two()}) {
    each->engine.first = [](const std::string& asked) {
      if (asked != "GET /images/json") return std::string();
      return answerOf(R"([{"Id":"sha256:aa","RepoTags":["app:1"]},{"Id":"sha256:bb"}])");
    };
    each->engine.tell("image", "load");
  }
  hosts.stage.until(
      [&] { return hosts.one().droverd->held.holders(docker::Held::image, "app:1").size() == 2; });
  cr_expect_eq(base::number(base::parseJson(hosts.one().get("/info")), "Images"), 2);
}

Test(cluster_api, networks_and_volumes_of_a_node_that_is_down_stay_and_images_do_not) {
  Hosts hosts(2);
  SmallDocker& two = hosts.two().engine;
  hosts.one().engine.images = {"app"};
  two.networks = {"back"};
  two.volumes = {"data"};
  two.images = {"far"};
  for (const char* kind : {"network", "volume", "image"}) two.tell(kind, "create");
  const catalog::HoldingsIndex& held = hosts.one().droverd->held;
  hosts.stage.until([&] {
    return !held.holders(docker::Held::network, "back").empty() &&
           !held.holders(docker::Held::volume, "data").empty() &&
           !held.holders(docker::Held::image, "far").empty();
  });
  hosts.two().kill();
  hosts.sees(hosts.one(), "host-2", cluster::Status::failed);

  Host& one = hosts.one();
  cr_expect(holds(one.get("/networks"), "\"back\""), "%s", one.get("/networks").c_str());
  std::string volumes = one.get("/volumes");
  cr_expect(holds(volumes, "\"data\"") && holds(volumes, "{\"Node\":\"down\"}"), "%s",
            volumes.c_str());
  cr_expect_not(holds(one.get("/images/json"), "far"));
  const std::string filter = "?filters=" + base::encodeQueryValue(R"({"name":["other"]})");
  cr_expect_not(holds(one.get("/networks" + filter), "\"back\""));
  cr_expect_not(holds(one.get("/volumes" + filter), "\"data\""));
  const std::string nodes = "?filters=" + base::encodeQueryValue(R"({"node":["host-1"]})");
  cr_expect_not(holds(one.get("/volumes" + nodes), "\"data\""));

  expectRefused(one.ask("GET", "/networks/back"), 503, "host-2 (" + hosts.two().address);
  expectRefused(one.ask("DELETE", "/volumes/data"), 503, "host-2 (" + hosts.two().address);
  expectRefused(one.ask("GET", "/images/far/json"), 404, "No such image: far");
  expectRefused(one.ask("POST", "/containers/create",
                        create("app", R"("HostConfig":{"Binds":["data:/data"]})")),
                503, "which has volume data, is down");
  expectRefused(one.ask("POST", "/containers/create",
                        create("app", R"("HostConfig":{"NetworkMode":"back"})")),
                503, "which has network back, is down");
  // What is here by the same name is another one, and can be used.
  one.engine.volumes = {"data"};
  cr_expect_eq(one.ask("POST", "/containers/create",
                       create("app", R"("HostConfig":{"Binds":["data:/data"]})"))
                   .status,
               201);
}

Test(cluster_api, all_tags_of_a_repository_are_pushed_from_one_node) {
  Hosts hosts(3);
  hosts.two().engine.images = {"app"};
  hosts.two().engine.first = [](const std::string& asked) {
    if (!asked.starts_with("GET /images/json")) return std::string();
    return answerOf(R"([{"Id":"a","RepoTags":["app:1","app:2","app:4"]}])");
  };
  hosts.three().engine.first = [](const std::string& asked) {
    if (asked.starts_with("GET /images/get")) return inChunks("tar");
    if (!asked.starts_with("GET /images/json")) return std::string();
    return answerOf(R"([{"Id":"b","RepoTags":["app:3","app:2"]}])");
  };
  HttpReply pushed = hosts.one().ask("POST", "/images/app/push");
  cr_expect_eq(pushed.body, "{\"on\":\"host-2\"}\n", "%s", pushed.body.c_str());
  cr_expect_eq(hosts.three().engine.count("GET /images/get?names=app%3A3"), 1);
  cr_expect_eq(hosts.three().engine.count("GET /images/get"), 1, "what is there is not sent");
  cr_expect_eq(hosts.two().engine.count("POST /images/load"), 1);
  cr_expect_eq(hosts.two().engine.count("POST /images/app/push"), 1);
  expectRefused(hosts.one().ask("POST", "/images/none/push"), 404, "No such image: none");
  cr_expect_eq(hosts.one().engine.count("POST /images/none/push"), 1, "our engine says so");
}

Test(cluster_api, an_image_whose_name_is_encoded_is_saved_under_its_name) {
  Hosts hosts(2);
  hosts.two().engine.images = {"team/app:1"};
  hosts.two().engine.first = [](const std::string& asked) {
    return asked.starts_with("GET /images/get") ? inChunks("tar") : std::string();
  };
  hosts.one().engine.first = [&](const std::string& asked) {
    if (asked.starts_with("POST /images/load")) hosts.one().engine.images = {"team/app:1"};
    return std::string();
  };
  HttpReply saved = hosts.one().ask("GET", "/images/team%2Fapp%3A1/get");
  cr_expect_eq(saved.status, 200, "%s", saved.body.c_str());
  cr_expect_eq(hosts.two().engine.count("GET /images/get?names=team%2Fapp%3A1"), 1);
  cr_expect_eq(hosts.one().engine.count("POST /images/load"), 1);
}

Test(cluster_api, a_list_of_images_is_cut_at_one_that_another_node_has) {
  Hosts hosts(2);
  auto engine = [](const std::string& list, const std::string& moments) {
    return [list, moments](const std::string& asked) {
      if (asked.starts_with("GET /images/json")) return answerOf(list);
      for (const char* image : {"mark", "near"}) {
        size_t at = moments.find(image);
        if (asked != "GET /images/" + std::string(image) + "/json" || at == std::string::npos)
          continue;
        return answerOf(R"({"Created":"2023-11-14T22:13:20.)" + moments.substr(at + 5, 1) + "Z\"}");
      }
      return std::string();
    };
  };
  hosts.one().engine.first =
      engine(R"([{"Id":"new","Created":1700000001},{"Id":"near","Created":1700000000},)"
             R"({"Id":"old","Created":1699999999}])",
             "near=4");
  hosts.two().engine.first = engine(
      R"([{"Id":"mark","Created":1700000000},{"Id":"older","Created":1699999998}])", "mark=5");
  auto shown = [&](const std::string& filters) {
    std::string list = hosts.one().get("/images/json?filters=" + base::encodeQueryValue(filters));
    rapidjson::Document json = base::parseJson(list);
    cr_assert(json.IsArray(), "%s", list.c_str());
    std::string ids;
    for (const rapidjson::Value& each : std::as_const(json).GetArray())
      ids += std::string(base::text(each, "Id")) + " ";
    return ids;
  };
  cr_expect_eq(shown(R"({"before":["mark"]})"), "near old older ");
  cr_expect_eq(shown(R"({"since":["mark"]})"), "new ");
  cr_expect_eq(shown(R"({"since":{"near":true},"before":{"mark":true}})"), "");
  cr_expect_eq(shown(R"({"before":["mark"],"node":["host-2"]})"), "older ");
  hosts.one().get("/images/json?filters=" + base::encodeQueryValue(R"({"since":["none"]})"));
  cr_expect_eq(hosts.one().engine.count("since"), 1, "our engine words what nobody has");
}
