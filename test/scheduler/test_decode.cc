// What a request needs by itself, and bodies of all kinds.

#include <string>

#include "labels/decode.h"
#include "test/scheduler/small_world.h"

using labels::Policy;
using labels::Protocol;

namespace {

Policy ofHost(const std::string& hostConfig, const std::string& more = "") {
  return small::policyOf("{\"HostConfig\":" + hostConfig + more + "}");
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& each : texts) all += (all.empty() ? "" : " ") + each;
  return all;
}

// The ports that are asked for, in the order in which they are met.
std::string portsOf(const Policy& policy) {
  std::string all;
  for (const labels::PortRequest& each : policy.ports)
    all += (all.empty() ? "" : " ") + describe(each);
  return all;
}

}  // namespace

Test(decode, ports_keep_protocol_address_and_range) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"80/tcp":[{"HostPort":"8080"}]})", "8080/tcp"},
      {R"({"80":[{"HostPort":"8080"}]})", "8080/tcp"},
      {R"({"53/udp":[{"HostIp":"10.0.0.1","HostPort":"53"}]})", "10.0.0.1:53/udp"},
      {R"({"80/tcp":[{"HostIp":"::1","HostPort":"80"}]})", "[::1]:80/tcp"},
      {R"({"80/tcp":[{"HostPort":"8000-8010"}]})", "8000-8010/tcp"},
      {R"({"80/tcp":[{"HostPort":""}],"81/tcp":[{}]})", "32768-60999/tcp 32768-60999/tcp"},
      {R"({"80/tcp":[{"HostPort":"0"}]})", "32768-60999/tcp"},
      {R"({"80/tcp":[{"HostPort":"90"},{"HostPort":"91"}]})", "90-91/tcp"},  // both
      // What is no port is the engine's to refuse.
      {R"({"80/tcp":null,"81/tcp":[],"82/x":[{"HostPort":"1"}],"83/tcp":[{"HostPort":"x"}]})", ""},
      {R"({"80/tcp":[{"HostPort":"70000"}],"81/tcp":[{"HostPort":"9-8"}]})", ""},
  };
  for (const auto& [bindings, expected] : cases) {
    std::string ports = portsOf(ofHost(std::string("{\"PortBindings\":") + bindings + "}"));
    cr_expect_eq(ports, expected, "%s: %s", bindings, ports.c_str());
  }
}

Test(decode, exposed_ports_count_where_they_are_published) {
  const std::string exposed = R"(,"ExposedPorts":{"80/tcp":{},"53/udp":{}})";
  cr_expect_eq(portsOf(ofHost("{}", exposed)), "");
  cr_expect_eq(portsOf(ofHost(R"({"PublishAllPorts":true})", exposed)),
               "32768-60999/tcp 32768-60999/udp");
  cr_expect_eq(portsOf(ofHost(R"({"NetworkMode":"host"})", exposed)), "53/udp 80/tcp");
  const char* published = R"("PortBindings":{"80/tcp":[{"HostPort":"80"}]}})";
  cr_expect_eq(portsOf(ofHost(std::string(R"({"NetworkMode":"container:x",)") + published)), "");
  cr_expect_eq(portsOf(ofHost(std::string(R"({"NetworkMode":"host",)") + published)), "");
}

