// Who holds which network, volume and image, by the records of all nodes.

#include "catalog/object_index.h"

#include <criterion/criterion.h>

#include <string>

using namespace docker;
using namespace catalog;

namespace {

cluster::NodeId node(char letter) {
  return *cluster::NodeId::parse(std::string(cluster::NodeId::length, letter));
}

const std::string digested =
    "app@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

// An index that follows a feed.
struct Fed {
  Fed() { index.follow(feed); }
  void put(const cluster::NodeId& owner, const std::string& key, const std::string& record) {
    feed.recordChanged(owner, key, {record, 1});
  }

  RecordFeed feed;
  ObjectIndex index;
};

// The letters of the nodes that hold it.
std::string holders(const ObjectIndex& index, ObjectKind kind, const std::string& object) {
  std::string letters;
  for (const cluster::NodeId& each : index.holders(kind, object)) letters += each.text()[0];
  return letters;
}

}  // namespace

Test(holdings_index, finds_by_id_name_and_prefix_of_an_id) {
  Fed fed;
  const ObjectIndex& index = fed.index;
  fed.put(node('a'), "network/abc1", R"({"Name":"back"})");
  fed.put(node('b'), "network/abd2", R"({"Name":"back"})");
  fed.put(node('c'), "network/f3", R"({"Name":"abc1"})");
  fed.put(node('b'), "volume/data", "{}");
  fed.put(node('a'), "image/sha256:aa1", R"({"RepoTags":["app:latest","x/y:1"]})");
  fed.put(node('b'), "image/sha256:aa1", R"({"RepoTags":["app:old"]})");
  fed.put(node('c'), "image/sha256:aa2", "{\"RepoDigests\":[\"" + digested + "\"]}");
  const struct {
    ObjectKind kind;
    std::string object;
    const char* expected;
  } cases[] = {
      {ObjectKind::network, "abc1", "a"},  // an id, though another one has it as its name
      {ObjectKind::network, "back", "ab"},
      {ObjectKind::network, "abc", "a"},
      {ObjectKind::network, "ab", ""},  // the prefix of two
      {ObjectKind::network, "", ""},
      {ObjectKind::network, "data", ""},
      {ObjectKind::volume, "data", "b"},
      {ObjectKind::volume, "dat", ""},  // volumes have no prefixes
      {ObjectKind::image, "app", "a"},
      {ObjectKind::image, "docker.io/library/app:latest", "a"},
      {ObjectKind::image, "app:old", "b"},
      {ObjectKind::image, "app:new", ""},
      {ObjectKind::image, "x/y:1", "a"},
      {ObjectKind::image, digested, "c"},
      {ObjectKind::image, "sha256:aa1", "ab"},
      {ObjectKind::image, "aa1", "ab"},
      {ObjectKind::image, "aa", ""},
      {ObjectKind::image, "sha256:aa", ""},
  };
  for (const auto& each : cases)
    cr_expect_eq(holders(index, each.kind, each.object), each.expected, "%s: %s",
                 each.object.c_str(), holders(index, each.kind, each.object).c_str());
  cr_expect_eq(index.named(ObjectKind::image, "app:1" + digested.substr(3)),
               std::vector<std::string>{"sha256:aa2"});
  cr_expect(index.named(ObjectKind::image, "app@sha256:de").empty());
  cr_expect_eq(index.named(ObjectKind::image, "library/app"),
               std::vector<std::string>{"sha256:aa1"});
  cr_expect_eq(index.named(ObjectKind::image, "aa2"), std::vector<std::string>{"sha256:aa2"});
  cr_expect(index.named(ObjectKind::image, "aa").empty());
  cr_expect(index.named(ObjectKind::image, "").empty());
  cr_expect(index.named(ObjectKind::volume, "dat").empty());
  cr_expect_eq(index.named(ObjectKind::network, "back").size(), 2);
  cr_expect_eq(index.distinct(ObjectKind::image, {node('a'), node('b')}), 1);
  cr_expect_eq(index.distinct(ObjectKind::image, {node('a'), node('c')}), 2);
  cr_expect_eq(index.distinct(ObjectKind::image, {}), 0);
  cr_expect_eq(index.shared(ObjectKind::image).size(), 1);
  cr_expect_eq(index.shared(ObjectKind::image).begin()->first, "sha256:aa1");
  cr_expect(index.shared(ObjectKind::volume).empty());
}

Test(holdings_index, a_record_replaces_what_its_owner_said_before) {
  Fed fed;
  const ObjectIndex& index = fed.index;
  fed.put(node('a'), "image/sha256:aa", R"({"RepoTags":["app:1","app:2"]})");
  fed.put(node('b'), "image/sha256:aa", R"({"RepoTags":["app:1"]})");
  fed.put(node('a'), "image/sha256:aa", R"({"RepoTags":["app:2","app:3"]})");
  cr_expect_eq(holders(index, ObjectKind::image, "app:1"), "b");
  cr_expect_eq(holders(index, ObjectKind::image, "app:2"), "a");
  cr_expect_eq(holders(index, ObjectKind::image, "app:3"), "a");
  fed.feed.recordErased(node('b'), "image/sha256:aa");
  fed.feed.recordErased(node('b'), "image/sha256:aa");
  fed.feed.recordErased(node('c'), "image/sha256:aa");
  cr_expect_eq(holders(index, ObjectKind::image, "app:1"), "");
  cr_expect_eq(holders(index, ObjectKind::image, "aa"), "a");
  fed.feed.exited();
  cr_expect_eq(holders(index, ObjectKind::image, "aa"), "");
  cr_expect_eq(holders(index, ObjectKind::image, "app:3"), "");
}

Test(holdings_index, what_makes_no_sense_is_not_known) {
  Fed fed;
  const ObjectIndex& index = fed.index;
  const std::string large = "{\"Name\":\"a\",\"x\":\"" + std::string(5000, 'x') + "\"}";
  fed.put(node('a'), "container/1", "{}");
  fed.put(node('a'), "network/", R"({"Name":"a"})");
  fed.put(node('a'), "network", R"({"Name":"a"})");
  cr_expect_eq(index.distinct(ObjectKind::network, {node('a')}), 0);
  for (const std::string& wrong : {std::string(), std::string("[]"), std::string("{}"), large}) {
    fed.put(node('a'), "network/1", R"({"Name":"a"})");
    fed.put(node('a'), "network/1", wrong);
    cr_expect_eq(holders(index, ObjectKind::network, "1"), "", "%s", wrong.c_str());
    cr_expect_eq(holders(index, ObjectKind::network, "a"), "");
  }
  cr_expect_eq(index.distinct(ObjectKind::network, {node('a')}), 0);
}
