#include "proxy/merge_plan.h"

#include <algorithm>
#include <charconv>

#include "proxy/list_query.h"
#include "proxy/merge_json.h"

namespace proxy {
namespace {

// The engine looks at one value only, of which it does not say which.
std::string lastValue(const FilteredQuery& query, std::string_view filter) {
  std::vector<std::string> values = query.values(filter);
  return values.empty() ? "" : values.back();
}

}  // namespace

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

std::optional<ContainerListPlan> planContainerList(std::string_view query) {
  std::optional<FilteredQuery> parsed = parseFilteredQuery(query);
  if (!parsed) return std::nullopt;
  ContainerListPlan plan;
  plan.rest = std::move(*parsed);
  plan.nodes = takeNodeFilter(plan.rest);
  plan.before = lastValue(plan.rest, "before");
  plan.since = lastValue(plan.rest, "since");

  // Of a parameter that is given twice, Go takes the first.
  auto take = [&](std::string_view key) {
    auto& parameters = plan.rest.parameters;
    auto named = [&](const auto& each) { return each.first == key; };
    auto found = std::find_if(parameters.begin(), parameters.end(), named);
    std::string value = found == parameters.end() ? "" : found->second;
    std::erase_if(parameters, named);
    return value;
  };
  std::string limit = take("limit");
  const char* end = limit.data() + limit.size();
  auto [stopped, error] = std::from_chars(limit.data(), end, plan.limit);
  if (!limit.empty() && (error != std::errc() || stopped != end)) return std::nullopt;
  plan.limit = std::max(plan.limit, 0);
  std::optional<ListQuery> flag = parseListQuery("all=" + encodeQueryValue(take("all")));
  plan.all = flag && flag->all;
  return plan;
}

std::string ContainerListPlan::query() const {
  FilteredQuery query = rest;
  query.erase("before");
  query.erase("since");
  // The newest may all be cut off here, so that a limit would hide what is to be shown. But a limit
  // means stopped ones, too.
  bool cutsHere = beforeAt || images;
  if (all || (limit > 0 && cutsHere)) query.parameters.emplace_back("all", "1");
  if (limit > 0 && !cutsHere) query.parameters.emplace_back("limit", std::to_string(limit));
  return query.text();
}

bool ContainerListPlan::showsStopped() const {
  return all || limit > 0 || !rest.values("status").empty();
}

}  // namespace proxy
