// What the cache reads of the engine's answers: of its list, and of inspections.

#include <criterion/criterion.h>

#include <optional>
#include <string>
#include <vector>

#include "docker/container_table.h"

using docker::ContainerTimes;
using docker::ListedContainer;
using docker::parseInspect;
using docker::parseList;

namespace {

constexpr int64_t second = 1'000'000'000;

}  // namespace

Test(parseList, takes_the_engines_answer_apart) {
  std::string json =
      R"([ {"Id":"a1","Names":["/x","/y/z"],"Labels":{"k":"v \"q\"","e":""},"State":"running",)"
      R"("Status":"Up 5 minutes","Ports":[{"IP":"0.0.0.0"}],"N":{"Id":"no","Labels":{"no":"no"}}},)"
      "\n"
      R"({"Status":"Created","Id":"b2","Names":null,"Labels":null,"Size":12.5e3} ])"
      "\n";
  std::optional<std::vector<ListedContainer>> list = parseList(json);
  cr_assert(list && list->size() == 2);
  const ListedContainer& first = list->front();
  cr_expect_eq(first.id, "a1");
  cr_expect_eq(first.names, (std::vector<std::string>{"/x", "/y/z"}));
  cr_expect_eq(first.labels, (std::vector<std::string>{"k=v \"q\"", "e="}));
  cr_expect_eq(first.state, "running");
  cr_expect_eq(first.status, "Up 5 minutes");
  for (const ListedContainer& each : *list) {
    cr_expect_eq(each.json.front(), '{');
    cr_expect_eq(each.json.back(), '}');
    cr_expect_eq(each.json.substr(each.statusAt, each.statusLength), "\"" + each.status + "\"");
  }
  cr_expect_eq(list->back().id, "b2");
}

Test(parseList, takes_nothing_else) {
  for (std::string json : {"",
                           "{}",
                           "null",
                           "\"x\"",
                           "[",
                           "[{]",
                           "[1]",
                           "[null]",
                           "[\"x\"]",
                           "[[]]",
                           "[[\"x\"]]",
                           "[[{\"Id\":\"a\",\"Status\":\"b\"}]]",
                           "[{}]",
                           "[{\"Id\":\"a\"}]",
                           "[{\"Status\":\"Created\"}]",
                           "[{\"Id\":\"\",\"Status\":\"Created\"}]",
                           "[{\"Id\":\"a\",\"Status\":7}]",
                           "[{\"Id\":\"a\",\"Status\":\"Cr\\u0065ated\"}]",
                           "[{\"Id\":\"a\",\"Status\":\"Created\"}",
                           "[{\"Id\":\"a\",\"Status\":\"Created\"}] x",
                           "[{\"Id\":\"a\",\"Status\":\"Created\"},[\"Status\"]]",
                           "{\"message\":\"no\"}"}) {
    cr_expect_not(parseList(json).has_value(), "%s", json.c_str());
  }
}

Test(parseInspect, tells_the_times_and_whether_there_are_links) {
  std::optional<ContainerTimes> times = parseInspect(
      R"({"Created":"2026-11-21T10:00:00.5Z","State":{"StartedAt":"2026-11-21T10:00:01Z",)"
      R"("FinishedAt":"0001-01-01T00:00:00Z"},"HostConfig":{"Links":["/db:/web/db"]}})");
  cr_assert(times.has_value());
  cr_expect_eq(times->created, 1795255200 * second + second / 2);
  cr_expect_eq(times->started, 1795255201 * second);
  cr_expect_eq(times->finished, 0);
  cr_expect(times->linked);
  for (std::string links : {"null", "[]", "7"}) {
    times = parseInspect("{\"State\":{},\"HostConfig\":{\"Links\":" + links + "}}");
    cr_assert(times.has_value());
    cr_expect_not(times->linked);
  }
  for (std::string json : {"", "[]", "{}", "{\"State\":7}", "{\"State\":{}"}) {
    cr_expect_not(parseInspect(json).has_value(), "%s", json.c_str());
  }
}
