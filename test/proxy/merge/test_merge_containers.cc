// Lists of containers of several nodes as one.

#include "proxy/merge/merge_containers.h"

#include <criterion/criterion.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "base/url.h"
#include "test/proxy/merge_bodies.h"

using namespace catalog;
using namespace docker;
using namespace proxy;
using bodies::from;

namespace {

struct Container {
  std::string id;
  int64_t created = 0;
};

std::string entry(const Container& container) {
  return "{\"Id\":\"" + container.id + "\",\"Names\":[\"/" + container.id +
         "\"],\"Created\":" + std::to_string(container.created) +
         ",\"Ports\":[],\"Labels\":{},\"State\":\"running\",\"Status\":\"Up 1 second\"}";
}

std::string list(const std::vector<Container>& containers) {
  std::string out;
  for (const Container& each : containers) out += (out.empty() ? "" : ",") + entry(each);
  return "[" + out + "]\n";
}

// The ids of a list, with '!' after those shown as down.
std::string ids(const std::string& json) {
  rapidjson::Document parsed;
  parsed.Parse(json.c_str());
  cr_assert(parsed.IsArray(), "%s", json.c_str());
  std::string out;
  for (const auto& each : parsed.GetArray()) {
    out += (out.empty() ? "" : " ") + std::string(each["Id"].GetString());
    if (std::string(each["Status"].GetString()) == "Host Down") out += "!";
  }
  return out;
}

std::string filters(const std::string& json) {
  return "filters=" + base::encodeQueryValue(json);
}

ContainerListPlan planned(const std::string& query) {
  return *planContainerList(query);
}

std::string merged(const std::string& query, const std::vector<NodeAnswer>& answers,
                   const std::vector<NodeAnswer>& down = {}) {
  return mergeContainers(planned(query), answers, down, {});
}

std::string failure(const std::string& body) {
  try {
    merged("", {from("good", "[]"), from("bad", body)});
  } catch (const MergeError& failed) {
    return failed.what();
  }
  return "";
}

}  // namespace

Test(merge_containers, one_nodes_list_gains_only_the_node) {
  NodeAnswer node = from("n1", bodies::containers);
  std::string shown =
      mergeContainers(planned("all=1"), std::vector{node}, {}, {.asked = node.nodeId});
  cr_expect_neq(shown, bodies::containers);
  cr_expect_eq(bodies::without(shown, bodies::nodeMember(node)), bodies::containers);
  std::string member = "\"Mounts\":[],\"Node\":{\"ID\":\"" + node.nodeId +
                       "\",\"Name\":\"n1\",\"IP\":\"10.0.0.9\",\"Addr\":\"10.0.0.9\"}}";
  cr_expect(bodies::has(shown, member), "%s", shown.c_str());
}

Test(merge_containers, the_newest_come_first_and_equal_ones_by_node) {
  NodeAnswer a = from("a", list({{"a5", 5}, {"a3", 3}, {"a3b", 3}}));
  NodeAnswer b = from("b", list({{"b9", 9}, {"b3", 3}, {"b1", 1}}));
  cr_expect_eq(ids(merged("", {a, b})), "b9 a5 a3 a3b b3 b1");
  cr_expect_eq(ids(merged("", {b, a})), "b9 a5 a3 a3b b3 b1", "whoever is asked");
  cr_expect_eq(ids(merged("limit=3", {a, b})), "b9 a5 a3");
  cr_expect_eq(merged("", {}), "[]\n");
  cr_expect_eq(merged("", {from("a", "[]\n"), from("b", "null\n")}), "[]\n");
}

