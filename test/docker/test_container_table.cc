// The cache between an engine that is a few values and questions at chosen ticks and times. Each
// test tells a story: what the engine lists, what happens, and what must be asked again for it.

#include "docker/container_table.h"

#include <criterion/criterion.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

using docker::ContainerTable;
using docker::ContainerTimes;
using docker::ListedContainer;
using docker::ListQuery;
using docker::parseList;
using docker::Tick;
using namespace std::chrono_literals;

namespace {

using Strings = std::vector<std::string>;

ListQuery asks(bool all, int limit = 0, Strings labels = {}, Strings states = {},
               Strings names = {}) {
  return {all, limit, std::move(labels), std::move(states), std::move(names)};
}

constexpr int64_t second = 1'000'000'000, minute = 60 * second;
constexpr int64_t start = 1'790'000'000 * second;

// A full id that begins with these letters.
std::string id(const std::string& begin) {
  return begin + std::string(64 - begin.size(), '0');
}

// A container as the engine knows it.
struct Container {
  std::string id;
  std::string name;
  std::string state = "running";
  int64_t since = start - 5 * minute;  // of its start, or end
  int64_t created = start - 10 * minute;
  std::string labels = "{}";
  std::vector<std::string> aliases = {};
  bool linked = false;
  std::string odd = {};  // a Status that nobody would expect

