// What tags mean by the records of all nodes, and what a node tells of its own.

#include "catalog/tag_index.h"

#include <criterion/criterion.h>

#include <string>

#include "catalog/object_index.h"

using namespace catalog;

namespace {

cluster::NodeId node(char letter) {
  return *cluster::NodeId::parse(std::string(cluster::NodeId::length, letter));
}

std::string told(const char* image, uint64_t serial, char writer) {
  return tagRecord({image, serial, node(writer)});
}

TagMeaning means(const char* image, uint64_t serial, char writer) {
  return {image, serial, node(writer)};
}

// An image record with this tag.
std::string tagged(const std::string& tag, int created) {
  return "{\"RepoTags\":[\"" + tag + "\"],\"Created\":" + std::to_string(created) + "}";
}

bool all(const cluster::NodeId&) {
  return true;
}

bool none(const std::string&, const std::string&) {
  return false;
}

}  // namespace

Test(tag_index, the_highest_serial_counts_and_of_equal_ones_the_highest_writer) {
  TagIndex index;
  index.put(node('a'), "t:1", means("sha256:a", 3, 'a'));
  index.put(node('b'), "t:1", means("sha256:b", 4, 'b'));
  cr_expect_eq(index.meaning("t:1", all), "sha256:b");
  index.put(node('a'), "t:1", means("sha256:c", 4, 'a'));
  cr_expect_eq(index.meaning("docker.io/library/t:1", all), "sha256:b");
  // Who repeats it keeps it alive.
  index.put(node('a'), "t:1", means("sha256:b", 4, 'b'));
  index.erase(node('b'), "t:1");
  cr_expect_eq(index.meaning("t:1", all), "sha256:b");
  index.erase(node('a'), "t:1");
  cr_expect_eq(index.meaning("t:1", all), "");
  cr_expect(not index.told("t:1"));
}

Test(tag_index, of_what_nobody_told_the_newest_image_of_nodes_that_count_is_meant) {
  TagIndex index;
  index.putImage(node('a'), "sha256:old", *imageFacts(tagged("t:latest", 100)));
  index.putImage(node('b'), "sha256:new", *imageFacts(tagged("t:latest", 200)));
  cr_expect(index.isDisputed("t"));
  cr_expect_eq(index.meaning("t", all), "sha256:new");
  auto isA = [](const cluster::NodeId& each) { return each == node('a'); };
  cr_expect_eq(index.meaning("t", isA), "sha256:old");
  cr_expect_eq(index.imageOn(node('a'), "t"), "sha256:old");
  cr_expect_eq(index.holders("t", "sha256:new").size(), 1);
  index.putImage(node('b'), "sha256:x",
                 *imageFacts(R"({"RepoTags":["t:1","t:5000/a:1","t/u:1","tt:1"],"Created":1})"));
  cr_expect_eq(index.namesIn("t"), (std::vector<std::string>{"t:1", "t:latest"}));
  cr_expect_eq(index.namesIn("t:5000/a"), std::vector<std::string>{"t:5000/a:1"});
  cr_expect(index.namesIn("").empty());
  // A tag that has moved on its engine: the records come in either order.
  index.putImage(node('a'), "sha256:new", *imageFacts(tagged("t:latest", 200)));
  index.putImage(node('a'), "sha256:old", *imageFacts("{}"));
  cr_expect_eq(index.imageOn(node('a'), "t"), "sha256:new");
  cr_expect_not(index.isDisputed("t"));
  index.eraseImage(node('a'), "sha256:new");
  index.eraseImage(node('b'), "sha256:new");
  cr_expect_eq(index.meaning("t", all), "");
}

Test(tag_index, what_is_no_record_of_a_tag_is_not_taken) {
  RecordFeed feed;
  ObjectIndex held;
  held.follow(feed);
  std::string writer(cluster::NodeId::length, 'a');
  for (const std::string& wrong :
       {std::string(), std::string("{}"), std::string("[]"), std::string("{\"image\":5}"),
        "{\"image\":\"sha256:a\",\"serial\":0,\"writer\":\"" + writer + "\"}",
        "{\"image\":\"sha256:a\",\"serial\":281474976710657,\"writer\":\"" + writer + "\"}",
        std::string("{\"image\":\"sha256:a\",\"serial\":1,\"writer\":\"me\"}"),
        "{\"image\":\"\",\"serial\":1,\"writer\":\"" + writer + "\"}", std::string(5000, ' ')}) {
    cr_expect_not(parseTagRecord(wrong).has_value(), "%s", wrong.c_str());
    feed.recordChanged(node('a'), "tag/t:1", {wrong, 1});
    cr_expect_not(held.tags().told("t:1").has_value());
  }
  std::optional<TagMeaning> meaning = parseTagRecord(told("sha256:a", 7, 'b'));
  cr_assert(meaning.has_value());
  cr_expect_eq(meaning->image, "sha256:a");
  cr_expect_eq(meaning->serial, 7);
  cr_expect(meaning->writer == node('b'));
}

Test(tag_index, what_moved_since_the_last_reading_is_news_and_the_rest_is_repeated) {
  TagIndex index;
  cluster::NodeId self = node('a');
  Tags now = {{"t:1", "sha256:b"}, {"u:1", "sha256:u"}};
  // Nobody knows what moved before the first reading.
  cr_expect(tagsToTell(index, self, std::nullopt, now, none).empty());
  Records first =
      tagsToTell(index, self, Tags{{"t:1", "sha256:a"}, {"u:1", "sha256:u"}}, now, none);
  cr_expect_eq(first.size(), 1);
  cr_expect_eq(first["t:1"], told("sha256:b", 1, 'a'));
  // Another node has told something newer: it is repeated, though ours is another image.
  index.put(node('b'), "t:1", means("sha256:c", 5, 'b'));
  cr_expect_eq(tagsToTell(index, self, now, now, none)["t:1"], told("sha256:c", 5, 'b'));
  // Ours moved again.
  Tags later = {{"t:1", "sha256:d"}};
  cr_expect_eq(tagsToTell(index, self, now, later, none)["t:1"], told("sha256:d", 6, 'a'));
  // What came from another node is no news, be it what is meant or not.
  auto fetched = [](const std::string& name, const std::string&) { return name == "t:1"; };
  cr_expect_eq(tagsToTell(index, self, now, later, fetched)["t:1"], told("sha256:c", 5, 'b'));
  cr_expect_eq(tagsToTell(index, self, now, Tags{{"t:1", "sha256:c"}}, none)["t:1"],
               told("sha256:c", 5, 'b'));
  // A name that is gone here is told of no more.
  cr_expect(tagsToTell(index, self, now, Tags{}, none).empty());
}

Test(tag_index, holdings_know_tags) {
  RecordFeed feed;
  ObjectIndex held;
  held.follow(feed);
  feed.recordChanged(node('a'), "tag/t:1", {told("sha256:b", 1, 'a'), 1});
  feed.recordChanged(node('b'), "image/sha256:a", {tagged("t:1", 1), 1});
  cr_expect(held.tags().isDisputed("t:1"));
  feed.recordErased(node('a'), "tag/t:1");
  cr_expect_not(held.tags().isDisputed("t:1"));
  feed.recordChanged(node('a'), "tag/t:1", {told("sha256:b", 2, 'a'), 2});
  cr_expect(held.tags().isDisputed("t:1"));
  feed.recordChanged(node('a'), "tag/t:1", {"{}", 3});
  cr_expect_not(held.tags().isDisputed("t:1"), "what makes no sense is as none");
  feed.exited();
  cr_expect_eq(held.tags().imageOn(node('b'), "t:1"), "");
}
