#include "docker/filtered_query.h"

#include <algorithm>

#include "docker/merge_json.h"

namespace docker {

std::string FilteredQuery::text() const {
  if (filters.empty()) return query.text();
  std::string json;
  for (const ListFilter& filter : filters) {
    json += (json.empty() ? "{" : ",") + jsonString(filter.name) + ":" + filter.json;
  }
  Query all = query;
  all.add("filters", json + "}");
  return all.text();
}

std::vector<std::string> FilteredQuery::values(std::string_view filter) const {
  for (const ListFilter& each : filters) {
    if (each.name == filter) return each.values;
  }
  return {};
}

std::string FilteredQuery::lastValue(std::string_view filter) const {
  std::vector<std::string> all = values(filter);
  return all.empty() ? std::string() : all.back();
}

bool FilteredQuery::erase(std::string_view filter) {
  return std::erase_if(filters, [&](const ListFilter& each) { return each.name == filter; }) > 0;
}

std::optional<FilteredQuery> parseFilteredQuery(std::string_view query) {
  FilteredQuery parsed;
  parsed.query = parseQuery(query);
  if (!parsed.query.fault.empty()) return std::nullopt;
  std::optional<std::vector<ListFilter>> filters = parseListFilters(parsed.query.value("filters"));
  if (!filters) return std::nullopt;
  parsed.filters = std::move(*filters);
  parsed.query.erase("filters");
  return parsed;
}

std::vector<std::string> takeNodeFilter(FilteredQuery& query) {
  std::vector<std::string> wanted = query.values("node");
  query.erase("node");
  return wanted;
}

bool wantsNode(const std::vector<std::string>& wanted, std::string_view nodeId,
               std::string_view nodeName) {
  if (wanted.empty()) return true;
  return std::any_of(wanted.begin(), wanted.end(),
                     [&](const std::string& each) { return each == nodeId || each == nodeName; });
}

}  // namespace docker
