#pragma once

// The time of day: for certificates, for Docker's answers and for bounds, never to order events by.

#include <chrono>
#include <string>

#include "cluster/number_bounds.h"

namespace cluster {

using WallTime = std::chrono::sys_seconds;

WallTime wallNow();
// The same, finer.
Instant instantNow();

// RFC 3339 with nanoseconds, as Docker writes times.
std::string rfc3339Now();

}  // namespace cluster
