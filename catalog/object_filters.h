#pragma once

// The filters of GET /networks and GET /volumes, for what a node has by its records while its
// engine cannot be asked. Pure.

#include <string_view>
#include <vector>

#include "docker/filtered_query.h"
#include "docker/object_kind.h"

namespace catalog {

// Whether the engine would show this element of its list. What cannot be told, or is no known
// filter, matches nothing: name (a part of it), id, label, driver, scope, type and dangling are
// known. `used`: a container has the volume.
bool matchesHeld(docker::ObjectKind kind, std::string_view listed,
                 const std::vector<docker::ListFilter>& filters, bool used);

}  // namespace catalog
