#pragma once

// How much of each kind a request to create a container may ask for. Each container, volume,
// network and plugin that it names is looked for on every node, and each block of ports is held
// against what nodes have. Nothing that an engine can run in earnest comes near.

#include "labels/policy.h"
#include "labels/problem.h"

#include <optional>

namespace labels {

inline constexpr size_t maxNames = 1'000;       // of each kind
inline constexpr size_t maxPortBlocks = 1'000;  // ports side by side are one block

// Leaves of what is named more than once the first.
void dropRepeats(Policy& policy);

// What it asks for too much of; ports are sorted for meeting.
std::optional<Problem> beyondBounds(const Policy& policy);

}  // namespace labels