Test(merge_containers, only_containers_of_certain_images_are_shown) {
  auto entry = [](const char* id, int created, const char* image) {
    return std::string("{\"Id\":\"") + id + "\",\"ImageID\":\"" + image +
           "\",\"Created\":" + std::to_string(created) + ",\"Status\":\"s\"}";
  };
  NodeAnswer a = from("a", "[" + entry("a5", 5, "x") + "," + entry("a3", 3, "y") + "]");
  NodeAnswer b = from("b", "[" + entry("b4", 4, "y") + ",{\"Id\":\"b1\",\"Created\":1}]");
  ContainerListPlan plan = planned("all=1");
  plan.images = ImageIds{"y"};
  auto shown = [&] { return ids(mergeContainers(plan, std::vector{a}, std::vector{b}, {})); };
  cr_expect_eq(shown(), "b4! a3");
  plan.limit = 1;
  cr_expect_eq(shown(), "b4!");
  plan.images = ImageIds();
  cr_expect_eq(shown(), "");
}

Test(merge_containers, numbers_and_unknown_members_stay_as_written) {
  std::string odd =
      "{\"Id\":\"x\",\"New\":18446744073709551615,\"F\":1.10,\"Created\":1,\"U\":"
      "\"\\u00e9\xc3\xa9\","
      "\"Status\":\"s\",\"Deep\":" +
      std::string(5000, '[') + std::string(5000, ']') + "}";
  NodeAnswer node = from("n1", "[" + odd + "]\n");
  cr_expect_eq(bodies::without(merged("", {node}), bodies::nodeMember(node)), node.body);
}

Test(merge_containers, published_ports_carry_the_nodes_address_elsewhere) {
  NodeAnswer node = from("n2", "[" + bodies::webEntry + "]");
  auto shown = [&](PublishedPorts ports) {
    return mergeContainers(planned(""), std::vector{node}, {}, ports);
  };
  const std::string one =
      "\"Ports\":[{\"IP\":\"10.0.0.0\",\"PrivatePort\":80,\"PublicPort\":8080,\"Type\":\"tcp\"}]";
  const std::string both =
      "{\"IP\":\"0.0.0.0\",\"PrivatePort\":80,\"PublicPort\":8080,\"Type\":\"tcp\"},"
      "{\"IP\":\"::\"";
  std::string expected = one;
  expected.replace(expected.find("10.0.0.0"), 8, node.nodeAddress);
  cr_expect(bodies::has(shown({.asked = "n1"}), expected), "%s", shown({.asked = "n1"}).c_str());
  cr_expect(bodies::has(shown({.asked = node.nodeId}), both), "not on the node asked");
  cr_expect(bodies::has(shown({.asked = "n1", .rewrite = false}), both), "not if not wanted");

  const std::string kept =
      "\"Ports\":[{\"PrivatePort\":99,\"Type\":\"tcp\"},"
      "{\"IP\":\"127.0.0.1\",\"PrivatePort\":9,\"PublicPort\":9,\"Type\":\"udp\"}]";
  node.body = "[{\"Id\":\"x\",\"Created\":1," + kept + "}]";
  cr_expect(bodies::has(shown({.asked = "n1"}), kept), "those on one address, or on none");
}

