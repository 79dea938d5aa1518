// Streams of events as one, in virtual time.

#include "proxy/merge/merge_events.h"

#include <criterion/criterion.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "test/proxy/merge_bodies.h"

using namespace catalog;
using namespace docker;
using namespace proxy;
using namespace std::chrono_literals;
using bodies::from;

namespace {

std::string event(const std::string& name, int64_t time) {
  return "{\"Action\":\"" + name +
         "\",\"Actor\":{\"ID\":\"x\",\"Attributes\":{}},\"timeNano\":" + std::to_string(time) +
         "}\n";
}

// The actions of these lines.
std::string actions(const std::string& lines) {
  std::string out;
  for (size_t at = 0; at < lines.size(); at = lines.find('\n', at) + 1) {
    rapidjson::Document parsed;
    parsed.Parse(lines.substr(at, lines.find('\n', at) - at).c_str());
    cr_assert(parsed.IsObject(), "%s", lines.c_str());
    out += (out.empty() ? "" : " ") + std::string(parsed["Action"].GetString());
  }
  return out;
}

struct World {
  EventMerger merger;
  NodeAnswer a = from("a", "");
  NodeAnswer b = from("b", "");

  explicit World(EventMergerOptions options = {}) : merger(options) {
    merger.add(a);
    merger.add(b);
  }
  std::string take(EventMerger::Time now) { return actions(merger.take(now)); }
};

std::string failure(const std::string& bytes) {
  World world({.window = 50ms, .maxLine = 1000});
  try {
    world.merger.push(world.a.nodeId, bytes, 0ms);
  } catch (const MergeError& failed) {
    cr_expect_eq(world.merger.streams(), 1);
    return failed.what();
  }
  return "";
}

}  // namespace

Test(merge_events, an_event_gains_its_node_and_nothing_else_changes) {
  World world;
  world.merger.push(world.a.nodeId, bodies::startEvent + "\n", 0ms);
  std::string shown = world.merger.take(50ms);
  const std::string added =
      ",\"node.addr\":\"10.0.0.7\",\"node.id\":\"" + world.a.nodeId + "\",\"node.name\":\"a\"";
  cr_expect_eq(bodies::without(shown, added), bodies::startEvent + "\n", "%s", shown.c_str());
  cr_expect(bodies::has(shown, "\"name\":\"c2\"" + added + "}}"));
  cr_expect(bodies::has(shown, "\"from\":\"busybox\","));
}

Test(merge_events, attributes_are_made_where_there_are_none) {
  for (std::string actor : {"", "\"Actor\":{\"ID\":\"x\"},", "\"Actor\":{\"Attributes\":null},",
                            "\"Actor\":{\"Attributes\":{}},", "\"Actor\":{\"Attributes\":{ }},"}) {
    World world;
    world.merger.push(world.a.nodeId, "{" + actor + "\"timeNano\":1}\n", 0ms);
    rapidjson::Document shown;
    shown.Parse(world.merger.take(50ms).c_str());
    cr_assert(shown.IsObject(), "%s", actor.c_str());
    cr_expect_eq(std::string(shown["Actor"]["Attributes"]["node.name"].GetString()), "a");
  }
}

Test(merge_events, an_event_waits_for_earlier_ones_of_other_nodes) {
  World world;
  cr_expect_not(world.merger.nextTake());
  world.merger.push(world.a.nodeId, event("second", 20), 1000ms);
  cr_expect(world.merger.nextTake() == 1050ms);
  world.merger.push(world.b.nodeId, event("first", 10), 1030ms);
  world.merger.push(world.b.nodeId, event("third", 30), 1031ms);
  cr_expect(world.merger.nextTake() == 1050ms);
  cr_expect_eq(world.take(1049ms), "");
  cr_expect_eq(world.take(1050ms), "first second", "the first went with the second");
  cr_expect(world.merger.nextTake() == 1081ms);
  cr_expect_eq(world.take(1081ms), "third");
  cr_expect_not(world.merger.nextTake());
}

Test(merge_events, what_comes_too_late_is_shown_when_its_time_is_over) {
  World world;
  world.merger.push(world.a.nodeId, event("late", 20), 0ms);
  cr_expect_eq(world.take(50ms), "late");
  world.merger.push(world.b.nodeId, event("later", 10), 60ms);
  cr_expect_eq(world.take(109ms), "");
  cr_expect_eq(world.take(110ms), "later");
}

Test(merge_events, one_nodes_order_is_kept_even_if_its_clock_is_set_back) {
  World world;
  world.merger.push(world.a.nodeId, event("a1", 1000) + event("a2", 10) + event("a3", 20), 0ms);
  world.merger.push(world.b.nodeId, event("b1", 500), 0ms);
  cr_expect_eq(world.take(50ms), "b1 a1 a2 a3");
}

Test(merge_events, equal_times_come_by_node) {
  World world;
  world.merger.push(world.b.nodeId, event("b1", 7) + event("b2", 7), 0ms);
  world.merger.push(world.a.nodeId, event("a1", 7), 0ms);
  cr_expect_eq(world.take(50ms), "a1 b1 b2");
}

Test(merge_events, lines_may_be_cut_anywhere) {
  std::string bytes = event("one", 1) + "\r\n\n" + event("two", 2) + " \n" + event("three", 3);
  for (size_t cut = 0; cut <= bytes.size(); cut++) {
    World world;
    world.merger.push(world.a.nodeId, bytes.substr(0, cut), 0ms);
    world.merger.push(world.a.nodeId, bytes.substr(cut), 0ms);
    cr_expect_eq(world.take(50ms), "one two three", "cut at %zu", cut);
  }
  World world;
  for (char c : bytes) world.merger.push(world.a.nodeId, std::string_view(&c, 1), 0ms);
  cr_expect_eq(world.take(50ms), "one two three");
}

