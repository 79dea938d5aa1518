#include "docker/list_query.h"

#include <algorithm>
#include <climits>
#include <utility>

#include "docker/filtered_query.h"

namespace docker {
namespace {

// The engine takes names as regular expressions.
bool isPlain(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

bool isState(std::string_view value) {
  for (std::string_view state :
       {"created", "restarting", "running", "removing", "paused", "exited", "dead"}) {
    if (value == state) return true;
  }
  return false;
}

bool takeFilters(std::vector<ListFilter> filters, ListQuery& query) {
  for (ListFilter& each : filters) {
    if (each.name == "label") {
      query.labels = std::move(each.values);
    } else if (each.name == "status") {
      if (!std::all_of(each.values.begin(), each.values.end(), isState)) return false;
      query.states = std::move(each.values);
      // Asking for a state means all containers, running or not.
      query.all = query.all || !query.states.empty();
    } else if (each.name == "name") {
      if (!std::all_of(each.values.begin(), each.values.end(), isPlain)) return false;
      query.names = std::move(each.values);
    } else {
      return false;
    }
  }
  return true;
}

// `trunc_cmd` is docker-py's; nobody reads it.
bool isKnown(std::string_view parameter) {
  return parameter == "all" || parameter == "limit" || parameter == "size" ||
         parameter == "trunc_cmd";
}

}  // namespace

std::optional<ListQuery> parseListQuery(std::string_view text) {
  std::optional<FilteredQuery> query = parseFilteredQuery(text);
  if (!query) return std::nullopt;
  const Query& given = query->query;
  for (const auto& [name, value] : given.parameters) {
    if (!isKnown(name)) return std::nullopt;
  }
  if (given.flag("size")) return std::nullopt;  // takes a walk through the file system
  std::optional<int64_t> limit = given.number("limit");
  if (!limit) return std::nullopt;
  ListQuery parsed;
  parsed.all = given.flag("all");
  parsed.limit = static_cast<int>(std::clamp<int64_t>(*limit, 0, INT_MAX));
  if (!takeFilters(std::move(query->filters), parsed)) return std::nullopt;
  return parsed;
}

}  // namespace docker
