// Filters of lists of networks and volumes whose engine cannot be asked.

#include "catalog/object_filters.h"

#include <criterion/criterion.h>

#include <string>

#include "base/url.h"

using namespace docker;
using namespace catalog;

namespace {

bool shows(ObjectKind kind, const std::string& filters, bool used = false) {
  const std::string listed =
      R"({"Id":"abc1","Name":"back-end","Driver":"local","Scope":"local","Labels":{"a":"1"}})";
  std::optional<FilteredQuery> query =
      parseFilteredQuery("filters=" + base::encodeQueryValue("{" + filters + "}"));
  cr_assert(query.has_value(), "%s", filters.c_str());
  return matchesHeld(kind, listed, query->filters, used);
}

}  // namespace

Test(held_filters, match_as_the_engines_do) {
  const struct {
    const char* filters;
    bool network;
    bool volume;
  } cases[] = {
      {"", true, true},
      {R"("name":["end"])", true, true},
      {R"("name":["front"])", false, false},
      {R"("name":["front","back"])", true, true},
      {R"("label":["a"])", true, true},
      {R"("label":["a=1"])", true, true},
      {R"("label":["a=2"])", false, false},
      {R"("label":["a","b"])", false, false},
      {R"("driver":["local"])", true, true},
      {R"("driver":["other"])", false, false},
      {R"("id":["abc"])", true, false},
      {R"("scope":["local"])", true, false},
      {R"("scope":["swarm"])", false, false},
      {R"("type":["custom"])", true, false},
      {R"("type":["builtin"])", false, false},
      {R"("dangling":["true"])", false, true},
      {R"("dangling":["false"])", false, false},
      {R"("future":["x"])", false, false},
      {R"("driver":["local"],"name":["x"])", false, false},
  };
  for (const auto& each : cases) {
    cr_expect_eq(shows(ObjectKind::network, each.filters), each.network, "%s", each.filters);
    cr_expect_eq(shows(ObjectKind::volume, each.filters), each.volume, "%s", each.filters);
  }
  cr_expect(shows(ObjectKind::volume, R"("dangling":["false"])", true));
  cr_expect_not(shows(ObjectKind::volume, R"("dangling":["1"])", true));
  for (const char* wrong : {"", "[]", "5"})
    cr_expect_not(matchesHeld(ObjectKind::volume, wrong, {}, false), "%s", wrong);
}
