// Lists of images, networks and volumes of several nodes as one.

#include "proxy/merge/merge_lists.h"

#include <criterion/criterion.h>

#include <string>
#include <vector>

#include "test/proxy/merge_bodies.h"

using namespace catalog;
using namespace docker;
using namespace proxy;
using bodies::failure;
using bodies::from;
using bodies::has;

namespace {

using Nodes = std::vector<NodeAnswer>;

std::string image(const std::string& id, int created, int containers, const std::string& tags,
                  const std::string& digests) {
  return "{\"Containers\":" + std::to_string(containers) +
         ",\"Created\":" + std::to_string(created) + ",\"Id\":\"" + id +
         "\",\"RepoDigests\":" + digests + ",\"RepoTags\":" + tags + ",\"Size\":1}";
}

std::string network(const std::string& name, const std::string& id, const std::string& created,
                    const std::string& labels = "{}", const std::string& containers = "{}",
                    const std::string& driver = "bridge") {
  return "{\"Name\":\"" + name + "\",\"Id\":\"" + id + "\",\"Created\":\"" + created +
         "\",\"Driver\":\"" + driver + "\",\"Containers\":" + containers + ",\"Labels\":" + labels +
         "}";
}

std::string volume(const std::string& name, const std::string& driver, const std::string& scope) {
  return "{\"Driver\":\"" + driver + "\",\"Name\":\"" + name + "\",\"Scope\":\"" + scope + "\"}";
}

const std::string clusterLabel = "io.drover.network";

std::string networksOf(const Nodes& nodes) {
  return mergeNetworks(nodes, clusterLabel);
}

}  // namespace

Test(merge_lists, one_nodes_answers_stay_as_they_are) {
  Nodes one = {from("n1", bodies::images)};
  cr_expect_eq(mergeImages(one), bodies::images);
  one[0].body = bodies::networks;
  cr_expect_eq(networksOf(one), bodies::networks);
  one[0].body = network("app", "1", "2026-11-21T05:42:17Z") + "\n";
  cr_expect_eq(mergeNetwork(one), one[0].body);
  one[0].body = bodies::volumes;
  std::string volumes = mergeVolumes(one);
  cr_expect_eq(bodies::without(volumes, bodies::nodeMember(one[0])), bodies::volumes, "%s",
               volumes.c_str());
  cr_expect_neq(volumes, bodies::volumes);
}

Test(merge_lists, an_image_is_one_whoever_has_it) {
  const struct {
    std::string a, b, shown;
  } cases[] = {
      {image("x", 1, -1, "[\"a:1\"]", "null"), image("x", 1, -1, "[\"b:1\",\"a:1\"]", "null"),
       image("x", 1, -1, "[\"a:1\",\"b:1\"]", "null")},
      {image("x", 1, 2, "[\"a:1\"]", "[\"a@sha256:1\"]"), image("x", 9, -1, "[\"a:1\"]", "[]"),
       image("x", 1, 2, "[\"a:1\"]", "[\"a@sha256:1\"]")},
      {image("x", 1, 2, "[\"a:1\"]", "[]"), image("x", 1, 3, "[\"a:1\"]", "null"),
       image("x", 1, 5, "[\"a:1\"]", "[]")},
      // Without a name here, but with one there.
      {image("x", 1, -1, "[\"<none>:<none>\"]", "[\"<none>@<none>\"]"),
       image("x", 1, 0, "[\"a:1\"]", "null"), image("x", 1, 0, "[\"a:1\"]", "null")},
      {image("x", 1, -1, "[\"<none>:<none>\"]", "[\"<none>@<none>\"]"),
       image("x", 1, -1, "[\"<none>:<none>\"]", "[\"<none>@<none>\"]"),
       image("x", 1, -1, "[\"<none>:<none>\"]", "[\"<none>@<none>\"]")},
      {image("x", 1, -1, "[]", "[]"), image("x", 1, -1, "[]", "[]"), image("x", 1, -1, "[]", "[]")},
  };
  for (const auto& each : cases) {
    std::string shown =
        mergeImages(Nodes{from("n1", "[" + each.a + "]"), from("n2", "[" + each.b + "]")});
    cr_expect_eq(shown, "[" + each.shown + "]\n", "%s", shown.c_str());
  }
}

