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

Test(repository, names_are_as_engines_list_them) {
  const struct {
    const char* given;
    const char* familiar;
  } cases[] = {
      {"web", "web"},
      {"library/web", "web"},
      {"docker.io/web", "web"},
      {"docker.io/library/web", "web"},
      {"index.docker.io/library/web", "web"},
      {"docker.io/team/web", "team/web"},
      {"team/web", "team/web"},
      {"library/a/b", "library/a/b"},
      {"host:5000/library/web", "host:5000/library/web"},
      {"docker.io.example/web", "docker.io.example/web"},
      {"", ""},
  };
  for (const auto& each : cases)
    cr_expect_eq(familiarRepository(each.given), each.familiar, "%s", each.given);
}

Test(repository, a_tag_or_a_digest_names_one_image) {
  for (const char* one : {"web:1", "host:5000/web:1", "web@sha256:abc", "a/b:c"})
    cr_expect(namesOneImage(one), "%s", one);
  for (const char* all : {"web", "host:5000/web", "team/web", ""})
    cr_expect_not(namesOneImage(all), "%s", all);
  cr_expect_eq(withoutTag("host:5000/web:1"), "host:5000/web");
  cr_expect_eq(withoutTag("host:5000/web"), "host:5000/web");
  cr_expect_eq(withoutTag("web:1@sha256:abc"), "web");
}

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