  std::string status(int64_t now) const {
    if (!odd.empty()) return odd;
    if (state == "created") return "Created";
    std::string words = docker::humanDuration(now - since);
    return state == "exited" ? "Exited (0) " + words + " ago" : "Up " + words;
  }
  std::string json(int64_t now) const {
    std::string names = "\"/" + name + "\"";
    for (const std::string& alias : aliases) names += ",\"" + alias + "\"";
    return "{\"Id\":\"" + id + "\",\"Names\":[" + names +
           "],\"Image\":\"busybox\",\"Created\":" + std::to_string(created / second) +
           ",\"Labels\":" + labels + ",\"State\":\"" + state + "\",\"Status\":\"" + status(now) +
           "\",\"Mounts\":[{\"Id\":\"not mine\",\"Status\":\"nor mine\"}]}";
  }
  ContainerTimes times() const { return {created, since, since, linked}; }
};

// An engine, the cache of its list, and the way ContainerListCache joins them.
struct World {
  std::vector<Container> containers;  // newest first
  ContainerTable cache;
  Tick tick = 0;
  base::Time now{1'000s};
  int64_t clock = start;
  std::set<std::string> inspected;  // by the last refresh
  std::set<std::string> withheld;   // cannot be inspected
  bool wholeList = false;           // was asked for by the last refresh
  size_t asked = 0;                 // how many ids it asked for

  Container& container(const std::string& name) {
    return *std::find_if(containers.begin(), containers.end(),
                         [&](const Container& each) { return each.name == name; });
  }

  std::string engineList(const std::vector<std::string>* ids = nullptr) const {
    std::string list;
    for (const Container& each : containers) {
      if (ids && std::find(ids->begin(), ids->end(), each.id) == ids->end()) continue;
      list += (list.empty() ? "" : ",") + each.json(clock);
    }
    return "[" + list + "]\n";
  }

  void refresh(ContainerTable::Need need) {
    ContainerTable::Fresh fresh;
    fresh.tick = ++tick;
    fresh.now = now;
    fresh.asked = fresh.answered = clock;
    std::optional<std::vector<ListedContainer>> listed =
        parseList(engineList(need.all ? nullptr : &need.ids));
    cr_assert(listed.has_value());
    wholeList = need.all;
    asked = need.ids.size();
    fresh.need = std::move(need);
    fresh.listed = std::move(*listed);
    inspected.clear();
    for (const std::string& each : cache.toInspect(fresh)) {
      inspected.insert(each);
      auto found = std::find_if(containers.begin(), containers.end(),
                                [&](const Container& one) { return one.id == each; });
      if (withheld.contains(each)) {
        fresh.withheld.insert(each);
      } else if (found != containers.end()) {
        fresh.times[each] = found->times();
      }
    }
    cache.take(std::move(fresh));
  }

  // Answers a question; says how often the engine had to be asked for it.
  int ask(std::string& answer, const ListQuery& query = asks(true)) {
    Tick question = ++tick;
    for (int times = 0;; times++) {
      ContainerTable::Need need = cache.need(question, now);
      if (need.none()) {
        answer = cache.render(query, clock).body;
        return times;
      }
      cr_assert_lt(times, 5, "it never has enough");
      refresh(std::move(need));
    }
  }

  int ask() {
    std::string answer;
    int times = ask(answer);
    cr_expect_eq(answer, engineList(), "%s\ninstead of %s", answer.c_str(), engineList().c_str());
    return times;
  }

  void changed(const std::string& object, base::milliseconds settles = 0ms) {
    cache.changed(object, ++tick, now + settles);
  }
};

World threeContainers() {
  World world;
  world.containers = {{id("c"), "web", "running", start - 5 * minute, start - 1 * minute},
                      {id("b"), "db", "exited", start - 2 * minute, start - 2 * minute},
                      {id("a"), "cron", "created", start, start - 3 * minute}};
  cr_assert_eq(world.ask(), 1);
  return world;
}

}  // namespace

Test(container_table, asks_for_everything_first_and_for_nothing_while_nothing_changes) {
  World world = threeContainers();
  cr_expect(world.wholeList);
  cr_expect_eq(world.inspected.size(), 3);
  cr_expect(world.cache.loaded());
  cr_expect_eq(world.cache.size(), 3);
  cr_expect_eq(world.ask(), 0);
  for (int64_t later : {second, minute, 60 * minute, 48 * 60 * minute}) {
    world.clock += later;  // only the words of Status change
    cr_expect_eq(world.ask(), 0);
  }
}

Test(container_table, an_empty_list_is_a_list) {
  World world;
  cr_expect_eq(world.ask(), 1);
  cr_expect_eq(world.engineList(), "[]\n");
  cr_expect_eq(world.ask(), 0);
}

Test(container_table, asks_for_a_changed_container_alone_by_whatever_it_was_called) {
  for (std::string called : {id("b"), std::string("db"), std::string("b0")}) {
    World world = threeContainers();
    world.container("db").state = "running";
    world.container("db").since = world.clock;
    world.changed(called);
    cr_expect_eq(world.ask(), 1, "%s", called.c_str());
    cr_expect_not(world.wholeList, "%s", called.c_str());
    cr_expect_eq(world.asked, 1);
    cr_expect_eq(world.inspected, std::set<std::string>{id("b")});
    cr_expect_eq(world.ask(), 0);
  }
}

Test(container_table, asks_for_everything_when_it_does_not_know_what_changed) {
  for (std::string called : {"unknown", "", "%64b", "/db"}) {
    World world = threeContainers();
    world.changed(called);
    cr_expect_eq(world.ask(), 1);
    cr_expect(world.wholeList, "%s", called.c_str());
    cr_expect_eq(world.inspected.size(), 0, "what is explained need not be inspected");
  }
}

Test(container_table, an_ambiguous_prefix_is_nobody_in_particular) {
  World world;
  world.containers = {{id("ab"), "one"}, {id("aa"), "two"}, {id("cc"), "aa"}};
  world.ask();
  world.changed("a");
  world.ask();
  cr_expect(world.wholeList);
  world.changed("aa");  // a name comes before a prefix
  world.container("aa").state = "exited";
  cr_expect_eq(world.ask(), 1);
  cr_expect_not(world.wholeList);
  cr_expect_eq(world.inspected, std::set<std::string>{id("cc")});
}

Test(container_table, new_containers_come_in_their_order_and_removed_ones_go) {
  World world = threeContainers();
  world.containers.insert(world.containers.begin(),
                          {id("d"), "new", "created", start, world.clock});
  world.changed(id("d"));
  cr_expect_eq(world.ask(), 1);
  cr_expect_not(world.wholeList);
  cr_expect_eq(world.inspected, std::set<std::string>{id("d")});

  world.containers.erase(world.containers.begin() + 2);
  world.changed(id("b"));
  cr_expect_eq(world.ask(), 1);
  cr_expect_not(world.wholeList);

  // One that is gone before anyone saw it.
  world.changed(id("e"));
  cr_expect_eq(world.ask(), 1);
  cr_expect_eq(world.ask(), 0);

  // One that was missed comes in where its age puts it.
  world.containers.insert(world.containers.begin() + 1,
                          {id("f"), "missed", "created", start, start - 30 * second});
  world.changed(id("f"));
  cr_expect_eq(world.ask(), 1);
}

Test(container_table, a_change_may_take_a_while_to_show_in_the_engines_list) {
  World world = threeContainers();
  world.changed(id("c"), 1000ms);
  cr_expect_eq(world.ask(), 1);  // the engine still shows it running
  world.now += 100ms;
  world.container("web").state = "exited";
  world.container("web").since = world.clock;
  cr_expect_eq(world.ask(), 1);
  world.now += 899ms;
  cr_expect_eq(world.ask(), 1);
  cr_expect_not(world.wholeList);
  world.now += 1ms;
  cr_expect_eq(world.ask(), 0);
  cr_expect_eq(world.ask(), 0);
}

Test(container_table, the_same_holds_for_everything_and_for_one_that_is_not_listed_yet) {
  World world = threeContainers();
  world.cache.allChanged(++world.tick, world.now + 1000ms);
  cr_expect_eq(world.ask(), 1);
  cr_expect_eq(world.ask(), 1);
  world.now += 1000ms;
  cr_expect_eq(world.ask(), 0);

  world.changed(id("d"), 1000ms);
  cr_expect_eq(world.ask(), 1);
  world.now += 500ms;
  world.containers.insert(world.containers.begin(), {id("d"), "slow", "created", start, start});
  cr_expect_eq(world.ask(), 1);
  world.now += 500ms;
  cr_expect_eq(world.ask(), 0);
}

Test(container_table, a_later_change_does_not_shorten_the_wait_for_an_earlier_one) {
  World world = threeContainers();
  world.changed(id("c"), 1000ms);
  world.changed(id("c"), 0ms);
  cr_expect_eq(world.ask(), 1);
  world.container("web").state = "paused";
  cr_expect_eq(world.ask(), 1);
}

Test(container_table, what_changed_while_the_engine_was_asked_is_asked_for_again) {
  World world = threeContainers();
  world.changed(id("c"));
  Tick question = ++world.tick;
  ContainerTable::Need need = world.cache.need(question, world.now);
  cr_assert_eq(need.ids, std::vector<std::string>{id("c")});
  ContainerTable::Fresh fresh;
  fresh.tick = ++world.tick;
  fresh.now = world.now;
  fresh.need = need;
  fresh.asked = fresh.answered = world.clock;
  fresh.listed = *parseList(world.engineList(&need.ids));
  world.container("web").state = "exited";
  world.changed(id("c"));  // after the engine wrote its answer
  world.cache.take(std::move(fresh));
  world.ask();
  cr_expect_eq(world.ask(), 0);
}

Test(container_table, changes_after_a_question_do_not_keep_it_waiting) {
  for (bool all : {false, true}) {
    World world = threeContainers();
    auto change = [&] {
      if (all) world.cache.allChanged(++world.tick, {});
      if (!all) world.changed(id("c"));
    };
    change();
    Tick question = ++world.tick;
    world.refresh(world.cache.need(question, world.now));
    change();
    cr_expect(world.cache.need(question, world.now).none());
    cr_expect_not(world.cache.need(++world.tick, world.now).none());
  }
}

Test(container_table, a_restart_within_the_same_words_is_noticed) {
  World world = threeContainers();
  Container& web = world.container("web");
  web.since = world.clock;
  world.changed(id("c"));
  world.ask();
  web.since += 900'000'000;  // restarted; the list still says "Up Less than a second"
  world.clock += 950'000'000;
  world.changed(id("c"));
  world.ask();
  for (int step = 0; step < 20; step++) {
    world.clock += 100'000'000;
    world.ask();
  }
}

Test(container_table, a_status_that_is_not_understood_is_asked_for_each_time) {
  World world = threeContainers();
  world.container("web").odd = "Up and away";
  world.changed(id("c"));
  for (int time = 0; time < 3; time++) {
    cr_expect_eq(world.ask(), 1);
    cr_expect_not(world.wholeList);
    cr_expect_eq(world.asked, 1);
  }
  world.container("web").odd.clear();
  cr_expect_eq(world.ask(), 1);
  cr_expect_eq(world.ask(), 0);
}

Test(container_table, many_changes_at_once_ask_for_the_whole_list) {
  World world;
  for (int i = 0; i < 300; i++) {
    char begin[10];
    std::snprintf(begin, sizeof begin, "%03x", 300 - i);
    world.containers.push_back(
        {id(begin), "c" + std::to_string(i), "running", start - minute, start - i * second});
  }
  world.ask();
  for (int i = 0; i < 10; i++) world.changed(world.containers[static_cast<size_t>(i)].id);
  cr_expect_eq(world.ask(), 1);
  cr_expect_not(world.wholeList);
  cr_expect_eq(world.asked, 10);
  for (const Container& each : world.containers) world.changed(each.id, 1000ms);
  cr_expect_eq(world.ask(), 1);
  cr_expect(world.wholeList);
  world.containers[5].state = "paused";
  cr_expect_eq(world.ask(), 1, "the marks that did not fit still wait for their time");
  world.now += 1000ms;
  cr_expect_eq(world.ask(), 0);
}

Test(container_table, links_give_and_take_names_of_others) {
  World world = threeContainers();
  world.containers.insert(world.containers.begin(),
                          {.id = id("d"), .name = "app", .created = world.clock, .linked = true});
  world.container("db").aliases = {"/app/base"};
  world.changed(id("d"));
  cr_expect_leq(world.ask(), 2);
  cr_expect_eq(world.ask(), 0);

  world.container("db").aliases.clear();
  world.containers.erase(world.containers.begin());
  world.cache.namesChanged(id("d"), ++world.tick, {});
  cr_expect_leq(world.ask(), 2);
  cr_expect_eq(world.ask(), 0);
  world.cache.namesChanged(id("c"), ++world.tick, {});
  cr_expect_eq(world.ask(), 1);
  cr_expect_not(world.wholeList, "nobody is linked any more");
}

Test(container_table, forgets_everything_when_told_to) {
  World world = threeContainers();
  world.cache.clear();
  cr_expect_not(world.cache.loaded());
  cr_expect_eq(world.cache.size(), 0);
  cr_expect_eq(world.ask(), 1);
  cr_expect(world.wholeList);
}

Test(container_table, a_container_that_cannot_be_inspected_is_shown_as_the_engine_lists_it) {
  World world;
  std::string list = "[{\"Id\":\"" + id("a") +
                     "\",\"Names\":null,\"Created\":1795000000,\"State\":\"removing\","
                     "\"Status\":\"Removal In Progress\"}]\n";
  ContainerTable::Fresh fresh;
  fresh.tick = 1;
  fresh.need.all = true;
  fresh.asked = fresh.answered = start;
  fresh.listed = *parseList(list);
  world.cache.take(std::move(fresh));
  cr_expect_eq(world.cache.render(asks(true), start).body, list);
  std::string timed = world.cache.render(asks(true), start, true).body;
  cr_expect_neq(timed.find("},1795000000000000000]"), std::string::npos, "%s", timed.c_str());
  // Whether it is still there the engine is asked for each list.
  cr_expect_eq(world.cache.need(5, world.now).ids, std::vector<std::string>{id("a")});
}

Test(container_table, a_container_that_is_withheld_is_shown_as_listed_and_asked_for_each_time) {
  World world;
  world.containers = {{id("a"), "one", "created"},
                      {id("b"), "two", "running", start - 5 * minute, start - 11 * minute}};
  world.withheld = {id("a")};
  for (int question = 0; question < 3; question++) {
    cr_expect_eq(world.ask(), 1);
    world.clock += minute;
    world.now += 60'000ms;
  }
  world.withheld.clear();
  world.cache.changed(id("a"), ++world.tick, world.now);
  cr_expect_eq(world.ask(), 1);
  cr_expect_eq(world.inspected, std::set<std::string>{id("a")});
  cr_expect_eq(world.ask(), 0);
}

Test(container_table, a_container_that_is_withheld_keeps_what_was_known_of_it) {
  World world;
  world.containers = {{id("a"), "one"}};
  cr_expect_eq(world.ask(), 1);
  world.withheld = {id("a")};
  world.containers[0].odd = "Up 7 fortnights";
  world.cache.changed(id("a"), ++world.tick, world.now);
  cr_expect_eq(world.ask(), 1);
  world.containers.clear();
  cr_expect_eq(world.ask(), 1);
}

Test(container_table, filters_choose_what_the_engine_would) {
  World world;
  const std::string red = "{\"colour\":\"red\",\"empty\":\"\"}", blue = "{\"colour\":\"blue\"}";
  world.containers = {
      {id("f"), "paused", "paused", start - minute, start},
      {id("e"), "web-1", "running", start - minute, start - 1, red},
      {id("d"), "web-2", "exited", start - minute, start - 2, red},
      {id("c"), "db", "running", start - minute, start - 3, blue, {"/web-1/base"}},
      {id("b"), "again", "restarting", start - minute, start - 4, "null"},
      {id("a"), "cron", "created", start - minute, start - 5, blue},
  };
  // Restarting has words of its own.
  world.containers[4].odd = "Restarting (1) About a minute ago";
  world.ask();
  const struct {
    ListQuery query;
    std::string names;
  } queries[] = {
      {{}, "paused web-1 db again "},
      {asks(true), "paused web-1 web-2 db again cron "},
      {asks(false, 3), "paused web-1 web-2 "},  // a limit means all
      {asks(true, 99), "paused web-1 web-2 db again cron "},
      {asks(false, 0, {"colour"}), "web-1 db "},
      {asks(true, 0, {"colour=red"}), "web-1 web-2 "},
      {asks(true, 0, {"colour", "empty"}), "web-1 web-2 "},
      {asks(true, 0, {"empty="}), "web-1 web-2 "},
      {asks(true, 0, {"colour=red", "colour=blue"}), ""},
      {asks(true, 0, {"colou"}), ""},
      {asks(true, 0, {"colour=re"}), ""},
      {asks(true, 0, {}, {"exited", "created"}), "web-2 cron "},
      {asks(true, 0, {}, {}, {"web"}), "web-1 web-2 "},  // aliases are not looked at
      {asks(true, 0, {}, {}, {"eb-1", "cro"}), "web-1 cron "},
      {asks(true, 0, {}, {}, {"nobody"}), ""},
      {asks(true, 1, {}, {}, {"web"}), "web-1 "},
  };
  for (const auto& each : queries) {
    std::string answer, names;
    world.ask(answer, each.query);
    std::optional<std::vector<ListedContainer>> shown = parseList(answer);
    cr_assert(shown.has_value());
    for (const ListedContainer& one : *shown) names += one.names.at(0).substr(1) + " ";
    cr_expect_eq(names, each.names, "%s instead of %s", names.c_str(), each.names.c_str());
  }
}
