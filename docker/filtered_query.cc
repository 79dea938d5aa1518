#include "docker/filtered_query.h"

#include <algorithm>

#include "docker/list_query.h"
#include "docker/merge_json.h"

namespace docker {

std::string FilteredQuery::text() const {
  std::string out;
  for (const auto& [key, value] : parameters) {
    out += (out.empty() ? "" : "&") + encodeQueryValue(key) + "=" + encodeQueryValue(value);
  }
  if (filters.empty()) return out;
  std::string json;
  for (const ListFilter& filter : filters) {
    json += (json.empty() ? "{" : ",") + jsonString(filter.name) + ":" + filter.json;
  }
  return out + (out.empty() ? "" : "&") + "filters=" + encodeQueryValue(json + "}");
}

std::vector<std::string> FilteredQuery::values(std::string_view filter) const {
  for (const ListFilter& each : filters) {
    if (each.name == filter) return each.values;
  }
  return {};
}

bool FilteredQuery::erase(std::string_view filter) {
  return std::erase_if(filters, [&](const ListFilter& each) { return each.name == filter; }) > 0;
}

std::optional<FilteredQuery> parseFilteredQuery(std::string_view query) {
  FilteredQuery parsed;
  std::string filters;
  if (query.find(';') != std::string_view::npos) return std::nullopt;  // Go takes none
  while (!query.empty()) {
    std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.empty()) continue;
    size_t equals = pair.find('=');
    std::string_view raw = equals == std::string_view::npos ? "" : pair.substr(equals + 1);
    std::optional<std::string> key = decodeQueryValue(pair.substr(0, equals));
    std::optional<std::string> value = decodeQueryValue(raw);
    if (!key || !value) return std::nullopt;
    if (*key == "filters") {
      if (filters.empty()) filters = std::move(*value);
    } else {
      parsed.parameters.emplace_back(std::move(*key), std::move(*value));
    }
  }
  std::optional<std::vector<ListFilter>> known = parseListFilters(filters);
  if (!known) return std::nullopt;
  parsed.filters = std::move(*known);
  return parsed;
}

std::string queryValue(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.find(';') != std::string_view::npos) continue;  // Go passes over these
    size_t equals = pair.find('=');
    if (decodeQueryValue(pair.substr(0, equals)) != name) continue;
    std::string_view raw = equals == std::string_view::npos ? "" : pair.substr(equals + 1);
    if (std::optional<std::string> value = decodeQueryValue(raw)) return *value;
  }
  return {};
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
