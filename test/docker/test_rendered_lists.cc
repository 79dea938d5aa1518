// The same answer is the same object, and no other answer is.

#include "docker/rendered_lists.h"

#include <criterion/criterion.h>

#include <string>

using docker::ContainerTable;
using docker::ListQuery;
using docker::RenderedList;
using docker::RenderedLists;

namespace {

constexpr int64_t second = 1'000'000'000, minute = 60 * second;
constexpr int64_t start = 1'790'000'000 * second;

// One container that started `age` before `start`, and one that is only created.
struct House {
  ContainerTable cache;
  RenderedLists lists;
  docker::Tick tick = 0;
  int64_t age;

  explicit House(int64_t age) : age(age) { listed("web"); }

  // The engine gives its list once more.
  void listed(const std::string& name) {
    std::string json = R"([{"Id":"aa","Names":["/)" + name +
                       R"("],"Labels":{},"State":"running","Status":"Up )" +
                       docker::humanDuration(age) +
                       R"("},{"Id":"bb","Names":["/job"],"Labels":{},"State":"created",)"
                       R"("Status":"Created"}])";
    ContainerTable::Fresh fresh;
    fresh.tick = ++tick;
    fresh.need.all = true;
    fresh.asked = fresh.answered = start;
    fresh.listed = *docker::parseList(json);
    fresh.times["aa"] = {start - age, start - age, 0, false};
    fresh.times["bb"] = {start - age, 0, 0, false};
    cache.take(std::move(fresh));
  }

  RenderedList at(int64_t now, bool all = true, bool withTimes = false) {
    ListQuery query;
    query.all = all;
    RenderedList list = lists.render(cache, all ? "all=1" : "", query, now, withTimes);
    cr_expect_eq(*list.body, cache.render(query, now, withTimes).body);
    return list;
  }
};

}  // namespace

Test(rendered_lists, an_answer_is_made_anew_only_when_words_or_the_cache_change) {
  House house(5 * minute);
  RenderedList first = house.at(start);
  cr_expect_eq(house.at(start + minute - 1).body, first.body);
  RenderedList later = house.at(start + minute);
  cr_expect_neq(later.body, first.body);
  cr_expect_neq(later.tag, first.tag);
  cr_expect_neq(house.at(start).body, later.body, "a clock that was set back");

  RenderedList before = house.at(start);
  house.listed("web");
  cr_expect_eq(house.at(start).body, before.body, "asked for again, and the same");
  house.listed("other");
  RenderedList renamed = house.at(start);
  cr_expect_neq(renamed.body, before.body);
  cr_expect_neq(renamed.tag, before.tag);
  house.cache.clear();
  cr_expect_eq(*house.at(start).body, "[]\n");
}

Test(rendered_lists, lists_without_running_times_stay_the_same) {
  House house(5 * minute);
  house.cache.clear();
  RenderedList empty = house.at(start);
  cr_expect_eq(house.at(start + 10 * 365 * 24 * 60 * minute).body, empty.body);
}

Test(rendered_lists, each_kind_of_list_is_kept_and_the_oldest_given_up) {
  House house(5 * minute);
  RenderedList all = house.at(start), some = house.at(start, false),
               times = house.at(start, true, true);
  cr_expect_neq(all.body, some.body);
  cr_expect_neq(all.body, times.body);
  cr_expect_eq(house.at(start).body, all.body);
  cr_expect_eq(house.at(start, false).body, some.body);
  cr_expect_eq(house.at(start, true, true).body, times.body);
  ListQuery query;
  query.all = true;
  for (std::string other : {"a", "b", "c", "d"})
    house.lists.render(house.cache, other, query, start, false);
  cr_expect_neq(house.at(start).body, all.body);
  cr_expect_eq(house.at(start).tag, all.tag);
}
