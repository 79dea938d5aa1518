// Disk usage and prune of several nodes as one.

#include "proxy/merge/merge_usage.h"

#include <criterion/criterion.h>

#include <string>
#include <vector>

#include "test/proxy/merge_bodies.h"

using namespace catalog;
using namespace docker;
using namespace proxy;
using bodies::from;
using bodies::has;

namespace {

using Nodes = std::vector<NodeAnswer>;

}  // namespace

Test(merge_sums, one_nodes_disk_usage_gains_only_the_node) {
  Nodes one = {from("n1", bodies::diskUsage)};
  std::string shown = mergeDiskUsage(one);
  cr_expect_eq(bodies::without(shown, bodies::nodeMember(one[0])), bodies::diskUsage, "%s",
               shown.c_str());
  one[0].body =
      "{\"LayersSize\":1,\"Images\":null,\"Containers\":[],\"Volumes\":null,\"BuildCache\":[],"
      "\"X\":1}\n";
  cr_expect_eq(mergeDiskUsage(one), one[0].body);
}

Test(merge_sums, disk_usage_is_that_of_all) {
  Nodes nodes = {
      from("n1",
           "{\"LayersSize\":5,\"Images\":[{\"Id\":\"i\",\"Created\":1,\"Containers\":1,"
           "\"RepoTags\":[\"a:1\"]}],\"Containers\":[{\"Id\":\"c1\",\"Created\":1}],"
           "\"Volumes\":null,\"BuildCache\":null,\"BuilderSize\":1}"),
      from("n2",
           "{\"LayersSize\":7,\"Images\":[{\"Id\":\"i\",\"Created\":1,\"Containers\":2,"
           "\"RepoTags\":[\"b:1\"]}],\"Containers\":[{\"Id\":\"c2\",\"Created\":2}],"
           "\"Volumes\":[{\"Name\":\"v\"}],\"BuildCache\":[{\"ID\":\"b\"}],\"BuilderSize\":2}")};
  std::string expected =
      "{\"LayersSize\":12,\"Images\":[{\"Id\":\"i\",\"Created\":1,\"Containers\":3,"
      "\"RepoTags\":[\"a:1\",\"b:1\"],\"RepoDigests\":null}],\"Containers\":[{\"Id\":\"c2\","
      "\"Created\":2" +
      bodies::nodeMember(nodes[1]) + "},{\"Id\":\"c1\",\"Created\":1" +
      bodies::nodeMember(nodes[0]) + "}],\"Volumes\":[{\"Name\":\"v\"" +
      bodies::nodeMember(nodes[1]) + "}],\"BuildCache\":[{\"ID\":\"b\"}],\"BuilderSize\":3}";
  std::string shown = mergeDiskUsage(nodes);
  cr_expect_eq(shown, expected, "%s", shown.c_str());
}

Test(merge_sums, what_was_pruned_is_listed_and_summed) {
  const struct {
    std::string a, b, shown;
  } cases[] = {
      {R"({"ContainersDeleted":["a"],"SpaceReclaimed":5})",
       R"({"ContainersDeleted":["b"],"SpaceReclaimed":6})",
       R"({"ContainersDeleted":["a","b"],"SpaceReclaimed":11})"},
      {R"({"ContainersDeleted":null,"SpaceReclaimed":0})",
       R"({"ContainersDeleted":null,"SpaceReclaimed":0})",
       R"({"ContainersDeleted":null,"SpaceReclaimed":0})"},
      {R"({"CachesDeleted":null,"SpaceReclaimed":18446744073709551615})",
       R"({"CachesDeleted":["x"],"SpaceReclaimed":1})",
       R"({"CachesDeleted":["x"],"SpaceReclaimed":9223372036854775807})"},
      {R"({"NetworksDeleted":["app"]})", R"({"NetworksDeleted":["app","db"]})",
       R"({"NetworksDeleted":["app","db"]})"},
      {R"({"VolumesDeleted":["v"],"SpaceReclaimed":1})",
       R"({"VolumesDeleted":["v"],"SpaceReclaimed":1})",
       R"({"VolumesDeleted":["v","v"],"SpaceReclaimed":2})"},
      {R"({"ImagesDeleted":[{"Untagged":"a:1"},{"Deleted":"x"}],"SpaceReclaimed":1})",
       R"({"ImagesDeleted":[{"Untagged":"a:1"}],"SpaceReclaimed":1})",
       R"({"ImagesDeleted":[{"Untagged":"a:1"},{"Deleted":"x"}],"SpaceReclaimed":2})"},
  };
  for (const auto& each : cases) {
    std::string shown = mergePrune(Nodes{from("n1", each.a), from("n2", each.b)}, "images");
    cr_expect_eq(shown, each.shown, "%s", shown.c_str());
  }
}