Test(merge_containers, an_inspection_tells_node_and_address) {
  const std::string ports =
      "{\"80/tcp\":[{\"HostIp\":\"0.0.0.0\",\"HostPort\":\"8080\"},{\"HostIp\":\"::\","
      "\"HostPort\":\"8080\"}],\"99/udp\":[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"9\"}],"
      "\"7/tcp\":null}";
  const std::string rewritten =
      "{\"80/tcp\":[{\"HostIp\":\"10.0.0.0\",\"HostPort\":\"8080\"}],"
      "\"99/udp\":[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"9\"}],\"7/tcp\":null}";
  const std::string bindings = "\"HostConfig\":{\"PortBindings\":{\"80/tcp\":[{\"HostIp\":\"\"}]}}";
  auto inspection = [&](const std::string& shown) {
    return "{\"Id\":\"x\"," + bindings + ",\"NetworkSettings\":{\"Ports\":" + shown + "}}\n";
  };
  NodeAnswer node = from("n2", inspection(ports));
  node.nodeAddress = "10.0.0.0";
  auto shown = [&](PublishedPorts where) {
    return bodies::without(inspectionOn(node, where), bodies::nodeMember(node));
  };
  cr_expect_eq(shown({.asked = "n1"}), inspection(rewritten), "%s", shown({.asked = "n1"}).c_str());
  cr_expect_eq(shown({.asked = node.nodeId}), node.body);
  cr_expect_eq(shown({.asked = "n1", .rewrite = false}), node.body);
  cr_expect_neq(inspectionOn(node, {.asked = node.nodeId}), node.body);
  node.body = inspection("null");
  cr_expect_eq(shown({.asked = "n1"}), node.body);
  node.body = "{\"Id\":\"x\"}";
  cr_expect_eq(shown({.asked = "n1"}), node.body);
  for (const char* body : {"[]", "{\"NetworkSettings\":[]}", "{\"NetworkSettings\":{\"Ports\":[]}}",
                           "{\"NetworkSettings\":{\"Ports\":{\"80/tcp\":[1]}}}"}) {
    node.body = body;
    cr_expect_throw(inspectionOn(node, {.asked = "n1"}), MergeError, "%s", body);
  }
}

Test(merge_containers, hosts_that_are_down_show_what_was_known) {
  NodeAnswer a = from("a", list({{"a5", 5}, {"a1", 1}}));
  NodeAnswer b = from("b", list({{"b3", 3}, {"b2", 2}}));
  cr_expect_eq(ids(merged("all=1", {a}, {b})), "a5 b3! b2! a1");
  cr_expect_eq(ids(merged("", {a}, {b})), "a5 a1", "like stopped ones");
  cr_expect_eq(ids(merged("limit=3", {a}, {b})), "a5 b3! b2!");
  cr_expect_eq(ids(merged("all=1&" + filters("{\"name\":[\"b2\",\"a1\"]}"), {a}, {b})), "a5 b2! a1",
               "its filters are ours, the engine of the other did its own");
  std::string shown = merged(filters("{\"status\":[\"running\"]}"), {}, {b});
  cr_expect_eq(ids(shown), "b3! b2!", "the state is the last known");
  cr_expect(bodies::has(shown, "\"State\":\"running\",\"Status\":\"Host Down\""));
}

