#pragma once

// The time of day: for certificates and for bounds, never to order events by.

#include <chrono>

#include "cluster/number_bounds.h"

namespace cluster {

using WallTime = std::chrono::sys_seconds;

WallTime wallNow();
// The same, finer.
Instant instantNow();

}  // namespace cluster
