// The parameter `filters` as dockerd reads it.

#include "docker/list_filters.h"

#include <criterion/criterion.h>

#include <optional>
#include <string>

using namespace docker;

namespace {

// "name:value,value name:..." of what was read; "refused" if nothing.
std::string read(const std::string& json) {
  std::optional<std::vector<ListFilter>> filters = parseListFilters(json);
  if (!filters) return "refused";
  std::string text;
  for (const ListFilter& each : *filters) {
    text += (text.empty() ? "" : " ") + each.name + ":";
    for (size_t i = 0; i < each.values.size(); i++) text += (i ? "," : "") + each.values[i];
  }
  return text;
}

}  // namespace

Test(list_filters, are_read_as_dockerd_reads_them) {
  const struct {
    const char* json;
    const char* expected;
  } cases[] = {
      {"", ""},
      {"null", ""},
      {"{}", ""},
      {R"({"name":null})", "name:"},
      {R"({"name":[]})", "name:"},
      {R"({"name":{}})", "name:"},
      {R"({"name":["a","b"]})", "name:a,b"},
      {R"({"name":["a",null]})", "name:a,"},
      {R"({"name":{"a":true,"b":false,"c":null}})", "name:a,b,c"},
      {R"({"name":["a"],"label":null})", "name:a label:"},
      {R"({"name":{"a":true},"label":null})", "name:a label:"},
      {R"({"name":["a"],"name":["b"]})", "name:b"},
      {R"( {"name" : ["a"]} )", "name:a"},
      {R"({"name":["a"],"label":{"b":true}})", "refused"},
      {R"({"name":"a"})", "refused"},
      {R"({"name":[1]})", "refused"},
      {R"({"name":{"a":1}})", "refused"},
      {R"({"name":["a"]}x)", "refused"},
      {"[]", "refused"},
      {"\"a\"", "refused"},
      {"1", "refused"},
      {"{", "refused"},
      {" ", "refused"},
  };
  for (const auto& each : cases)
    cr_expect_eq(read(each.json), each.expected, "%s: %s", each.json, read(each.json).c_str());
}
