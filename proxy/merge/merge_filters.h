#pragma once

// The filters of GET /containers/json, for entries of a list whose engine cannot be asked. Pure.

#include <string_view>
#include <vector>

#include "docker/filtered_query.h"

namespace proxy {

// Whether the engine would show this entry of its list. What cannot be told from the entry alone,
// or is no known filter, matches nothing: id, name (^, $ and dots, no other patterns), label,
// status, exited, health, network, volume, is-task and isolation are known. `before` and `since`
// are not looked at, nor does `ancestor` come here (merge_plan.h).
bool matchesFilters(std::string_view entry, const std::vector<docker::ListFilter>& filters);

}  // namespace proxy
