#include "docker/list_filters.h"

#include <map>
#include <set>
#include <utility>

#include "base/json.h"

namespace docker {
namespace {

// Of a list null is an empty text, to Go.
std::optional<std::vector<std::string>> valuesOf(const rapidjson::Value& filter) {
  std::vector<std::string> values;
  if (filter.IsNull()) return values;
  if (filter.IsArray()) {
    for (const rapidjson::Value& each : filter.GetArray()) {
      if (!each.IsString() && !each.IsNull()) return std::nullopt;
      values.emplace_back(each.IsString() ? base::asText(each) : "");
    }
    return values;
  }
  if (!filter.IsObject()) return std::nullopt;
  std::set<std::string_view> known;
  for (const auto& each : filter.GetObject()) {
    if (!each.value.IsBool() && !each.value.IsNull()) return std::nullopt;
    std::string_view value = base::asText(each.name);
    if (known.insert(value).second) values.emplace_back(value);
  }
  return values;
}

}  // namespace

std::optional<std::vector<ListFilter>> parseListFilters(std::string_view json) {
  std::vector<ListFilter> filters;
  if (json.empty()) return filters;
  const rapidjson::Document document = base::parseJson(json);
  if (document.HasParseError()) return std::nullopt;
  if (document.IsNull()) return filters;
  if (!document.IsObject()) return std::nullopt;
  bool lists = false, objects = false;
  std::map<std::string, size_t> known;
  for (const auto& each : document.GetObject()) {
    std::optional<std::vector<std::string>> values = valuesOf(each.value);
    lists = lists || each.value.IsArray();
    objects = objects || each.value.IsObject();
    if (!values || (lists && objects)) return std::nullopt;
    std::string text = base::JsonWriter().value(each.value).text();
    ListFilter filter{std::string(base::asText(each.name)), std::move(text), std::move(*values)};
    auto [former, isNew] = known.emplace(filter.name, filters.size());
    if (isNew) {
      filters.push_back(std::move(filter));
    } else {
      filters[former->second] = std::move(filter);
    }
  }
  return filters;
}

}  // namespace docker
