// Filters on list entries whose engine cannot be asked.

#include "proxy/merge/merge_filters.h"

#include <criterion/criterion.h>

#include <string>

#include "test/proxy/merge_bodies.h"

using namespace catalog;
using namespace docker;
using namespace proxy;

namespace {

bool matches(const std::string& entry, const std::string& name, std::vector<std::string> values) {
  return matchesFilters(entry, {{name, "", std::move(values)}});
}

std::string replaced(std::string text, const std::string& old, const std::string& fresh) {
  size_t at = text.find(old);
  cr_assert(at != std::string::npos, "%s", old.c_str());
  return text.replace(at, old.size(), fresh);
}

}  // namespace

Test(merge_filters, each_filter_looks_where_the_engine_does) {
  const struct {
    std::string filter;
    std::string value;
    bool web;
    bool done;
  } cases[] = {
      {"id", "27c0e5f56147", true, false},
      {"id", "^15a2", false, true},
      {"id", "^5a2", false, false},
      {"name", "we", true, false},
      {"name", "^/?web$", false, false},  // a pattern only the engine can read
      {"name", "^/web$", true, false},
      {"name", "^web$", true, false},
      {"name", "^eb", false, false},
      {"name", "d.ne", false, true},
      {"name", "", true, true},
      {"label", "a", true, false},
      {"label", "a=b", true, false},
      {"label", "a=c", false, false},
      {"label", "b", false, false},
      {"status", "running", true, false},
      {"status", "exited", false, true},
      {"status", "run", false, false},
      {"exited", "0", false, true},
      {"exited", "1", false, false},
      {"health", "none", true, true},
      {"health", "healthy", false, false},
      {"network", "bridge", true, true},
      {"network", "e89851", true, true},
      {"network", "app", false, false},
      {"volume", "v1", false, true},
      {"volume", "/data", false, true},
      {"volume", "v", false, false},
      {"is-task", "false", true, true},
      {"is-task", "true", false, false},
      {"isolation", "hyperv", true, true},
      {"before", "x", true, true},
      {"since", "x", true, true},
      {"publish", "80", false, false},
      {"nonsense", "x", false, false},
  };
  for (const auto& each : cases) {
    cr_expect_eq(matches(bodies::webEntry, each.filter, {each.value}), each.web, "%s=%s on web",
                 each.filter.c_str(), each.value.c_str());
    cr_expect_eq(matches(bodies::doneEntry, each.filter, {each.value}), each.done, "%s=%s on done",
                 each.filter.c_str(), each.value.c_str());
  }
}

Test(merge_filters, health_is_read_from_the_status) {
  for (std::string health : {"healthy", "unhealthy"}) {
    std::string entry =
        replaced(bodies::webEntry, "Up Less than a second", "Up 5 minutes (" + health + ")");
    cr_expect(matches(entry, "health", {health}));
    cr_expect_not(matches(entry, "health", {"none"}));
  }
  std::string entry =
      replaced(bodies::webEntry, "Up Less than a second", "Up 1 second (health: starting)");
  cr_expect(matches(entry, "health", {"starting"}));
}

Test(merge_filters, all_labels_must_match_but_any_other_value) {
  std::string entry = replaced(bodies::webEntry, "{\"a\":\"b\"}", "{\"a\":\"b\",\"c\":\"\"}");
  cr_expect(matches(entry, "label", {"a=b", "c"}));
  cr_expect(matches(entry, "label", {"a=b", "c="}));
  cr_expect_not(matches(entry, "label", {"a=b", "d"}));
  cr_expect(matches(entry, "name", {"nope", "web"}));
  cr_expect_not(matchesFilters(entry, {{"name", "", {"web"}}, {"status", "", {"exited"}}}));
  cr_expect(matchesFilters(entry, {}));
  cr_expect(matches(entry, "name", {}));
}

Test(merge_filters, senseless_entries_match_nothing) {
  for (std::string entry : {"", "[]", "{", "1"}) cr_expect_not(matchesFilters(entry, {}));
  const std::string odd =
      R"({"Id":1,"Names":[2,null],"Labels":{"a":3},"State":{},"Status":[],"Mounts":[4],)"
      R"("NetworkSettings":{"Networks":{"n":5}},"Image":6})";
  cr_expect(matches(odd, "label", {"a"}));
  cr_expect(matches(odd, "network", {"n"}));
  for (std::string filter : {"id", "name", "status", "exited", "volume"})
    cr_expect_not(matches(odd, filter, {"a"}), "%s", filter.c_str());
  cr_expect_not(matches(odd, "label", {"a=3"}));
}
