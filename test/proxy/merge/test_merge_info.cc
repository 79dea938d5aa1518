// GET /info and /version of several nodes as one.

#include "proxy/merge/merge_info.h"

#include <criterion/criterion.h>

#include <string>
#include <vector>

#include "test/proxy/merge_bodies.h"

using namespace catalog;
using namespace docker;
using namespace proxy;
using namespace std::chrono_literals;
using bodies::failure;
using bodies::from;
using bodies::has;

namespace {

using Nodes = std::vector<NodeAnswer>;

std::string replaced(std::string text, const std::string& old, const std::string& fresh) {
  size_t at = text.find(old);
  cr_assert(at != std::string::npos, "%s", old.c_str());
  return text.replace(at, old.size(), fresh);
}

NodeFacts someFacts() {
  NodeFacts facts;
  facts.name = "n2";
  facts.address = "10.0.0.2";
  facts.status = "ready";
  facts.containers = 3;
  facts.running = 2;
  facts.nanoCpus = 4'000'000'000;
  facts.reservedNanoCpus = 1'500'000'000;
  facts.memory = 8LL << 30;
  facts.reservedMemory = 1LL << 29;
  facts.engineVersion = "20.10.24";
  return facts;
}

std::string versions(const std::string& most, const std::string& least) {
  return "{\"ApiVersion\":\"" + most + "\",\"MinAPIVersion\":\"" + least + "\"}";
}

}  // namespace

Test(merge_info, one_nodes_answers_stay_as_they_are) {
  Nodes one = {from("n1", bodies::info)};
  cr_expect_eq(mergeInfo(one, one[0].nodeId, {}, {}), bodies::info);
  one[0].body = bodies::version;
  cr_expect_eq(mergeVersion(one, one[0].nodeId, {}), bodies::version);
}

Test(merge_info, counts_are_summed_and_the_rest_is_of_the_node_asked) {
  std::string other = replaced(bodies::info, "\"Name\":\"merge-1\"", "\"Name\":\"merge-2\"");
  Nodes nodes = {from("n1", bodies::info), from("n2", other)};
  std::string info = mergeInfo(nodes, nodes[1].nodeId, {}, {});
  cr_expect(has(info,
                "\"Containers\":4,\"ContainersRunning\":2,\"ContainersPaused\":0,"
                "\"ContainersStopped\":2,\"Images\":4,"),
            "%s", info.c_str());
  cr_expect(has(info, "\"NCPU\":4,\"MemTotal\":50553004032,"));
  cr_expect(has(info, "\"Name\":\"merge-2\""));
  cr_expect(has(mergeInfo(nodes, nodes[0].nodeId, {}, {}), "\"Name\":\"merge-1\""));
  cr_expect(has(mergeInfo(nodes, "nobody", {}, {}), "\"Name\":\"merge-1\""));
  cr_expect(has(mergeInfo(nodes, "", {}, {2, 1}), "\"Images\":3,"), "one counts once");
  cr_expect(has(mergeInfo(nodes, "", {}, {9, 9}), "\"Images\":9,"), "if engines count none");
}

Test(merge_info, sums_stop_at_the_ends_of_64_bits) {
  Nodes nodes = {from("n1", "{\"MemTotal\":9223372036854775807}"),
                 from("n2", "{\"MemTotal\":99999999999999999999}")};
  cr_expect(has(mergeInfo(nodes, "", {}, {}), "\"MemTotal\":9223372036854775807"));
}

Test(merge_info, plugins_are_those_that_every_node_has) {
  std::string other =
      replaced(bodies::info, "[\"bridge\",\"host\",\"ipvlan\",", "[\"weave\",\"host\",\"bridge\",");
  other = replaced(other, "\"Volume\":[\"local\"]", "\"Volume\":null");
  std::string info = mergeInfo(Nodes{from("n1", bodies::info), from("n2", other)}, "", {}, {});
  cr_expect(has(info,
                "\"Plugins\":{\"Volume\":[],\"Network\":[\"bridge\",\"host\",\"macvlan\","
                "\"null\",\"overlay\"],\"Authorization\":null,\"Log\":[\"awslogs\""),
            "%s", info.c_str());
}

Test(merge_info, warnings_tell_who_has_them_unless_all_have) {
  auto warns = [](const std::string& list) {
    return replaced(bodies::info, "\"Warnings\":null", "\"Warnings\":" + list);
  };
  Nodes nodes = {from("n1", warns("[\"WARNING: all\",\"WARNING: \\u00e9 n1 n3\",\"x\",\"x\"]")),
                 from("n2", warns("[\"WARNING: all\"]")),
                 from("n3", warns("[\"WARNING: \\u00e9 n1 n3\",\"WARNING: all\"]"))};
  std::string info = mergeInfo(nodes, "", {}, {});
  cr_expect(
      has(info, "\"Warnings\":[\"WARNING: all\",\"n1, n3: WARNING: \\u00e9 n1 n3\",\"n1: x\"]"),
      "%s", info.c_str());
}

