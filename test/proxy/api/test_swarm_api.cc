// /swarm and /nodes as the docker client (20.10) reads them, and their errors.

#include "proxy/api/swarm_api.h"

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

// What stands at a path such as "Swarm/Cluster/ID" or "0/Spec/Role"; nothing if there is no such.
const rapidjson::Value* at(const rapidjson::Value& json, std::string_view path) {
  const rapidjson::Value* found = &json;
  while (found && !path.empty()) {
    std::string name(path.substr(0, path.find('/')));
    path.remove_prefix(std::min(path.size(), name.size() + 1));
    if (found->IsArray()) {
      unsigned index = static_cast<unsigned>(std::stoul(name));
      found = index < found->Size() ? &(*found)[index] : nullptr;
    } else {
      found = base::member(*found, name.c_str());
    }
  }
  return found;
}

std::string textAt(const rapidjson::Value& json, std::string_view path) {
  const rapidjson::Value* found = at(json, path);
  return found && found->IsString() ? std::string(base::asText(*found)) : "(no text)";
}

std::string namesIn(const std::string& nodes) {
  rapidjson::Document json = base::parseJson(nodes);
  if (!json.IsArray()) return nodes;
  std::string names;
  for (const rapidjson::Value& each : json.GetArray())
    names += textAt(each, "Description/Hostname") + " ";
  return names;
}

void expectRefused(const HttpReply& reply, int status, const std::string& words) {
  std::string message(base::text(base::parseJson(reply.body), "message"));
  cr_expect_eq(reply.status, status, "%d: %s", reply.status, reply.body.c_str());
  cr_expect(holds(message, words), "%s: %s", words.c_str(), reply.body.c_str());
}

}  // namespace

Test(swarm_api, init_answers_with_the_nodes_id) {
  Hosts hosts(1, false);
  HttpReply reply = hosts.one().init();
  cr_expect_eq(reply.status, 200);
  cr_expect_eq(reply.body, "\"" + hosts.one().id() + "\"\n");
  cr_expect(holds(reply.head, "Content-Type: application/json\r\n"));
  cr_expect(holds(reply.head, "Api-Version: 1.41\r\n"));
  expectRefused(hosts.one().init(), 503, "already part of a swarm");
  expectRefused(hosts.one().join(hosts.one().api(), hosts.one().agent().workerToken()), 503,
                "already part of a swarm");
}

