// What is asked of each node for one list of all of them.

#include "proxy/merge/merge_plan.h"

#include <criterion/criterion.h>

#include <string>
#include <vector>

#include "base/url.h"

using namespace catalog;
using namespace docker;
using namespace proxy;

namespace {

std::string filters(const std::string& json) {
  return "filters=" + base::encodeQueryValue(json);
}

ContainerListPlan planned(const std::string& query) {
  std::optional<ContainerListPlan> plan = planContainerList(query);
  cr_assert(plan.has_value(), "%s", query.c_str());
  return std::move(*plan);
}

using Strings = std::vector<std::string>;

}  // namespace

Test(merge_plan, queries_without_anything_of_ours_ask_the_same_of_all) {
  const struct {
    std::string query;
    std::string asked;
  } cases[] = {
      {"", ""},
      {"all=1", "all=1"},
      {"all=true&size=1", "size=1&all=1"},
      {"all=0", ""},
      {"limit=-1&all=1", "all=1"},
      {"limit=3", "limit=3"},
      {"limit=3&limit=5", "limit=3"},
      {"limit=%2B3&all=0&all=1", "limit=3"},
      {"limit=99999999999", "limit=2147483647"},
      {"trunc_cmd=0&x=%C3%A9", "trunc_cmd=0&x=%C3%A9"},
      {filters("{\"label\":[\"a=b\"],\"status\":[\"exited\"]}"),
       filters("{\"label\":[\"a=b\"],\"status\":[\"exited\"]}")},
      {filters("{\"label\":{\"a\":true,\"b\":false}}"),
       filters("{\"label\":{\"a\":true,\"b\":false}}")},
      {filters("{\"label\":[\"a\"]}") + "&" + filters("{\"label\":[\"b\"]}"),
       filters("{\"label\":[\"a\"]}")},
      {filters("{}"), ""},
      {"filters=", ""},
  };
  for (const auto& each : cases)
    cr_expect_eq(planned(each.query).query(), each.asked, "%s", each.query.c_str());
}

Test(merge_plan, queries_that_engines_refuse_are_left_to_them) {
  for (const std::string& query :
       {std::string("limit=x"), std::string("limit=1.5"), std::string("limit=9223372036854775808"),
        std::string("a=%zz"), std::string("a=%"), std::string("all=1;b=2"), filters("[]"),
        filters("nonsense"), filters("{\"label\":\"a\"}"), filters("{\"label\":[1]}"),
        filters("{\"label\":{\"a\":1}}"), filters("{\"label\":[\"a\"],\"name\":{\"b\":true}}"),
        filters("{\"label\":[\"a\"]")})
    cr_expect_not(planContainerList(query), "%s", query.c_str());
}

Test(merge_plan, the_node_filter_chooses_nodes_and_is_not_passed_on) {
  ContainerListPlan plan =
      planned("all=1&" + filters("{\"node\":[\"web-1\",\"n2\"],\"label\":[\"a\"]}"));
  cr_expect(plan.nodes == Strings({"web-1", "n2"}));
  cr_expect_eq(plan.query(), "all=1&" + filters("{\"label\":[\"a\"]}"));
  cr_expect(wantsNode(plan.nodes, "n1", "web-1"));
  cr_expect(wantsNode(plan.nodes, "n2", "web-2"));
  cr_expect_not(wantsNode(plan.nodes, "n3", "web-3"));
  cr_expect_not(wantsNode(plan.nodes, "n11", "web-11"));
  cr_expect(wantsNode({}, "n3", "web-3"));
  cr_expect_eq(planned(filters("{\"node\":{\"a\":true}}")).query(), "");
}

Test(merge_plan, the_node_filter_is_taken_from_any_query) {
  auto query = parseFilteredQuery("since=5&" + filters("{\"type\":[\"image\"],\"node\":[\"a\"]}"));
  cr_assert(query.has_value());
  cr_expect(takeNodeFilter(*query) == Strings({"a"}));
  cr_expect_eq(query->text(), "since=5&" + filters("{\"type\":[\"image\"]}"));
  cr_expect(takeNodeFilter(*query).empty());
}

Test(merge_plan, before_is_cut_here) {
  ContainerListPlan plan =
      planned("limit=2&" + filters("{\"before\":[\"web\"],\"label\":[\"a\"]}"));
  cr_expect_eq(plan.before, "web");
  plan.beforeAt = {"n2", "abc", 100};
  // A limit there could cut off what is older; but it also means that stopped ones are shown.
  cr_expect_eq(plan.query(), "all=1&" + filters("{\"label\":[\"a\"]}"));
}

Test(merge_plan, containers_of_images_are_taken_out_here) {
  ContainerListPlan plan = planned("limit=2");
  plan.images = ImageIds{"sha256:a"};
  cr_expect_eq(plan.query(), "all=1");
  plan = planned("");
  plan.images = ImageIds{"sha256:a"};
  cr_expect_eq(plan.query(), "");
}

Test(merge_plan, since_keeps_its_limit) {
  ContainerListPlan plan = planned("limit=2&" + filters("{\"since\":{\"web\":true}}"));
  cr_expect_eq(plan.since, "web");
  plan.sinceAt = {"n2", "abc", 100};
  cr_expect_eq(plan.query(), "limit=2");
}

Test(merge_plan, of_several_anchors_one_counts_as_for_an_engine) {
  ContainerListPlan plan = planned(filters("{\"before\":[\"a\",\"b\"],\"since\":[\"c\"]}"));
  cr_expect_eq(plan.before, "b");
  cr_expect_eq(plan.since, "c");
  plan.beforeAt = {"n1", "bbb", 100};
  plan.sinceAt = {"n2", "ccc", 90};
  cr_expect_eq(plan.query(), "");
}

Test(merge_plan, stopped_ones_are_shown_when_asked_for_in_any_way) {
  cr_expect_not(planned("").showsStopped());
  cr_expect(planned("all=1").showsStopped());
  cr_expect(planned("limit=1").showsStopped());
  cr_expect_not(planned("limit=0").showsStopped());
  cr_expect(planned(filters("{\"status\":[\"exited\"]}")).showsStopped());
}