Test(merge_containers, before_and_since_cut_at_a_container_of_another_node) {
  // In the cluster's order: b9 a5 | a3 x3 y3 b3 | c1
  NodeAnswer a = from("a", list({{"a5", 5}, {"a3", 3}}));
  NodeAnswer c = from("c", list({{"c1", 1}}));
  std::vector<Container> anchored = {{"b9", 9}, {"x3", 3}, {"y3", 3}, {"b3", 3}};
  NodeAnswer b = from("b", "");

  ContainerListPlan before = planned("all=1&" + filters("{\"before\":[\"y3\"]}"));
  before.beforeAt = {b.nodeId, "y3", 3'000'000'000};
  b.body = list(anchored);
  cr_expect_eq(ids(mergeContainers(before, std::vector{a, b, c}, {}, {})), "b3 c1");
  cr_expect_eq(ids(mergeContainers(before, std::vector{a, c}, std::vector{b}, {})), "b3! c1");

  ContainerListPlan since = planned("all=1&" + filters("{\"since\":[\"y3\"]}"));
  since.sinceAt = {b.nodeId, "y3", 3'000'000'000};
  cr_expect_eq(ids(mergeContainers(since, std::vector{a, b, c}, {}, {})), "b9 a5 a3 x3");
  cr_expect_eq(ids(mergeContainers(since, std::vector{a, c}, std::vector{b}, {})), "b9! a5 a3 x3!");
}

// The model: one engine that has all containers, in the cluster's order.
Test(merge_containers, any_cut_is_that_of_one_big_engine) {
  std::minstd_rand random(7);
  for (int round = 0; round < 300; round++) {
    std::vector<NodeAnswer> nodes;
    std::vector<std::vector<Container>> held(3);
    std::vector<std::pair<Container, size_t>> big;
    for (size_t n = 0; n < held.size(); n++) {
      for (unsigned i = 0; i < random() % 6; i++)
        held[n].push_back({"c" + std::to_string(n) + std::to_string(i), int64_t(random() % 4)});
      std::stable_sort(held[n].begin(), held[n].end(), [](const Container& a, const Container& b) {
        return a.created > b.created;
      });
      for (const Container& each : held[n]) big.emplace_back(each, n);
      nodes.push_back(from("n" + std::to_string(n), ""));
    }
    std::stable_sort(big.begin(), big.end(), [](const auto& a, const auto& b) {
      return a.first.created > b.first.created;
    });
    if (big.empty()) continue;
    size_t beforeAt = random() % big.size();
    size_t sinceAt = random() % big.size();
    size_t limit = random() % 5;
    bool useBefore = random() % 2 == 0;
    bool useSince = random() % 2 == 0;

    std::string expected;
    size_t count = 0;
    for (size_t i = useBefore ? beforeAt + 1 : 0; i < (useSince ? sinceAt : big.size()); i++) {
      if (limit > 0 && count++ == limit) break;
      expected += (expected.empty() ? "" : " ") + big[i].first.id;
    }

    std::string wanted;
    if (useBefore) wanted += "\"before\":[\"" + big[beforeAt].first.id + "\"]";
    if (useSince)
      wanted += (wanted.empty() ? "" : ",") + ("\"since\":[\"" + big[sinceAt].first.id) + "\"]";
    ContainerListPlan plan =
        planned("all=1&limit=" + std::to_string(limit) + "&" + filters("{" + wanted + "}"));
    auto anchor = [&](size_t i) {
      return ListAnchor{nodes[big[i].second].nodeId, big[i].first.id,
                        big[i].first.created * 1'000'000'000};
    };
    if (useBefore) plan.beforeAt = anchor(beforeAt);
    if (useSince) plan.sinceAt = anchor(sinceAt);

    // Each node answers as an engine would to what it is asked.
    for (size_t n = 0; n < nodes.size(); n++) {
      ContainerListPlan asked = planned(plan.query());
      std::vector<Container> answer;
      bool passed = asked.before.empty();
      for (const Container& each : held[n]) {
        if (each.id == asked.since) break;
        bool shown = passed && (asked.limit == 0 || answer.size() < size_t(asked.limit));
        if (shown) answer.push_back(each);
        passed = passed || each.id == asked.before;
      }
      nodes[n].body = list(answer);
    }
    std::string shown = ids(mergeContainers(plan, nodes, {}, {}));
    cr_assert_eq(shown, expected, "round %d: %s instead of %s", round, shown.c_str(),
                 expected.c_str());
  }
}

Test(merge_containers, a_body_that_is_no_list_is_told_with_its_node) {
  const struct {
    std::string body;
    std::string why;
  } cases[] = {
      {"", "node bad: its answer is empty"},
      {"\n", "node bad: its answer is empty"},
      {"{\"message\":\"no\"}", "node bad: its answer is not a JSON list"},
      {"[" + bodies::webEntry, "node bad: its answer is not a JSON list"},
      {"[1]", "node bad: an entry of its list is not a JSON object"},
      {"[{\"Id\":\"x\"}]", "node bad: an entry of its list has no Created"},
      {"[{\"Created\":\"1\"}]", "node bad: Created of a container is not a whole number"},
      {"[{\"Created\":1.5}]", "node bad: Created of a container is not a whole number"},
      {"[{\"Created\":1,\"Ports\":3}]", "node bad: Ports of a container is not a JSON list"},
      {"[{\"Created\":1,\"Ports\":[3]}]", "node bad: a port of a container is not a JSON object"},
  };
  for (const auto& each : cases) {
    std::string why = failure(each.body);
    cr_expect_eq(why, each.why, "%s: %s", each.body.c_str(), why.c_str());
  }
}