Test(merge_events, a_stream_that_ended_still_shows_what_it_said) {
  World world;
  world.merger.push(world.a.nodeId, event("whole", 1) + "{\"Action\":", 0ms);
  world.merger.remove(world.a.nodeId);
  world.merger.push(world.a.nodeId, event("unheard", 2), 1ms);
  cr_expect_eq(world.take(100ms), "whole");
  world.merger.add(world.a);
  world.merger.push(world.a.nodeId, event("again", 3), 100ms);
  cr_expect_eq(world.take(150ms), "again");
}

Test(merge_events, senseless_streams_are_told_with_their_node_and_dropped) {
  const struct {
    std::string bytes;
    std::string why;
  } cases[] = {
      {"{\"timeNano\":1\n", "node a: an event is not a JSON object"},
      {"404 page not found\n", "node a: an event is not a JSON object"},
      {"{\"message\":\"no\"}\n", "node a: an event has no timeNano"},
      {"{\"timeNano\":\"1\"}\n", "node a: timeNano of an event is not a whole number"},
      {"{\"timeNano\":1,\"Actor\":[]}\n", "node a: Actor of an event is not a JSON object"},
      {"{\"timeNano\":1,\"Actor\":{\"Attributes\":[]}}\n",
       "node a: Attributes of an event is not a JSON object"},
      {std::string(1001, ' '), "node a: an event is too large"},
      {"{\"timeNano\":1,\"x\":\"" + std::string(1000, 'x') + "\"}\n",
       "node a: an event is too large"},
  };
  for (const auto& each : cases) {
    std::string why = failure(each.bytes);
    cr_expect_eq(why, each.why, "%s: %s", each.bytes.c_str(), why.c_str());
  }
  World world;
  cr_expect_throw(world.merger.push(world.a.nodeId, event("good", 1) + "bad\n", 0ms), MergeError);
  world.merger.push(world.b.nodeId, event("other", 2), 0ms);
  cr_expect_eq(world.take(50ms), "good other");
}

Test(merge_events, an_event_of_just_the_limit_passes) {
  std::string line = event("x", 1);
  line.pop_back();
  for (size_t most : {line.size() - 1, line.size()}) {
    World world({.window = 50ms, .maxLine = most});
    bool refused = false;
    try {
      world.merger.push(world.a.nodeId, line.substr(0, 10), 0ms);
      world.merger.push(world.a.nodeId, line.substr(10) + "\n", 0ms);
    } catch (const MergeError&) {
      refused = true;
    }
    cr_expect_eq(refused, most < line.size());
  }
}

Test(merge_events, more_than_may_be_held_is_shown_before_its_time) {
  World world({.window = 50ms, .maxLine = 1000, .maxObjects = 1000});
  std::string many;
  for (int i = 0; i < 20; i++) many += event("e", i);
  world.merger.push(world.a.nodeId, many, 0ms);
  cr_assert(world.merger.nextTake().has_value());
  cr_expect(*world.merger.nextTake() <= 0ms);
  std::string early = world.merger.take(0ms);
  cr_expect_gt(early.size(), 0);
  cr_expect(world.merger.nextTake() == 50ms, "the rest keeps its time");
  std::string rest = world.merger.take(50ms);
  cr_expect_leq(rest.size(), 1000);
  cr_expect_eq(
      std::count(early.begin(), early.end(), '\n') + std::count(rest.begin(), rest.end(), '\n'),
      20);
}

// Whatever the delays: nobody waits longer than the window, nothing is lost, and as long as no
// delay is longer than the window, time goes forward.
Test(merge_events, order_holds_for_all_delays_within_the_window) {
  std::minstd_rand random(11);
  for (int round = 0; round < 100; round++) {
    World world;
    struct Arrival {
      int64_t at;
      std::string node;
      int64_t happened;
    };
    std::vector<Arrival> arrivals;
    for (const NodeAnswer& node : {world.a, world.b}) {
      int64_t happened = 0;
      int64_t at = 0;
      for (int i = 0; i < 30; i++) {
        happened += static_cast<int64_t>(random() % 20);
        at = std::max(at, happened + static_cast<int64_t>(random() % 50));
        arrivals.push_back({at, node.nodeId, happened});
      }
    }
    std::stable_sort(arrivals.begin(), arrivals.end(),
                     [](const Arrival& x, const Arrival& y) { return x.at < y.at; });
    std::map<int64_t, int> waiting;  // by arrival: how many
    std::vector<int64_t> shown;
    size_t next = 0;
    for (int64_t now = 0; next < arrivals.size() || world.merger.nextTake(); now++) {
      for (; next < arrivals.size() && arrivals[next].at == now; next++)
        world.merger.push(arrivals[next].node,
                          event(std::to_string(arrivals[next].happened), arrivals[next].happened),
                          std::chrono::milliseconds(now));
      std::string words = world.take(std::chrono::milliseconds(now));
      for (size_t at = 0; at < words.size();) {
        size_t end = std::min(words.find(' ', at), words.size());
        shown.push_back(std::stoll(words.substr(at, end - at)));
        at = end + 1;
      }
      if (world.merger.nextTake()) {
        cr_assert_gt(world.merger.nextTake()->count(), now);
        cr_assert_leq(world.merger.nextTake()->count(), now + 50);
      }
    }
    cr_expect_eq(shown.size(), arrivals.size());
    cr_expect(std::is_sorted(shown.begin(), shown.end()), "round %d", round);
  }
}
