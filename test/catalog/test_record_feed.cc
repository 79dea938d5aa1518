// Who is told of which records: each decoded once, in the order of those who follow.

#include "catalog/record_feed.h"

#include <criterion/criterion.h>

#include <stdexcept>
#include <string>
#include <utility>

using namespace catalog;

namespace {

cluster::NodeId node(char letter) {
  return *cluster::NodeId::parse(std::string(cluster::NodeId::length, letter));
}

int decoded = 0;

// A kind that no part of droverd knows: its records are numbers.
std::optional<int> numberIn(const cluster::NodeId&, std::string_view name, std::string_view value) {
  decoded++;
  if (name.empty() || value.empty()) return std::nullopt;
  return value == "many" ? std::nullopt : std::optional<int>(std::stoi(std::string(value)));
}
std::optional<int> noNumber(const cluster::NodeId&, std::string_view, std::string_view) {
  return std::nullopt;
}
std::optional<std::string> textIn(const cluster::NodeId&, std::string_view,
                                  std::string_view value) {
  return std::string(value);
}

constexpr RecordKind<int> numbers{"number/", numberIn};
constexpr RecordKind<std::string> words{"word", textIn};

// Writes down what it is told.
struct Story {
  template <class Value>
  void follow(RecordFeed& feed, const RecordKind<Value>& kind, const std::string& who) {
    feed.on(kind, RecordListener<Value>{
                      [this, who](const FedRecord<Value>& record) {
                        say(who, "+", record.owner, record.name);
                        text += "=" + said(record.value) + "@" + std::to_string(record.version);
                      },
                      [this, who](const cluster::NodeId& owner, const std::string& name) {
                        say(who, "-", owner, name);
                      }});
  }
  // All since it was asked last.
  std::string take() { return std::exchange(text, ""); }

  std::string text;

 private:
  static std::string said(int value) { return std::to_string(value); }
  static std::string said(const std::string& value) { return value; }
  void say(const std::string& who, const char* what, const cluster::NodeId& owner,
           const std::string& name) {
    text += (text.empty() ? "" : " ") + who + what + owner.text()[0] + ":" + name;
  }
};

}  // namespace

Test(record_feed, listeners_are_told_in_their_order_of_what_was_decoded_once) {
  RecordFeed feed;
  Story story;
  story.follow(feed, numbers, "one");
  story.follow(feed, words, "word");
  story.follow(feed, numbers, "two");
  feed.recordChanged(node('a'), "number/x", {"5", 3});
  cr_expect_eq(story.take(), "one+a:x=5@3 two+a:x=5@3");
  cr_expect_eq(decoded, 1);
  feed.recordErased(node('b'), "number/x");
  cr_expect_eq(story.take(), "one-b:x two-b:x");
  cr_expect_eq(decoded, 1);
  feed.recordChanged(node('a'), "word", {"hello", 4});
  cr_expect_eq(story.take(), "word+a:=hello@4");
}

Test(record_feed, what_makes_no_sense_is_as_none) {
  RecordFeed feed;
  Story story;
  story.follow(feed, numbers, "one");
  story.follow(feed, numbers, "two");
  feed.recordChanged(node('a'), "number/x", {"many", 3});
  cr_expect_eq(story.take(), "one-a:x two-a:x");
  feed.recordChanged(node('a'), "number/", {"5", 3});
  cr_expect_eq(story.take(), "one-a: two-a:");
  cr_expect_eq(decoded, 2);
}

Test(record_feed, records_that_nobody_listens_to_are_not_decoded) {
  RecordFeed feed;
  Story story;
  int any = 0;
  feed.onAny([&] {
    any++;
    story.text += "any ";
  });
  story.follow(feed, numbers, "one");
  for (const char* key : {"other/x", "number", "numbers/x", "", "/number/x"}) {
    feed.recordChanged(node('a'), key, {"5", 1});
    feed.recordErased(node('a'), key);
  }
  cr_expect_eq(decoded, 0);
  cr_expect_eq(any, 10);
  story.take();
  feed.recordChanged(node('a'), "number/x", {"5", 1});
  cr_expect_eq(story.take(), "any  one+a:x=5@1", "whoever wants to know of any is told first");
}

Test(record_feed, a_listener_need_not_care_for_all) {
  RecordFeed feed;
  Story story;
  feed.on(numbers, {});
  feed.onMembership({});
  story.follow(feed, numbers, "one");
  feed.recordChanged(node('a'), "number/x", {"5", 1});
  feed.recordErased(node('a'), "number/x");
  cr_expect_eq(story.take(), "one+a:x=5@1 one-a:x");
  feed.entered({});
  feed.exited();
}

Test(record_feed, kinds_are_told_apart) {
  RecordFeed feed;
  Story story;
  story.follow(feed, numbers, "one");
  const RecordKind<int> within{"number/of/", numberIn}, around{"num", numberIn},
      otherwise{"number/", noNumber};
  const RecordKind<std::string> otherValue{"number/", textIn};
  cr_expect_throw(feed.on(within, {}), std::logic_error);
  cr_expect_throw(feed.on(around, {}), std::logic_error);
  cr_expect_throw(feed.on(otherwise, {}), std::logic_error);
  cr_expect_throw(feed.on(otherValue, {}), std::logic_error);
  feed.recordChanged(node('a'), "number/of/x", {"5", 1});
  cr_expect_eq(story.take(), "one+a:of/x=5@1");
}

Test(record_feed, of_leaving_the_last_are_told_first) {
  RecordFeed feed;
  std::string told;
  uint16_t port = 0;
  bool fails = false;
  feed.onMembership({[&](const cluster::Endpoint& listen) {
                       port = listen.port;
                       told += "1";
                     },
                     [&] { told += "-1"; }});
  feed.onMembership({[&](const cluster::Endpoint&) {
                       if (fails) throw std::runtime_error("cannot listen");
                       told += "2";
                     },
                     [&] { told += "-2"; }});
  feed.onMembership({[&](const cluster::Endpoint&) { told += "3"; }, [&] { told += "-3"; }});
  feed.entered(*cluster::Endpoint::parse("127.0.0.1", 2377));
  feed.exited();
  cr_expect_eq(told, "123-3-2-1");
  cr_expect_eq(port, 2377);
  fails = true;
  told.clear();
  cr_expect_throw(feed.entered({}), std::runtime_error);
  cr_expect_eq(told, "1");
}

Test(record_feed, nobody_is_told_after_it_was_closed) {
  RecordFeed feed;
  Story story;
  story.follow(feed, numbers, "one");
  feed.onAny([&] { story.text += "any"; });
  feed.onMembership({nullptr, [&] { story.text += "exited"; }});
  feed.close();
  feed.recordChanged(node('a'), "number/x", {"5", 1});
  feed.recordErased(node('a'), "number/x");
  feed.exited();
  cr_expect_eq(story.take(), "");
}
