#pragma once

// Points in time and spans of it, as everything that waits counts them.

#include <chrono>

namespace base {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

// The loop's clock: monotonic, and begun before this process was. Loop::now() reads it.
struct LoopClock {
  using duration = milliseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<LoopClock>;
  static constexpr bool is_steady = true;
};

// A moment of that clock. Time() is the clock's beginning, so always past; a moment that never
// comes is Time::max(), to which nothing may be added.
using Time = LoopClock::time_point;

}  // namespace base
