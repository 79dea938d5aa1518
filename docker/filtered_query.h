#pragma once

// The query of a list, a prune or a stream of events: its parameters and filters, to be looked at,
// changed and sent on. Pure.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "docker/list_filters.h"
#include "docker/query.h"

namespace docker {

// A query whose filters are known.
struct FilteredQuery {
  Query query;  // without the filters
  std::vector<ListFilter> filters;

  // Encoded again, without '?'.
  std::string text() const;
  // The values of this filter; none if it is not there.
  std::vector<std::string> values(std::string_view filter) const;
  // Of filters of which the engine looks at one value only, and does not say at which; empty if
  // there is none.
  std::string lastValue(std::string_view filter) const;
  bool erase(std::string_view filter);
};

// Nothing if an engine refuses such a query; then engines should be asked as it is, to word the
// refusal.
std::optional<FilteredQuery> parseFilteredQuery(std::string_view query);

// Takes the filter `node` of droverd out of a query: any list, prune or events. Engines refuse it.
std::vector<std::string> takeNodeFilter(FilteredQuery& query);
// Whether a filter of these values, which are names and ids, lets this node through. None: every
// one.
bool wantsNode(const std::vector<std::string>& wanted, std::string_view nodeId,
               std::string_view nodeName);

}  // namespace docker
