#pragma once

// Containers of which each node that is eligible has one.

#include "scheduler/place.h"

#include <string>
#include <string_view>
#include <vector>

namespace scheduler {

// The ids of the nodes on which a container with this policy belongs, in order; ask again when a
// node joins, leaves or changes. Only what is about nodes themselves counts. Wishes do not: a wish
// cannot prefer one node when each is to have one.
//
// To make one of them, place() it with the node's id as policy.node.
std::vector<std::string> globalNodes(const labels::Policy& policy, const World& world,
                                     const Options& options);

// Whether one that is on this node stays there: as above, but for what keeps only new ones away. A
// node that is down, paused or drained keeps what it has.
bool keepsGlobal(const labels::Policy& policy, const World& world, const Options& options,
                 std::string_view node);

}  // namespace scheduler