Test(swarm_api, requests_that_make_no_sense_form_no_cluster) {
  Hosts hosts(1, false);
  Host& host = hosts.one();
  const struct {
    const char* target;
    std::string body;
    int status;
    const char* words;
  } cases[] = {
      {"/swarm/init", "", 400, "invalid JSON"},
      {"/swarm/init", "[]", 400, "invalid JSON"},
      {"/swarm/init", R"({"ListenAddr":"nonsense0"})", 400, "neither an IP address nor"},
      {"/swarm/init", R"({"ListenAddr":"127.0.0.1:0"})", 400, "no valid port"},
      {"/swarm/init", R"({"ListenAddr":"127.0.0.1:70000"})", 400, "no valid port"},
      {"/swarm/init", R"({"ListenAddr":"127.0.0.1:x"})", 400, "no valid port"},
      {"/swarm/init", R"({"ListenAddr":"[::1"})", 400, "--listen-addr"},
      {"/swarm/init", R"({"ListenAddr":"127.0.0.1","AdvertiseAddr":"x y"})", 400,
       "--advertise-addr"},
      {"/swarm/init", R"({"ListenAddr":"127.0.0.1","Availability":"never"})", 400,
       "invalid Availability"},
      {"/swarm/init", R"({"ListenAddr":"127.0.0.1","AutoLockManagers":true})", 400, "--autolock"},
      {"/swarm/init", R"({"ListenAddr":"127.0.0.1","DataPathPort":80})", 400, "1024-49151"},
      {"/swarm/init", R"({"ListenAddr":"127.0.0.1","DataPathAddr":"127.0.0.9"})", 400,
       "--data-path-addr"},
      {"/swarm/init", R"({"ListenAddr":"127.0.0.1","DefaultAddrPool":["10.0.0.0"]})", 400,
       "invalid CIDR address: 10.0.0.0"},
      {"/swarm/init", R"({"ListenAddr":"127.0.0.1","DefaultAddrPool":["10.0.0.0/25"]})", 400,
       "Subnet size is too small for pool: 24"},
      {"/swarm/init", R"({"ListenAddr":"127.0.0.1","SubnetSize":30})", 400, "out of range: 30"},
      {"/swarm/init", R"({"ListenAddr":"127.0.0.1","Spec":{"Name":"mine"}})", 400,
       "must be named \"default\""},
      {"/swarm/init",
       R"({"ListenAddr":"127.0.0.1","Spec":{"CAConfig":{"ExternalCAs":[{"URL":"x"}]}}})", 400,
       "--external-ca"},
      {"/swarm/init", R"({"ListenAddr":"127.0.0.1","Spec":{"CAConfig":{"SigningCAKey":"x"}}})", 400,
       "--ca-key"},
      {"/swarm/init",
       R"({"ListenAddr":"127.0.0.1","Spec":{"CAConfig":{"NodeCertExpiry":60000000000}}})", 400,
       "minimum certificate expiry time is: 1h0m0s"},
      {"/swarm/join", "7", 400, "invalid JSON"},
      {"/swarm/join", "{}", 400, "invalid join token"},
      {"/swarm/join", R"({"JoinToken":5,"RemoteAddrs":["a"]})", 400, "invalid join token"},
  };
  for (const auto& each : cases)
    expectRefused(host.ask("POST", each.target, each.body), each.status, each.words);
  cr_expect_not(host.agent().clustered());
}

Test(swarm_api, init_keeps_and_shows_what_is_for_the_whole_cluster) {
  Hosts hosts(1, false);
  std::string body = R"({"ListenAddr":")" + hosts.one().api() + R"(","AdvertiseAddr":")" +
                     hosts.one().api() + R"(","DefaultAddrPool":["10.20.0.0/16","10.30.0.0/16"],)" +
                     R"("SubnetSize":26,"DataPathPort":7789,"Spec":{)" +
                     R"("Orchestration":{"TaskHistoryRetentionLimit":2},)" +
                     R"("Raft":{"SnapshotInterval":5000,"KeepOldSnapshots":3},)" +
                     R"("Dispatcher":{"HeartbeatPeriod":7000000000},)" +
                     R"("CAConfig":{"NodeCertExpiry":7200000000000}}})";
  cr_assert_eq(hosts.one().ask("POST", "/swarm/init", body).status, 200);
  std::string swarm = hosts.one().get("/swarm");
  for (const char* part :
       {R"("DefaultAddrPool":["10.20.0.0/16","10.30.0.0/16"],"SubnetSize":26,"DataPathPort":7789)",
        R"("TaskHistoryRetentionLimit":2)", R"("SnapshotInterval":5000,"KeepOldSnapshots":3)",
        R"("HeartbeatPeriod":7000000000)", R"("NodeCertExpiry":7200000000000)"})
    cr_expect(holds(swarm, part), "%s: %s", part, swarm.c_str());
  cr_expect_eq(cluster::certificateLifeOf(hosts.one().agent().config()), std::chrono::hours(2));

  const char* change = R"({"Orchestration":{"TaskHistoryRetentionLimit":0}})";
  cr_expect_eq(hosts.one().ask("POST", "/swarm/update?version=1", change).status, 200);
  swarm = hosts.one().get("/swarm");
  cr_expect(holds(swarm, R"("TaskHistoryRetentionLimit":0)"));
  cr_expect(holds(swarm, R"("SnapshotInterval":5000,"KeepOldSnapshots":3)"));
  expectRefused(hosts.one().ask("POST", "/swarm/update?version=2",
                                R"({"EncryptionConfig":{"AutoLockManagers":true}})"),
                400, "--autolock is not supported");
}

Test(swarm_api, an_engine_in_swarm_mode_has_to_leave_first) {
  Hosts hosts(1, false);
  hosts.one().engine.swarm = "active";
  expectRefused(hosts.one().init(), 503, "swarm leave --force");
  cr_expect_not(hosts.one().agent().clustered());
  hosts.one().docker.stopListening();
  hosts.one().docker.hangUp();
  expectRefused(hosts.one().init(), 503, "Cannot connect");
}

