#include "proxy/merge/merge_plan.h"

#include <algorithm>
#include <climits>

namespace proxy {
std::optional<ContainerListPlan> planContainerList(std::string_view query) {
  std::optional<docker::FilteredQuery> parsed = docker::parseFilteredQuery(query);
  if (!parsed) return std::nullopt;
  ContainerListPlan plan;
  plan.rest = std::move(*parsed);
  plan.nodes = docker::takeNodeFilter(plan.rest);
  plan.before = plan.rest.lastValue("before");
  plan.since = plan.rest.lastValue("since");

  docker::Query& parameters = plan.rest.query;
  std::optional<int64_t> limit = parameters.number("limit");
  if (!limit) return std::nullopt;
  plan.limit = static_cast<int>(std::clamp<int64_t>(*limit, 0, INT_MAX));
  plan.all = parameters.flag("all");
  parameters.erase("limit");
  parameters.erase("all");
  return plan;
}

std::string ContainerListPlan::query() const {
  docker::FilteredQuery query = rest;
  query.erase("before");
  query.erase("since");
  // The newest may all be cut off here, so that a limit would hide what is to be shown. But a limit
  // means stopped ones, too.
  bool cutsHere = beforeAt || images;
  if (all || (limit > 0 && cutsHere)) query.query.add("all", "1");
  if (limit > 0 && !cutsHere) query.query.add("limit", std::to_string(limit));
  return query.text();
}

bool ContainerListPlan::showsStopped() const {
  return all || limit > 0 || !rest.values("status").empty();
}

}  // namespace proxy
