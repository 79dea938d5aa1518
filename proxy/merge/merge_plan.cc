#include "proxy/merge/merge_plan.h"

#include <algorithm>
#include <charconv>

#include "docker/list_query.h"

namespace proxy {
namespace {

// The engine looks at one value only, of which it does not say which.
std::string lastValue(const docker::FilteredQuery& query, std::string_view filter) {
  std::vector<std::string> values = query.values(filter);
  return values.empty() ? "" : values.back();
}

}  // namespace

std::optional<ContainerListPlan> planContainerList(std::string_view query) {
  std::optional<docker::FilteredQuery> parsed = docker::parseFilteredQuery(query);
  if (!parsed) return std::nullopt;
  ContainerListPlan plan;
  plan.rest = std::move(*parsed);
  plan.nodes = docker::takeNodeFilter(plan.rest);
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
  std::optional<docker::ListQuery> flag =
      docker::parseListQuery("all=" + docker::encodeQueryValue(take("all")));
  plan.all = flag && flag->all;
  return plan;
}

std::string ContainerListPlan::query() const {
  docker::FilteredQuery query = rest;
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
