// What containers ask of their host, from create requests, inspections and records.

#include "catalog/resource_request.h"

#include <criterion/criterion.h>

#include <string>

using namespace catalog;

namespace {

// The same of a request and of an inspection.
ResourceRequest of(const std::string& hostConfig) {
  const std::string json = "{\"HostConfig\":{" + hostConfig + "}}";
  std::optional<ResourceRequest> reserves = reservesOf(json);
  cr_assert(reserves.has_value(), "%s", hostConfig.c_str());
  cr_expect(reservesOf(docker::CreateRequest(json)) == *reserves, "%s", hostConfig.c_str());
  return *reserves;
}

}  // namespace

Test(reserves, processors_are_given_or_a_share_of_a_period) {
  const std::pair<const char*, uint64_t> cases[] = {
      {R"("NanoCpus":1500000000)", 1'500'000'000},
      {R"("CpuQuota":50000,"CpuPeriod":100000)", 500'000'000},
      {R"("CpuQuota":50000)", 500'000'000},
      {R"("CpuQuota":50000,"CpuPeriod":25000)", 2'000'000'000},
      {R"("CpuPeriod":25000)", 0},
      {R"("NanoCpus":1,"CpuQuota":50000)", 1},
      {R"("CpuShares":512)", 0},
      {R"("CpuQuota":-1)", 0},
      {R"("CpuQuota":9223372036854775807,"CpuPeriod":1)", INT64_MAX},
      {R"("NanoCpus":"2")", 0},
      {"", 0},
  };
  for (const auto& [given, expected] : cases)
    cr_expect_eq(of(given).nanoCpus, expected, "%s", given);
}

Test(reserves, memory_is_the_limit_or_else_what_was_reserved) {
  cr_expect_eq(of(R"("Memory":100,"MemoryReservation":50)").memory, 50);
  cr_expect_eq(of(R"("Memory":0,"MemoryReservation":50)").memory, 50);
  cr_expect_eq(of(R"("MemorySwap":50)").memory, 0);
  cr_expect_eq(of(R"("PidsLimit":7)").pids, 7);
  cr_expect_eq(of(R"("PidsLimit":null)").pids, 0);
  cr_expect_eq(of(R"("PidsLimit":-1)").pids, 0);
}

Test(reserves, ports_are_those_that_are_named) {
  ResourceRequest reserves = of(
      R"("PortBindings":{"80/tcp":[{"HostIp":"127.0.0.1","HostPort":"8080"},{"HostPort":"81"}],)"
      R"("53/udp":[{"HostIp":"","HostPort":"53"}],"1/tcp":[{"HostPort":""}],"2/tcp":null,)"
      R"("3/tcp":[{"HostPort":"9000-9010"}],"4/tcp":[{"HostPort":"0"}],"5/tcp":[{"HostPort":"x"}],)"
      R"("6/tcp":[{"HostPort":"65536"}],"7/tcp":[5],"90":[{"HostPort":"90"}]})");
  std::vector<HostPort> expected = {
      {"127.0.0.1", 8080, "tcp"}, {"", 81, "tcp"}, {"", 53, "udp"}, {"", 90, "tcp"}};
  cr_expect(reserves.ports == expected, "%s", encode(reserves).c_str());
  cr_expect(
      of(R"("NetworkMode":"host","PortBindings":{"80/tcp":[{"HostPort":"80"}]})").ports.empty());
}

Test(reserves, with_the_host_s_network_ports_are_those_it_exposes) {
  const std::string exposed =
      R"("ExposedPorts":{"80/tcp":{},"53/udp":{},"8080":{},"x/tcp":{},"0/tcp":{},"9000-9001/tcp":{}})";
  const std::string host = R"("HostConfig":{"NetworkMode":"host"})";
  std::vector<HostPort> expected = {{"", 80, "tcp"}, {"", 53, "udp"}, {"", 8080, "tcp"}};
  auto requested = [](const std::string& body) { return reservesOf(docker::CreateRequest(body)); };
  cr_expect(requested("{" + exposed + "," + host + "}").ports == expected);
  cr_expect(reservesOf("{\"Config\":{" + exposed + "}," + host + "}")->ports == expected);
  cr_expect(requested("{" + exposed + ",\"HostConfig\":{}}").ports.empty());
  cr_expect(requested(R"({"ExposedPorts":5,"HostConfig":{"NetworkMode":"host"}})").ports.empty());
  cr_expect(reservesOf(R"({"Config":5,"HostConfig":{"NetworkMode":"host"}})")->ports.empty());
}

Test(reserves, devices_are_as_they_were_asked_for) {
  ResourceRequest reserves =
      of(R"("DeviceRequests":[{"Driver":"nvidia","Count":-1,"DeviceIDs":null,"Capabilities":)"
         R"([["gpu","compute"]],"Options":{}},{"DeviceIDs":["0","1"]},5])");
  cr_assert_eq(reserves.devices.size(), 2);
  cr_expect_eq(reserves.devices[0].driver, "nvidia");
  cr_expect_eq(reserves.devices[0].count, -1);
  cr_expect_eq(reserves.devices[0].capabilities[0][1], "compute");
  cr_expect_eq(reserves.devices[1].ids[1], "1");
}

Test(reserves, go_into_a_record_and_come_back) {
  ResourceRequest all =
      of(R"("NanoCpus":5,"Memory":6,"PidsLimit":7,"PortBindings":{"80/tcp":[{"HostIp":"fd00::1",)"
         R"("HostPort":"80"}],"81/sctp":[{"HostPort":"81"}]},"DeviceRequests":[{"Driver":"d",)"
         R"("Count":2,"DeviceIDs":["a\"b"],"Capabilities":[["x"],["y","z"]]}])");
  std::string json = encode(all);
  cr_expect_eq(json,
               R"({"NanoCpus":5,"Memory":6,"PidsLimit":7,"Ports":["fd00::1:80/tcp",":81/sctp"],)"
               R"("DeviceRequests":[{"Driver":"d","Count":2,"DeviceIDs":["a\"b"],)"
               R"("Capabilities":[["x"],["y","z"]]}]})",
               "%s", json.c_str());
  cr_expect(decodeResourceRequest(json) == all);
  cr_expect_eq(encode(ResourceRequest()), "");
  for (const char* wrong : {"", "[]", "{", "{\"Ports\":5,\"Memory\":\"x\",\"DeviceRequests\":{}}",
                            "{\"Ports\":[\"\",\"80\",\":80\",\":x/tcp\",\"/:\",5]}"})
    cr_expect(decodeResourceRequest(wrong) == ResourceRequest(), "%s", wrong);
}

Test(reserves, are_bounded_whatever_is_asked_for) {
  std::string many, devices;
  for (int i = 1; i < 3000; i++) {
    std::string port = std::to_string(i);
    many += (i > 1 ? ",\"" : "\"") + port + "/tcp\":[{\"HostPort\":\"" + port + "\"}]";
    devices += (i > 1 ? "," : "") + std::string("{\"Driver\":\"") + std::string(300, 'x') + "\"}";
  }
  ResourceRequest reserves =
      of("\"PortBindings\":{" + many + "},\"DeviceRequests\":[" + devices + "]");
  cr_expect_eq(reserves.ports.size(), 1024);
  cr_expect_eq(reserves.devices.size(), 64);
  cr_expect_eq(reserves.devices[0].driver, "");
  cr_expect(decodeResourceRequest(encode(reserves)) == reserves);
}

Test(reserves, what_is_no_object_tells_nothing) {
  for (const char* wrong : {"", "[]", "5", "{"})
    cr_expect_not(reservesOf(wrong).has_value(), "%s", wrong);
  for (const char* none : {"{}", "{\"HostConfig\":5}", "{\"HostConfig\":{\"PortBindings\":[]}}"})
    cr_expect(reservesOf(none) == ResourceRequest(), "%s", none);
}
