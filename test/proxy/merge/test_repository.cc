// The tags of one repository on several nodes.

#include "proxy/merge/repository.h"

#include <criterion/criterion.h>

#include "test/proxy/merge_bodies.h"

using namespace catalog;
using namespace docker;
using namespace proxy;
using bodies::from;

namespace {

std::string image(const std::string& id, const std::string& tags) {
  return "{\"Id\":\"" + id + "\",\"RepoTags\":" + tags + "}";
}

// "node: tag<node tag<node", or "none".
std::string gathered(const std::vector<NodeAnswer>& answers, const std::string& repository,
                     std::optional<size_t> at = {}) {
  Gathering gathering = gatherTags(answers, repository, at);
  if (gathering.tags.empty()) return "none";
  std::string text = answers[gathering.at].nodeName + ":";
  for (const auto& each : gathering.missing)
    text += " " + each.image + "<" + answers[each.from].nodeName;
  return text;
}

}  // namespace

Test(repository, tags_are_gathered_where_most_of_them_are) {
  std::vector<NodeAnswer> nodes = {
      from("n1", "[" + image("a", R"(["web:1","other:9"])") + "]"),
      from("n2", "[" + image("b", R"(["web:2","web:3"])") + "," + image("c", R"(["web:1"])") + "]"),
      from("n3", "[" + image("d", R"(["web:4","web/sub:5","host:5000/web:6"])") + "," +
                     image("e", R"(["<none>:<none>"])") + "," + image("f", "null") + "]"),
      from("n4", "[]"),
  };
  cr_expect_eq(gathered(nodes, "web"), "n2: web:4<n3");
  cr_expect_eq(gathered(nodes, "docker.io/library/web"), "n2: web:4<n3");
  cr_expect_eq(gathered(nodes, "other"), "n1:");
  cr_expect_eq(gathered(nodes, "host:5000/web"), "n3:");
  cr_expect_eq(gathered(nodes, "web", 3), "n4: web:1<n1 web:2<n2 web:3<n2 web:4<n3", "or here");
  cr_expect_eq(gathered(nodes, "<none>x"), "none");
  cr_expect_eq(gathered({}, "web"), "none");
  nodes.erase(nodes.begin() + 1);
  cr_expect_eq(gathered(nodes, "web"), "n1: web:4<n3", "of equal ones the first");
}

Test(repository, a_senseless_list_is_told_with_its_node) {
  for (const char* body : {"", "{}", "[1]", "[{\"RepoTags\":1}]"}) {
    bool told = false;
    try {
      gathered({from("bad", body)}, "web");
    } catch (const MergeError& failed) {
      told = bodies::has(failed.what(), "node bad");
    }
    cr_expect(told, "%s", body);
  }
}
