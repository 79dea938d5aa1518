#pragma once

// Times as text.

#include <string>

namespace base {

// The time of day in UTC by RFC 3339, with nanoseconds, as Docker writes times.
std::string rfc3339Now();

}  // namespace base