Test(swarm_api, out_of_a_cluster_the_engine_answers) {
  Hosts hosts(1, false);
  for (const char* target : {"/swarm", "/nodes", "/services"})
    cr_expect_eq(hosts.one().get(target), "{\"on\":\"host-1\"}\n", "%s", target);
}

Test(swarm_api, shows_the_swarm_as_docker_does) {
  Hosts hosts(2);
  rapidjson::Document json = base::parseJson(hosts.two().get("/v1.41/swarm"));
  cr_expect_eq(textAt(json, "ID"), hosts.one().agent().config().id);
  cr_expect_eq(textAt(json, "JoinTokens/Worker"), hosts.one().agent().workerToken());
  cr_expect_eq(textAt(json, "JoinTokens/Manager"), hosts.one().agent().managerToken());
  cr_expect_eq(textAt(json, "Spec/Name"), "default");
  cr_expect(holds(textAt(json, "TLSInfo/TrustRoot"), "BEGIN CERTIFICATE"));
  cr_expect(holds(textAt(json, "CreatedAt"), "T"));
  cr_assert(at(json, "Version/Index") && at(json, "Version/Index")->IsUint64());
  cr_assert(at(json, "RootRotationInProgress") && at(json, "RootRotationInProgress")->IsFalse());
  cr_assert(at(json, "DefaultAddrPool") && at(json, "DefaultAddrPool")->IsArray());
  cr_expect_eq(hosts.one().get("/swarm/unlockkey"), "{\"UnlockKey\":\"\"}");
}