Test(merge_info, each_node_has_rows_in_the_system_status) {
  NodeFacts down = someFacts();
  down.name = "n\"3";
  down.status = "down";
  down.reservedMemory = 0;
  down.roundTrip = 1250us;
  down.labels = {"a=b", "ssd"};
  down.lastError = "no answer";
  std::string info = mergeInfo(Nodes{from("n1", bodies::info)}, "", {someFacts(), down}, {});
  cr_expect(bodies::isJson(info));
  const std::string rows =
      R"x("SystemStatus":[["Nodes","2"],[" n2","10.0.0.2"],["  └ Status","ready"],)x"
      R"x(["  └ Containers","3 (2 Running)"],["  └ Reserved CPUs","1.5 / 4"],)x"
      R"x(["  └ Reserved Memory","512MiB / 8GiB"],["  └ Server Version","20.10.24"],)x"
      R"x([" n\"3","10.0.0.2"],["  └ Status","down"],["  └ Containers","3 (2 Running)"],)x"
      R"x(["  └ Reserved CPUs","1.5 / 4"],["  └ Reserved Memory","0B / 8GiB"],)x"
      R"x(["  └ Labels","a=b, ssd"],["  └ Round Trip","1.2ms"],)x"
      R"x(["  └ Server Version","20.10.24"],["  └ Last Error","no answer"]]})x";
  cr_expect(has(info, rows), "%s", info.c_str());
}

Test(merge_info, senseless_answers_are_told_with_their_node) {
  auto info = [](const Nodes& nodes) { return mergeInfo(nodes, "", {}, {}); };
  auto version = [](const Nodes& nodes) { return mergeVersion(nodes, "", {}); };
  cr_expect_eq(failure(info, "[]"), "node bad: its answer is not a JSON object");
  cr_expect_eq(failure(info, bodies::info.substr(0, 500)),
               "node bad: its answer is not a JSON object");
  cr_expect_eq(failure(info, "{\"NCPU\":\"2\"}"), "node bad: NCPU is not a whole number");
  cr_expect_eq(failure(info, "{\"Plugins\":[]}"), "node bad: Plugins is not a JSON object");
  cr_expect_eq(failure(info, "{\"Plugins\":{\"Log\":1}}"),
               "node bad: Plugins of a kind is not a JSON list");
  cr_expect_eq(failure(version, "{}"), "node bad: its answer has no ApiVersion");
  cr_expect_eq(failure(version, "{\"ApiVersion\":1.41}"), "node bad: its answer has no ApiVersion");
  cr_expect_throw(mergeInfo({}, "n1", {}, {}), MergeError);
}

Test(merge_info, the_version_is_one_that_all_engines_speak) {
  Nodes nodes = {from("n1", versions("1.41", "1.12")), from("n2", versions("1.9", "1.24")),
                 from("n3", versions("1.54", "1.3"))};
  cr_expect_eq(mergeVersion(nodes, nodes[0].nodeId, {}), versions("1.9", "1.24"));
  nodes[0].body = "{\"ApiVersion\":\"1.41\"}";
  cr_expect_eq(mergeVersion(Nodes{nodes[0]}, "", {}), nodes[0].body);
}

Test(merge_info, each_droverd_is_a_component) {
  Nodes nodes = {from("n1", bodies::version), from("n2", versions("1.54", "1.40"))};
  const std::string drovers =
      "{\"Name\":\"drover\",\"Version\":\"0.1.0\",\"Details\":{\"Node\":\"n1\"}},"
      "{\"Name\":\"drover\",\"Version\":\"0.2.0\",\"Details\":{\"Node\":\"n2\"}}]";
  std::vector<DroverVersion> known = {{"n1", "0.1.0"}, {"n2", "0.2.0"}};
  std::string version = mergeVersion(nodes, nodes[0].nodeId, known);
  cr_expect(has(version, "\"GitCommit\":\"1.1.5+ds1-1+deb12u1\"}}," + drovers + ",\"Version\":"),
            "%s", version.c_str());
  cr_expect(has(version, "\"ApiVersion\":\"1.41\",\"MinAPIVersion\":\"1.40\""));
  version = mergeVersion(nodes, nodes[1].nodeId, known);
  cr_expect(has(version, ",\"Components\":[" + drovers + "}"), "%s", version.c_str());
}