Test(decode, reservations_come_from_what_is_reserved_or_else_from_limits) {
  const struct {
    const char* host;
    uint64_t nanoCpus, memory, pids, gpus;
  } cases[] = {
      {R"({"Memory":100})", 0, 100, 0, 0},
      {R"({"Memory":100,"MemoryReservation":50})", 0, 50, 0, 0},
      {R"({"NanoCpus":500000000})", 500'000'000, 0, 0, 0},
      {R"({"CpuQuota":50000})", 500'000'000, 0, 0, 0},
      {R"({"CpuQuota":50000,"CpuPeriod":25000})", 2'000'000'000, 0, 0, 0},
      {R"({"PidsLimit":100})", 0, 0, 100, 0},
      {R"({"PidsLimit":-1,"Memory":-1,"CpuQuota":-1})", 0, 0, 0, 0},
      {R"({"DeviceRequests":[{"Count":2,"Capabilities":[["gpu"]]}]})", 0, 0, 0, 2},
      {R"({"DeviceRequests":[{"DeviceIDs":["0","3","4"],"Capabilities":[["gpu"]]}]})", 0, 0, 0, 3},
      {R"({"DeviceRequests":[{"Count":-1}]})", 0, 0, 0, labels::Resources::all},
  };
  for (const auto& each : cases) {
    labels::Resources reserve = ofHost(each.host).reserve;
    cr_expect_eq(reserve.nanoCpus, each.nanoCpus, "%s", each.host);
    cr_expect_eq(reserve.memory, each.memory, "%s", each.host);
    cr_expect_eq(reserve.pids, each.pids, "%s", each.host);
    cr_expect_eq(labels::genericOf(reserve, "gpu"), each.gpus, "%s", each.host);
  }
  Policy cdi = ofHost(R"({"DeviceRequests":[{"Driver":"cdi","DeviceIDs":["acme.com/card=0"]}]})");
  cr_expect_eq(labels::genericOf(cdi.reserve, "acme.com/card"), 1u);
}

Test(decode, what_lives_on_a_node_is_told) {
  Policy policy = ofHost(
      R"({"NetworkMode":"front","IpcMode":"container:a","PidMode":"host","VolumesFrom":["b:ro"],)"
      R"("Links":["c:d"],"Binds":["/etc:/etc","data:/d","/anonymous"],"VolumeDriver":"rexray",)"
      R"("Mounts":[{"Type":"bind","Source":"/x"},{"Type":"tmpfs"},{"Type":"volume","Source":"v",)"
      R"("VolumeOptions":{"DriverConfig":{"Name":"nfs"}}}],"Runtime":"nvidia",)"
      R"("LogConfig":{"Type":"fluentd"}})",
      R"(,"NetworkingConfig":{"EndpointsConfig":{"front":{},"back":null,"bridge":{}}})");
  cr_expect_eq(joined(policy.containers), "a b c");
  cr_expect_eq(joined(policy.volumes), "data v");
  cr_expect_eq(joined(policy.binds), "/etc /x");
  cr_expect_eq(joined(policy.networks), "front back");
  std::string plugins;
  for (const labels::Plugin& each : policy.plugins) plugins += each.kind + ":" + each.name + " ";
  cr_expect_eq(plugins, "Volume:nfs Volume:rexray Runtime:nvidia Log:fluentd ");
}

Test(decode, a_shim_of_containerd_needs_no_plugin) {
  for (const char* runtime : {"io.containerd.kata.v2", "/usr/bin/shim", ""}) {
    labels::Policy policy =
        labels::decode("{\"HostConfig\":{\"Runtime\":\"" + std::string(runtime) + "\"}}").policy;
    cr_expect(policy.plugins.empty(), "%s", runtime);
  }
}

Test(decode, a_successor_names_whom_it_replaces) {
  const std::string id(64, 'a');
  cr_expect_eq(small::asking({{"com.docker.compose.replace", "shop-web-1"}}).replaces,
               "shop-web-1");
  cr_expect_eq(small::withEnv("affinity:container==" + id).replaces, id);
  cr_expect_eq(small::withEnv("affinity:container==web").replaces, "");
  cr_expect_eq(small::withEnv("affinity:container!=" + id).replaces, "");
}

Test(decode, the_query_tells_the_platform) {
  labels::Decoded decoded = labels::decode("{}", {.platform = "linux/arm64"});
  cr_expect_eq(decoded.policy.platform, "linux/arm64");
}

Test(decode, what_has_another_type_than_it_should_is_left_to_the_engine) {
  const labels::Policy nothing;
  for (const char* body :
       {"", "null", "[]", "7", "{", "{}x", "{}", R"({"HostConfig":7,"Labels":"x","Env":{}})",
        R"({"HostConfig":{"PortBindings":[],"Mounts":[7],"Binds":[5,null],"DeviceRequests":{}}})",
        R"({"Labels":{"io.drover.node":7},"Env":[null,{"constraint:":1}],"NetworkingConfig":[]})",
        R"({"HostConfig":{"DeviceRequests":[{"Capabilities":[[]]}],"LogConfig":[],"Memory":"1"}})",
        R"({"ExposedPorts":["80"],"HostConfig":{"NetworkMode":"host"},"Image":null})"}) {
    labels::Decoded decoded = labels::decode(body);
    cr_expect_not(decoded.problem, "%s", body);
    cr_expect(decoded.policy == nothing, "%s", body);
    cr_expect(decoded.envTaken.empty(), "%s", body);
  }
}

Test(decode, depth_costs_no_stack) {
  auto asking = [](size_t depth) {
    const std::string deep(depth, '['), end(depth, ']');
    return docker::CreateRequest("{\"X\":" + deep + end + R"(,"Labels":{"io.drover.node":"a"}})");
  };
  // As deep as engines read.
  cr_expect_eq(labels::decode(asking(9'999)).policy.node, "a");
  docker::CreateRequest deeper = asking(500'000);
  cr_expect_neq(deeper.fault(), "");
  cr_expect_eq(labels::decode(deeper).policy.node, "");
}

Test(decode, policies_compare) {
  const small::Pairs pairs = {{"io.drover.constraint", "node.name == /a/, node.kernel > 5"}};
  cr_expect(small::asking(pairs) == small::asking(pairs));
  cr_expect_not(small::asking(pairs) == small::asking({}));
}

Test(decode, what_no_engine_could_run_is_refused_with_the_limit) {
  auto list = [](size_t count, auto element) {
    std::string text;
    for (size_t i = 0; i < count; i++) text += (i ? "," : "") + element(std::to_string(i));
    return text;
  };
  auto object = [](const std::string& i) { return "\"n" + i + "\":{}"; };
  auto link = [](const std::string& i) { return "\"c" + i + ":x\""; };
  auto bind = [](const std::string& i) { return "\"v" + i + ":/" + i + "\""; };
  auto port = [](const std::string& i) {
    return "\"" + i + "/tcp\":[{\"HostPort\":\"" + std::to_string(1 + 2 * std::stoi(i)) + "\"}]";
  };
  const struct {
    std::string body;
    std::string words;
  } cases[] = {
      {R"({"NetworkingConfig":{"EndpointsConfig":{)" + list(60'000, object) + "}}}",
       "more than 1000 networks"},
      {R"({"HostConfig":{"Links":[)" + list(20'000, link) + "]}}", "more than 1000 containers"},
      {R"({"HostConfig":{"VolumesFrom":[)" + list(20'000, link) + "]}}",
       "more than 1000 containers"},
      {R"({"HostConfig":{"Binds":[)" + list(20'000, bind) + "]}}", "more than 1000 volumes"},
      {R"({"HostConfig":{"PortBindings":{)" + list(30'000, port) + "}}}",
       "more than 1000 ports that are not consecutive"},
  };
  for (const auto& each : cases) {
    labels::Decoded decoded = labels::decode(each.body);
    cr_assert(decoded.problem, "%s", each.words.c_str());
    std::string message = decoded.problem->message();
    cr_expect(message.find(each.words) != message.npos, "%s", message.c_str());
  }
  auto same = [](const std::string&) { return std::string("\"one:x\""); };
  labels::Decoded repeated =
      labels::decode(R"({"HostConfig":{"Links":[)" + list(20'000, same) + "]}}");
  cr_expect_not(repeated.problem);
  cr_expect_eq(repeated.policy.containers.size(), 1u, "each is asked about once");
}
