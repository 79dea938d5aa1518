#pragma once

// What rules a node out. Each filter is one question; they are asked in the order of the list, and
// the first that says no is the one that is told.

#include "scheduler/decision.h"

#include <span>
#include <string>
#include <string_view>

namespace scheduler {

// Whether the node passes. If not, and `why` is given, says why in one line that goes on from the
// node's name.
using Passes = bool (*)(const Decision& decision, const NodeInfo& node, std::string* why);

struct Filter {
  std::string_view name;
  Passes passes;
  // Whether it is about the node alone. A global container is to be on each node that passes these.
  bool ofNode = false;
  // Whether it keeps only new ones away: what is there stays.
  bool onlyNew = false;
};

std::span<const Filter> filters();

// Whether the node's engine refuses the request by itself: it wants another platform, a driver or a
// runtime that is not there, a container that is nowhere, or more CPUs than there are.
bool isRefusedByEngine(const Decision& decision, const NodeInfo& node);

// Whether the node takes containers at all.
bool isInService(const NodeInfo& node);

// The address on which the node publishes the container's ports: the first of its own on which they
// are free. Nothing if they are free on none, an empty text if the node leaves it to the request.
std::optional<std::string> publishAddress(const Decision& decision, const NodeInfo& node);

}  // namespace scheduler
