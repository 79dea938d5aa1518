// Who holds which network, volume and image, by the records of all nodes.

#include "catalog/holdings_index.h"

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
  HoldingsIndex index;
};

// The letters of the nodes that hold it.
std::string holders(const HoldingsIndex& index, Held kind, const std::string& object) {
  std::string letters;
  for (const cluster::NodeId& each : index.holders(kind, object)) letters += each.text()[0];
  return letters;
}

}  // namespace

Test(holdings_index, finds_by_id_name_and_prefix_of_an_id) {
  Fed fed;
  const HoldingsIndex& index = fed.index;
  fed.put(node('a'), "network/abc1", R"({"Name":"back"})");
  fed.put(node('b'), "network/abd2", R"({"Name":"back"})");
  fed.put(node('c'), "network/f3", R"({"Name":"abc1"})");
  fed.put(node('b'), "volume/data", "{}");
  fed.put(node('a'), "image/sha256:aa1", R"({"RepoTags":["app:latest","x/y:1"]})");
  fed.put(node('b'), "image/sha256:aa1", R"({"RepoTags":["app:old"]})");
  fed.put(node('c'), "image/sha256:aa2", "{\"RepoDigests\":[\"" + digested + "\"]}");
  const struct {
    Held kind;
    std::string object;
    const char* expected;
  } cases[] = {
      {Held::network, "abc1", "a"},  // an id, though another one has it as its name
      {Held::network, "back", "ab"},     {Held::network, "abc", "a"},
      {Held::network, "ab", ""},  // the prefix of two
      {Held::network, "", ""},           {Held::network, "data", ""},
      {Held::volume, "data", "b"},       {Held::volume, "dat", ""},  // volumes have no prefixes
      {Held::image, "app", "a"},         {Held::image, "docker.io/library/app:latest", "a"},
      {Held::image, "app:old", "b"},     {Held::image, "app:new", ""},
      {Held::image, "x/y:1", "a"},       {Held::image, digested, "c"},
      {Held::image, "sha256:aa1", "ab"}, {Held::image, "aa1", "ab"},
      {Held::image, "aa", ""},           {Held::image, "sha256:aa", ""},
  };
  for (const auto& each : cases)
    cr_expect_eq(holders(index, each.kind, each.object), each.expected, "%s: %s",
                 each.object.c_str(), holders(index, each.kind, each.object).c_str());
  cr_expect_eq(index.named(Held::image, "app:1" + digested.substr(3)),
               std::vector<std::string>{"sha256:aa2"});
  cr_expect(index.named(Held::image, "app@sha256:de").empty());
  cr_expect_eq(index.named(Held::image, "library/app"), std::vector<std::string>{"sha256:aa1"});
  cr_expect_eq(index.named(Held::image, "aa2"), std::vector<std::string>{"sha256:aa2"});
  cr_expect(index.named(Held::image, "aa").empty());
  cr_expect(index.named(Held::image, "").empty());
  cr_expect(index.named(Held::volume, "dat").empty());
  cr_expect_eq(index.named(Held::network, "back").size(), 2);
  cr_expect_eq(index.distinct(Held::image, {node('a'), node('b')}), 1);
  cr_expect_eq(index.distinct(Held::image, {node('a'), node('c')}), 2);
  cr_expect_eq(index.distinct(Held::image, {}), 0);
  cr_expect_eq(index.shared(Held::image).size(), 1);
  cr_expect_eq(index.shared(Held::image).begin()->first, "sha256:aa1");
  cr_expect(index.shared(Held::volume).empty());
}

Test(holdings_index, a_record_replaces_what_its_owner_said_before) {
  Fed fed;
  const HoldingsIndex& index = fed.index;
  fed.put(node('a'), "image/sha256:aa", R"({"RepoTags":["app:1","app:2"]})");
  fed.put(node('b'), "image/sha256:aa", R"({"RepoTags":["app:1"]})");
  fed.put(node('a'), "image/sha256:aa", R"({"RepoTags":["app:2","app:3"]})");
  cr_expect_eq(holders(index, Held::image, "app:1"), "b");
  cr_expect_eq(holders(index, Held::image, "app:2"), "a");
  cr_expect_eq(holders(index, Held::image, "app:3"), "a");
  fed.feed.recordErased(node('b'), "image/sha256:aa");
  fed.feed.recordErased(node('b'), "image/sha256:aa");
  fed.feed.recordErased(node('c'), "image/sha256:aa");
  cr_expect_eq(holders(index, Held::image, "app:1"), "");
  cr_expect_eq(holders(index, Held::image, "aa"), "a");
  fed.feed.exited();
  cr_expect_eq(holders(index, Held::image, "aa"), "");
  cr_expect_eq(holders(index, Held::image, "app:3"), "");
}

Test(holdings_index, what_makes_no_sense_is_not_known) {
  Fed fed;
  const HoldingsIndex& index = fed.index;
  const std::string large = "{\"Name\":\"a\",\"x\":\"" + std::string(5000, 'x') + "\"}";
  fed.put(node('a'), "container/1", "{}");
  fed.put(node('a'), "network/", R"({"Name":"a"})");
  fed.put(node('a'), "network", R"({"Name":"a"})");
  cr_expect_eq(index.distinct(Held::network, {node('a')}), 0);
  for (const std::string& wrong : {std::string(), std::string("[]"), std::string("{}"), large}) {
    fed.put(node('a'), "network/1", R"({"Name":"a"})");
    fed.put(node('a'), "network/1", wrong);
    cr_expect_eq(holders(index, Held::network, "1"), "", "%s", wrong.c_str());
    cr_expect_eq(holders(index, Held::network, "a"), "");
  }
  cr_expect_eq(index.distinct(Held::network, {node('a')}), 0);
}
