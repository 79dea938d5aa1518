// The API of all hosts: what goes to the node that has the object, what is asked of all, what is
// said when a node is down or nobody knows.

#include "proxy/api/api.h"

#include <criterion/criterion.h>

#include <string>

#include "base/url.h"
#include "test/cluster_checks.h"

using namespace test;
using base::HttpReply;

namespace {

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

Test(cluster_api, records_tell_whom_to_ask_first) {
  Hosts hosts(3);
  SmallDocker& two = hosts.two().engine;
  SmallDocker& three = hosts.three().engine;
  two.networks = {"back"};
  two.volumes = {"data"};
  two.images = {"app"};
  for (const char* kind : {"network", "volume", "image"}) two.tell(kind, "create");
  const catalog::ObjectIndex& objects = hosts.one().droverd->objects;
  hosts.stage.until([&] {
    return !objects.holders(docker::ObjectKind::network, "back").empty() &&
           !objects.holders(docker::ObjectKind::volume, "data").empty() &&
           !objects.holders(docker::ObjectKind::image, "app").empty();
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

Test(cluster_api, networks_and_volumes_of_a_node_that_is_down_stay_and_images_do_not) {
  Hosts hosts(2);
  SmallDocker& two = hosts.two().engine;
  hosts.one().engine.images = {"app"};
  two.networks = {"back"};
  two.volumes = {"data"};
  two.images = {"far"};
  for (const char* kind : {"network", "volume", "image"}) two.tell(kind, "create");
  const catalog::ObjectIndex& objects = hosts.one().droverd->objects;
  hosts.stage.until([&] {
    return !objects.holders(docker::ObjectKind::network, "back").empty() &&
           !objects.holders(docker::ObjectKind::volume, "data").empty() &&
           !objects.holders(docker::ObjectKind::image, "far").empty();
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
