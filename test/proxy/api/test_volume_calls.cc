// One volume of each name in the cluster, whoever asks for it and however.

#include "proxy/api/volume_calls.h"

#include <criterion/criterion.h>

#include <string>

#include "test/cluster_house.h"

using namespace test;
using base::HttpReply;

namespace {

// Makes volumes as an engine does.
void makeVolumes(Host& host) {
  SmallDocker& engine = host.engine;
  engine.first = [&engine](const std::string& asked) {
    if (asked != "POST /volumes/create") return std::string();
    std::string name(base::text(base::parseJson(engine.bodies.back()), "Name"));
    if (name.empty()) name = "drawn";
    engine.volumes.push_back(name);
    engine.tell("volume", "create");
    return answerOf("{\"Name\":\"" + name + "\"}\n", "201 Created");
  };
}

std::string nodeOf(const HttpReply& reply) {
  rapidjson::Document json = base::parseJson(reply.body);
  const rapidjson::Value* node = base::member(json, "Node");
  return node ? std::string(base::text(*node, "Name")) : std::string();
}

bool isKnown(Host& host, const std::string& volume, size_t nodes = 1) {
  return host.droverd->objects.holders(docker::ObjectKind::volume, volume).size() == nodes;
}

std::string messageIn(const HttpReply& reply) {
  return std::string(base::text(base::parseJson(reply.body), "message"));
}

}  // namespace

Test(volume_calls, a_name_is_made_once_and_answered_from_its_home) {
  Hosts hosts(3);
  for (const std::unique_ptr<Host>& each : hosts.hosts) makeVolumes(*each);
  HttpReply made = hosts.one().ask("POST", "/volumes/create", R"({"Name":"data"})");
  cr_expect_eq(made.status, 201);
  cr_expect_eq(nodeOf(made), "host-1");
  HttpReply again = hosts.two().ask("POST", "/v1.41/volumes/create", R"({"Name":"data"})");
  cr_expect_eq(again.status, 201);
  cr_expect_eq(nodeOf(again), "host-1");
  cr_expect_eq(hosts.two().engine.count("POST /volumes/create"), 0);
  cr_expect_eq(nodeOf(hosts.three().ask("GET", "/volumes/data")), "host-1");
  for (const std::unique_ptr<Host>& each : hosts.hosts) {
    HttpReply drawn = each->ask("POST", "/volumes/create", "{}");
    cr_expect_eq(nodeOf(drawn), each->name(), "one without a name is made where it is asked for");
  }
}

Test(volume_calls, what_has_a_name_twice_is_not_removed_by_chance) {
  Hosts hosts(3);
  for (Host* each : {&hosts.one(), &hosts.two()}) {
    each->engine.volumes = {"data"};
    each->engine.tell("volume", "create");
  }
  hosts.stage.until([&] { return isKnown(hosts.three(), "data", 2); });
  HttpReply refused = hosts.three().ask("DELETE", "/volumes/data");
  cr_expect_eq(refused.status, 409);
  cr_expect(messageIn(refused).starts_with(
                "volume data is on nodes host-1 and host-2; say which one is meant, as in host-"),
            "%s", refused.body.c_str());
  std::string info = hosts.three().get("/info");
  cr_expect_neq(info.find("WARNING: volume data is on nodes host-1 and host-2"), info.npos, "%s",
                info.c_str());
}

Test(volume_calls, a_home_that_is_down_is_no_reason_for_a_second_one) {
  Hosts hosts(3);
  makeVolumes(hosts.one());
  makeVolumes(hosts.two());
  hosts.two().ask("POST", "/volumes/create", R"({"Name":"data"})");
  hosts.stage.until([&] { return isKnown(hosts.one(), "data"); });
  hosts.two().kill();
  hosts.sees(hosts.one(), "host-2", cluster::Status::failed);
  for (const char* method : {"POST", "DELETE"}) {
    std::string target = method == std::string("POST") ? "/volumes/create" : "/volumes/data";
    HttpReply reply = hosts.one().ask(method, target, R"({"Name":"data"})");
    cr_expect_eq(reply.status, 503, "%s: %d", method, reply.status);
    cr_expect_neq(messageIn(reply).find("host-2"), std::string::npos, "%s", reply.body.c_str());
  }
  cr_expect_eq(hosts.one().engine.count("POST /volumes/create"), 0);
}
