#include "docker/list_query.h"

#include <criterion/criterion.h>

#include <climits>
#include <string>
#include <vector>

#include "base/url.h"

using docker::ListQuery;
using docker::parseListQuery;

namespace {

using Strings = std::vector<std::string>;

ListQuery asks(bool all, int limit = 0, Strings labels = {}, Strings states = {},
               Strings names = {}) {
  return {all, limit, std::move(labels), std::move(states), std::move(names)};
}

std::string filters(const std::string& json) {
  return "filters=" + base::encodeQueryValue(json);
}

}  // namespace

Test(list_query, is_read_as_dockerd_reads_it) {
  const struct {
    std::string query;
    ListQuery meaning;
  } queries[] = {
      {"", {}},
      {"all=1", asks(true)},
      {"all=true&", asks(true)},
      {"&&all=True", asks(true)},
      {"all=0", {}},
      {"all=no", {}},
      {"all=FALSE", {}},
      {"all=none", {}},
      {"all=", {}},
      {"all", {}},
      {"all=%20", {}},  // dockerd trims
      {"all=2", asks(true)},
      {"limit=3", asks(false, 3)},
      {"limit=0", {}},
      {"limit=", {}},
      {"limit=%2B3", asks(false, 3)},
      {"limit=99999999999", asks(false, INT_MAX)},
      // Of several the first counts.
      {"limit=1&limit=2", asks(false, 1)},
      {"all=1&all=0", asks(true)},
      {"all=0&a%6Cl=1", {}},
      {"a%6Cl=1", asks(true)},
      {"filters=&filters=nonsense", {}},
      {"limit=-1&all=1", asks(true)},
      {"size=0&all=1", asks(true)},
      {"size=false", {}},
      {"trunc_cmd=0", {}},
      {"filters=", {}},
      {"filters=%7B%7D", {}},
      {filters(R"({"label":["a","b=c"]})"), asks(false, 0, {"a", "b=c"})},
      {filters(R"({"label":{"a":true}})"), asks(false, 0, {"a"})},
      {filters(R"({"status":["exited"]})"), asks(true, 0, {}, {"exited"})},
      {filters(R"({"status":["running","paused"]})"), asks(true, 0, {}, {"running", "paused"})},
      {filters(R"({"status":[]})"), {}},
      {filters(R"({"name":["web_1-x"]})"), asks(false, 0, {}, {}, {"web_1-x"})},
      {"all=1&limit=2&" + filters(R"({"name":["a"],"label":["b"]})"),
       asks(true, 2, {"b"}, {}, {"a"})},
      {filters(R"({"label":{"a":false}})"), asks(false, 0, {"a"})},
      {filters(R"({"label":["a"],"label":["b"]})"), asks(false, 0, {"b"})},
      {filters("null"), asks(false, 0, {})},
      {filters(R"({"name":null})"), asks(false, 0, {})},
  };
  for (const auto& each : queries) {
    std::optional<ListQuery> meaning = parseListQuery(each.query);
    cr_expect(meaning && *meaning == each.meaning, "%s", each.query.c_str());
  }
}

Test(list_query, what_only_the_engine_understands_is_left_to_it) {
  for (std::string query : {
           std::string("size=1"),
           std::string("size=true"),
           std::string("unknown=1"),
           std::string("ALL=1"),
           std::string("limit=x"),
           std::string("limit=1.5"),
           std::string("limit=9223372036854775808"),
           std::string("all=%"),
           std::string("all=%4"),
           std::string("all=%zz"),
           std::string("all=1;limit=2"),  // which Go refuses
           std::string("since=abc"),
           std::string("before=abc"),
           filters("nonsense"),
           filters("[]"),
           filters("{\"label\":\"a\"}"),
           filters("{\"label\":[1]}"),
           filters("{\"label\":{\"a\":1}}"),
           filters("{\"label\":[\"a\"],\"status\":{\"exited\":true}}"),  // two formats at once
           filters("{\"id\":[\"abc\"]}"),
           filters("{\"ancestor\":[\"busybox\"]}"),
           filters("{\"health\":[\"healthy\"]}"),
           filters("{\"status\":[\"nosuch\"]}"),
           filters("{\"status\":[\"Running\"]}"),
           filters("{\"name\":[\"^web$\"]}"),
           filters("{\"name\":[\"a.b\"]}"),
           filters("{\"name\":[\"/web\"]}"),
           filters("{\"name\":[\"\"]}"),
           filters("{} {}"),
           filters("{\"label\":[\"a\"]"),
       }) {
    cr_expect_not(parseListQuery(query), "%s", query.c_str());
  }
}