Test(swarm_api, shows_nodes_as_docker_does) {
  Hosts hosts(2);
  rapidjson::Document json = base::parseJson(hosts.one().get("/nodes"));
  cr_assert(json.IsArray());
  cr_assert_eq(json.Size(), 2);
  for (const rapidjson::Value& node : json.GetArray()) {
    cr_expect_eq(textAt(node, "Spec/Role"), "manager");
    cr_expect_eq(textAt(node, "Spec/Availability"), "active");
    cr_assert(at(node, "Spec/Labels") && at(node, "Spec/Labels")->IsObject());
    cr_expect_eq(textAt(node, "Status/State"), "ready");
    cr_expect_eq(textAt(node, "ManagerStatus/Reachability"), "reachable");
    cr_expect_eq(textAt(node, "Description/Platform/OS"), "linux");
    cr_expect_eq(textAt(node, "Description/Engine/Labels/disk"), "fast");
    cr_expect_eq(textAt(node, "Description/Engine/Labels/io.drover.reserved.cpus"), "0");
    cr_expect_eq(textAt(node, "Description/Engine/Labels/io.drover.free.cpus"), "2");
    cr_expect_eq(textAt(node, "Description/Engine/Labels/io.drover.free.memory"), "1000000");
    cr_expect_eq(at(node, "Description/Resources/NanoCPUs")->GetInt64(), 2'000'000'000);
    cr_expect_eq(at(node, "Description/Resources/MemoryBytes")->GetInt64(), 1'000'000);
    cr_assert(at(node, "Version/Index") && at(node, "Version/Index")->IsUint64());
    cr_expect_neq(textAt(node, "CreatedAt"), "");
    cr_expect_neq(textAt(node, "UpdatedAt"), "");
    Host& host = textAt(node, "Description/Hostname") == "host-1" ? hosts.one() : hosts.two();
    cr_expect_eq(textAt(node, "ID"), host.id());
    cr_expect_eq(textAt(node, "Status/Addr"), host.address);
    cr_expect_eq(textAt(node, "ManagerStatus/Addr"), host.api());
  }
}

Test(swarm_api, finds_a_node_by_id_name_prefix_and_self) {
  Hosts hosts(2);
  std::string two = hosts.two().id();
  for (const std::string& object : {two, std::string("host-2"), two.substr(0, 20)}) {
    rapidjson::Document json = base::parseJson(hosts.one().get("/nodes/" + object));
    cr_expect_eq(textAt(json, "ID"), two, "%s", object.c_str());
  }
  rapidjson::Document self = base::parseJson(hosts.two().get("/nodes/self"));
  cr_expect_eq(textAt(self, "ID"), two);
  for (const char* target : {"/nodes/none", "/nodes/host-3"})
    expectRefused(hosts.one().ask("GET", target), 404, " not found");
  expectRefused(hosts.one().ask("DELETE", "/nodes/none"), 404, "node none not found");
  expectRefused(hosts.one().ask("POST", "/nodes/none/update", "{}"), 404, "node none not found");
}

Test(swarm_api, filters_nodes) {
  Hosts hosts(2);
  std::string two = hosts.two().id();
  hosts.stage.run(
      hosts.one().agent().updateNode(hosts.two().agent().self(), "active", {{"disk", "ssd"}}));
  hosts.stage.until([&] {
    for (const cluster::NodeView& view : hosts.one().agent().nodeViews()) {
      if (!view.record.labels.empty()) return true;
    }
    return false;
  });
  const std::pair<std::string, std::string> cases[] = {
      {R"({"name":["host-2"]})", "host-2 "},
      {R"({"name":{"host-2":true}})", "host-2 "},
      {R"({"id":[")" + two + R"("]})", "host-2 "},
      {R"({"node.label":["disk"]})", "host-2 "},
      {R"({"label":["disk=ssd"]})", "host-2 "},
      {R"({"label":["disk=hdd"]})", ""},
      {R"({"role":["worker"]})", ""},
      {R"({"role":["manager"],"membership":["accepted"],"name":["host-1"]})", "host-1 "},
  };
  for (const auto& [filters, expected] : cases) {
    std::string body = hosts.one().get("/nodes?filters=" + base::encodeQueryValue(filters));
    cr_expect_eq(namesIn(body), expected, "%s: %s", filters.c_str(), body.c_str());
  }
  expectRefused(hosts.one().ask("GET", "/nodes?filters=%7B%22colour%22%3A%5B%22red%22%5D%7D"), 400,
                "Invalid filter 'colour'");
  cr_expect_eq(hosts.one().ask("GET", "/nodes?filters=nonsense").status, 400);
}

Test(swarm_api, updates_a_node_wherever_it_is_asked) {
  Hosts hosts(2);
  HttpReply reply =
      hosts.one().ask("POST", "/nodes/host-2/update?version=5",
                      R"({"Availability":"drain","Role":"manager","Labels":{"a":"b"},"Name":""})");
  cr_expect_eq(reply.status, 200, "%s", reply.body.c_str());
  rapidjson::Document json = base::parseJson(hosts.two().get("/nodes/self"));
  cr_expect_eq(textAt(json, "Spec/Availability"), "drain");
  cr_expect_eq(textAt(json, "Spec/Labels/a"), "b");
  const std::pair<const char*, const char*> cases[] = {
      {R"({"Role":"worker"})", "every node is equal"},
      {R"({"Availability":"never"})", "invalid Availability"},
      {"[]", "invalid JSON"},
  };
  for (const auto& [body, words] : cases)
    expectRefused(hosts.one().ask("POST", "/nodes/host-2/update?version=5", body), 400, words);
}

Test(swarm_api, removes_a_node_that_is_down_or_by_force) {
  Hosts hosts(2);
  expectRefused(hosts.one().ask("DELETE", "/nodes/host-2"), 400, "is not down");
  expectRefused(hosts.one().ask("DELETE", "/nodes/host-1?force=1"), 400, "is this one");
  cr_expect_eq(hosts.one().ask("DELETE", "/nodes/host-2?force=1").status, 200);
  cr_expect_eq(namesIn(hosts.one().get("/nodes")), "host-1 ");
}

Test(swarm_api, a_node_that_does_not_answer_is_shown_as_down) {
  Hosts hosts(2);
  hosts.two().kill();
  hosts.sees(hosts.one(), "host-2", cluster::Status::failed);
  rapidjson::Document json = base::parseJson(hosts.one().get("/nodes/host-2"));
  cr_expect_eq(textAt(json, "Status/State"), "down");
  cr_expect_eq(textAt(json, "Status/Message"), "it does not answer");
  cr_expect_eq(textAt(json, "ManagerStatus/Reachability"), "unreachable");
  cr_expect_eq(textAt(json, "Description/Platform/OS"), "linux", "what is known of it stays");
  cr_expect_eq(hosts.one().ask("DELETE", "/nodes/host-2").status, 200);
}

Test(swarm_api, tokens_are_rotated_one_by_one) {
  Hosts hosts(2);
  std::string worker = hosts.one().agent().workerToken();
  std::string manager = hosts.one().agent().managerToken();
  std::string spec = hosts.one().agent().config().options.spec;
  cr_expect_eq(
      hosts.one().ask("POST", "/swarm/update?version=1&rotateWorkerToken=true", spec).status, 200);
  cr_expect_neq(hosts.one().agent().workerToken(), worker);
  cr_expect_eq(hosts.one().agent().managerToken(), manager);
  hosts.stage.until([&] { return hosts.two().agent().config().serial == 2; });
  cr_expect_eq(hosts.two().agent().workerToken(), hosts.one().agent().workerToken());
  expectRefused(hosts.one().ask("POST", "/swarm/update", "nonsense"), 400, "invalid JSON");
  expectRefused(hosts.one().ask("POST", "/swarm/update",
                                "{\"Labels\":{\"a\":\"" + std::string(400'000, 'x') + "\"}}"),
                400, "too large");
}

Test(swarm_api, the_authority_is_rotated_when_it_is_asked_for) {
  Hosts hosts(1);
  std::string authority = hosts.one().agent().config().authorities.front();
  const char* spec = R"({"Name":"default","CAConfig":{"ForceRotate":1}})";
  cr_expect_eq(hosts.one().ask("POST", "/swarm/update?version=1", spec).status, 200);
  rapidjson::Document json = base::parseJson(hosts.one().get("/swarm"));
  cr_expect(at(json, "RootRotationInProgress")->IsTrue());
  cr_expect_neq(textAt(json, "TLSInfo/TrustRoot"), authority);
}

Test(swarm_api, leaving_as_the_last_node_asks_for_force) {
  Hosts hosts(1);
  expectRefused(hosts.one().ask("POST", "/swarm/leave"), 503, "--force");
  cr_expect(hosts.one().agent().clustered());
  cr_expect_eq(hosts.one().ask("POST", "/swarm/leave?force=1").status, 200);
  cr_expect_not(hosts.one().agent().clustered());
  cr_expect_eq(hosts.one().init().status, 200);
}

Test(swarm_api, there_are_no_services) {
  Hosts hosts(1);
  for (const char* target : {"/services", "/tasks", "/secrets", "/configs"})
    cr_expect_eq(hosts.one().get(target), "[]");
  const std::pair<const char*, const char*> missing[] = {{"/services/a", "service a not found"},
                                                         {"/tasks/b/logs", "task b not found"},
                                                         {"/secrets/c", "secret c not found"},
                                                         {"/configs/d", "config d not found"}};
  for (const auto& [target, words] : missing)
    expectRefused(hosts.one().ask("GET", target), 404, words);
  expectRefused(hosts.one().ask("POST", "/services/create", "{}"), 501, "docker run");
}

Test(swarm_api, info_has_the_swarm_as_the_client_reads_it) {
  Hosts hosts(2);
  rapidjson::Document json = base::parseJson(hosts.two().get("/info"));
  cr_expect_eq(textAt(json, "Swarm/NodeID"), hosts.two().id());
  cr_expect_eq(textAt(json, "Swarm/NodeAddr"), hosts.two().address);
  cr_expect_eq(textAt(json, "Swarm/LocalNodeState"), "active");
  cr_expect(at(json, "Swarm/ControlAvailable")->IsTrue());
  cr_expect_eq(textAt(json, "Swarm/Error"), "");
  cr_expect_eq(at(json, "Swarm/Nodes")->GetInt(), 2);
  cr_expect_eq(at(json, "Swarm/Managers")->GetInt(), 2);
  cr_expect_eq(at(json, "Swarm/RemoteManagers")->Size(), 2);
  cr_expect_eq(textAt(json, "Swarm/Cluster/ID"), hosts.one().agent().config().id);
  cr_expect_null(at(json, "Swarm/Cluster/JoinTokens"), "tokens are for those who ask for them");
}
