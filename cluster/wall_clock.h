#pragma once

// The time of day: for certificates and for Docker's answers, never to order events by.

#include <chrono>
#include <string>

namespace cluster {

using WallTime = std::chrono::sys_seconds;

WallTime wallNow();

// RFC 3339 with nanoseconds, as Docker writes times.
std::string rfc3339Now();

}  // namespace cluster
