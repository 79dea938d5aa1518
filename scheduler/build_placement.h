#pragma once

// Where a build goes. As classic Swarm had it, a build asks for its node by build arguments:
// docker build --build-arg constraint:node==db-1, --build-arg affinity:image==base, ...

#include <optional>
#include <string>
#include <string_view>

#include "catalog/locator.h"
#include "scheduler/scheduler.h"

namespace scheduler {

// What the build arguments of a query ask for, as the body of a create that asks for the same.
// Nothing if none of them asks for anything. Pure.
std::optional<std::string> buildAsCreate(std::string_view query);

// The node for POST /build with this query; without one, how the client is refused. The node that
// was asked unless the build arguments ask for something. BuildKit has come to that node with its
// session before it says what it builds, so that it cannot be sent to another one.
catalog::Located nodeForBuild(std::string_view query, Scheduler& placements,
                              const catalog::Locator& locator, const cluster::NodeId& self);

}  // namespace scheduler