Test(merge_lists, an_image_has_its_parent_wherever_it_was_built) {
  auto image = [](const char* parent) {
    return std::string(R"([{"Id":"a","ParentId":")") + parent + R"(","Created":1}])";
  };
  std::vector<NodeAnswer> answers = {from("n1", image("")), from("n2", image("base"))};
  std::string merged = mergeImages(answers);
  cr_expect(bodies::has(merged, R"("ParentId":"base")"), "%s", merged.c_str());
}

Test(merge_lists, images_are_shown_newest_first) {
  auto named = [](const std::string& id, int created) {
    return image(id, created, -1, "[\"" + id + ":1\"]", "null");
  };
  Nodes nodes = {from("n1", "[" + named("a", 5) + "," + named("b", 2) + "]"),
                 from("n2", "[" + named("c", 9) + "," + named("b", 2) + "," + named("d", 2) + "]"),
                 from("n3", "null\n")};
  cr_expect_eq(mergeImages(nodes), "[" + named("c", 9) + "," + named("a", 5) + "," + named("b", 2) +
                                       "," + named("d", 2) + "]\n");
}

Test(merge_lists, networks_of_one_name_are_one_and_the_first_is_shown) {
  Nodes nodes = {
      from("n1", "[" +
                     network("app", "late", "2026-11-21T05:42:18Z", "{\"a\":\"1\",\"b\":\"1\"}",
                             "{\"c1\":{\"Name\":\"web\"}}") +
                     "]"),
      from("n2", "[" +
                     network("app", "early", "2026-11-21T05:42:17.9Z", "{\"a\":\"2\"}",
                             "{\"c2\":{\"Name\":\"db\"}}") +
                     "]")};
  std::string expected =
      "[" +
      network("app", "early", "2026-11-21T05:42:17.9Z", "{\"a\":\"2\",\"b\":\"1\"}",
              "{\"c2\":{\"Name\":\"db\"},\"c1\":{\"Name\":\"web\"}}") +
      "]\n";
  cr_expect_eq(networksOf(nodes), expected, "%s", networksOf(nodes).c_str());
  std::swap(nodes[0], nodes[1]);
  cr_expect_eq(networksOf(nodes), expected, "whoever is asked");
}

Test(merge_lists, networks_are_the_same_by_label_or_by_name) {
  const std::string time = "2026-11-21T05:42:17Z";
  auto ids = [&](const std::string& a, const std::string& b) {
    std::string shown = networksOf({from("n1", "[" + a + "]"), from("n2", "[" + b + "]")});
    return (has(shown, "\"Id\":\"1\"") ? "1" : "") +
           std::string(has(shown, "\"Id\":\"2\"") ? "2" : "");
  };
  std::string x = "{\"" + clusterLabel + "\":\"x\"}";
  std::string y = "{\"" + clusterLabel + "\":\"y\"}";
  cr_expect_eq(ids(network("app", "1", time, x), network("app", "2", time, x)), "1");
  cr_expect_eq(ids(network("app", "1", time, x), network("app", "2", time, y)), "12");
  cr_expect_eq(ids(network("app", "1", time, x), network("app", "2", time)), "12");
  cr_expect_eq(ids(network("app", "1", time), network("db", "2", time)), "12");
  cr_expect_eq(ids(network("app", "1", time), network("app", "2", time, "null", "null", "macvlan")),
               "1");
  cr_expect_eq(ids(network("bridge", "1", time), network("bridge", "2", time)), "1");
  cr_expect_eq(ids(network("bridge", "1", time), network("bridge", "2", time, "{}", "{}", "nat")),
               "12");
  std::string twice = network("app", "1", time) + "," + network("app", "3", time);
  std::string shown = networksOf(
      {from("n1", "[" + twice + "]"), from("n2", "[" + network("app", "2", time) + "]")});
  cr_expect_eq(shown, "[" + twice + "]\n", "a name that one node has twice: %s", shown.c_str());
}

Test(merge_lists, moments_are_compared_in_any_time_zone) {
  const struct {
    std::string earlier, later;
  } cases[] = {
      {"2026-11-21T05:42:17.1Z", "2026-11-21T05:42:17.2Z"},
      {"2026-11-21T06:42:17.1+02:00", "2026-11-21T05:42:17.1Z"},
      {"2026-11-21T05:42:17.1Z", "2026-11-21T01:42:17.1-04:30"},
      {"2026-11-21T05:42:17.1Z", "not a time"},
      {"2026-11-21T05:42:17.1Z", ""},
      {"2026-11-21T05:42:17.1Z", "2020-11-21T05:42:17.1+xx:00"},
      {"2026-11-21T05:42:17.1Z", "0001-01-01T00:00:00Z"},
  };
  for (const auto& each : cases) {
    for (bool swapped : {false, true}) {
      NodeAnswer a = from(swapped ? "n2" : "n1", network("app", "earlier", each.earlier));
      NodeAnswer b = from(swapped ? "n1" : "n2", network("app", "later", each.later));
      std::string shown = mergeNetwork(swapped ? Nodes{b, a} : Nodes{a, b});
      cr_expect(has(shown, "\"Id\":\"earlier\""), "%s", shown.c_str());
    }
  }
}

Test(merge_lists, volumes_are_each_shown_with_their_node) {
  Nodes nodes = {from("n1", "{\"Volumes\":[" + volume("v", "local", "local") + "," +
                                volume("g", "nfs", "global") +
                                "],\"Warnings\":[\"same\",\"nfs is \\\"slow\\\"\"]}"),
                 from("n2", "{\"Volumes\":[" + volume("v", "local", "local") + "," +
                                volume("g", "nfs", "global") + "," + volume("g", "ceph", "global") +
                                "],\"Warnings\":[\"same\"]}"),
                 from("n3", "{\"Volumes\":null,\"Warnings\":[\"same\"]}")};
  auto on = [&](size_t node, std::string json) {
    json.pop_back();
    return json + bodies::nodeMember(nodes[node]) + "}";
  };
  std::string expected = "{\"Volumes\":[" + on(0, volume("v", "local", "local")) + "," +
                         on(0, volume("g", "nfs", "global")) + "," +
                         on(1, volume("v", "local", "local")) + "," +
                         on(1, volume("g", "ceph", "global")) +
                         "],\"Warnings\":[\"same\",\"n1: nfs is \\\"slow\\\"\"]}";
  cr_expect_eq(mergeVolumes(nodes), expected, "%s", mergeVolumes(nodes).c_str());
  cr_expect_eq(mergeVolumes({}), "{\"Volumes\":[],\"Warnings\":null}\n");
}

Test(merge_lists, senseless_answers_are_told_with_their_node) {
  auto images = [](const Nodes& nodes) { return mergeImages(nodes); };
  auto network = [](const Nodes& nodes) { return mergeNetwork(nodes); };
  auto volumes = [](const Nodes& nodes) { return mergeVolumes(nodes); };
  cr_expect_eq(failure(images, "{}"), "node bad: its answer is not a JSON list");
  cr_expect_eq(failure(images, "[{}]"), "node bad: an image of its has no Id");
  cr_expect_eq(failure(images, "[{\"Id\":3}]"), "node bad: an image of its has no Id");
  cr_expect_eq(failure(images, "[{\"Id\":\"x\",\"Created\":[]}]"),
               "node bad: Created is not a whole number");
  std::string twice = "[{\"Id\":\"x\",\"RepoTags\":5},{\"Id\":\"x\"}]";
  cr_expect_eq(failure(images, twice), "node bad: RepoTags is not a JSON list");
  cr_expect_eq(failure(networksOf, "[{}]"), "node bad: a network of its has no Name");
  cr_expect_eq(failure(networksOf, "[{\"Name\":\"x\",\"Labels\":[]}]"),
               "node bad: Labels is not a JSON object");
  cr_expect_eq(failure(network, "{\"Name\":"), "node bad: its answer is not a JSON object");
  cr_expect_eq(failure(volumes, "[]"), "node bad: its answer is not a JSON object");
  cr_expect_eq(failure(volumes, "{\"Volumes\":{}}"), "node bad: Volumes is not a JSON list");
  cr_expect_eq(failure(volumes, "{\"Volumes\":[1]}"),
               "node bad: a volume in its list is not a JSON object");
  cr_expect_eq(failure(volumes, "{\"Warnings\":[1]}"), "node bad: its Warnings are not texts");
}