Test(merge_sums, images_that_were_removed_are_told_once) {
  Nodes nodes = {from("n1", "[{\"Untagged\":\"a:1\"},{\"Deleted\":\"x\"}]\n"),
                 from("n2", "[{\"Untagged\":\"a:1\"}]\n")};
  cr_expect_eq(mergeImageDelete(nodes), "[{\"Untagged\":\"a:1\"},{\"Deleted\":\"x\"}]\n");
  nodes = {from("n1", "[{\"Untagged\":\"a:1\"}]\n")};
  cr_expect_eq(mergeImageDelete(nodes), nodes[0].body);
}

Test(merge_sums, senseless_answers_are_told_with_their_node) {
  auto failure = [](const std::string& body) -> std::string {
    try {
      mergeDiskUsage(Nodes{from("good", "{}"), from("bad", body)});
    } catch (const MergeError& failed) {
      return failed.what();
    }
    return "";
  };
  cr_expect_eq(failure("{\"LayersSize\":true}"), "node bad: LayersSize is not a whole number");
  cr_expect_eq(failure("{\"Images\":{}}"), "node bad: Images is not a JSON list");
  cr_expect_eq(failure("{\"Containers\":[{}]}"), "node bad: an entry of its list has no Created");
  cr_expect_eq(failure("{\"BuildCache\":1}"), "node bad: BuildCache is not a JSON list");
  cr_expect_eq(failure(bodies::diskUsage.substr(0, 300)),
               "node bad: its answer is not a JSON object");
  cr_expect_throw(mergePrune(Nodes{from("n1", "{\"SpaceReclaimed\":\"1\"}")}, "images"),
                  MergeError);
}

Test(merge_sums, nobody_uses_and_removes_nothing) {
  auto lines = [](const std::string& text) { return text.substr(0, text.find('\n')); };
  cr_expect_eq(lines(mergePrune({}, "volumes")), R"({"VolumesDeleted":null,"SpaceReclaimed":0})");
  cr_expect_eq(lines(mergePrune({}, "containers")),
               R"({"ContainersDeleted":null,"SpaceReclaimed":0})");
  cr_expect_eq(lines(mergePrune({}, "networks")), R"({"NetworksDeleted":null})");
  cr_expect_eq(lines(mergePrune({}, "build")), R"({"CachesDeleted":null,"SpaceReclaimed":0})");
  cr_expect_eq(lines(mergeDiskUsage({})), R"({"LayersSize":0,"Images":[],"Containers":[],)"
                                          R"("Volumes":[],"BuildCache":[],"BuilderSize":0})");
}

Test(merge_sums, a_wrong_answer_is_left_out_and_told) {
  std::vector<std::string> told;
  auto merge = [](const Nodes& all) { return mergePrune(all, "volumes"); };
  auto isWrong = [&](const MergeError& wrong) { told.push_back(wrong.nodeName()); };
  Nodes nodes = {from("good", R"({"SpaceReclaimed":7})"), from("bad", "no JSON")};
  cr_expect_eq(catalog::mergeSound(nodes, merge, isWrong), "{\"SpaceReclaimed\":7}");
  cr_expect(told == std::vector<std::string>{"bad"});
  cr_expect_throw(catalog::mergeSound(Nodes{from("bad", "1")}, merge, isWrong), MergeError);
}
