#pragma once

// How high the numbers may be that others say of a node: its incarnation, the versions of its
// records, and the serial of the configuration. By themselves they stay far below. Whoever lies can
// drive one up to the bound, but the bound goes on with the clock, so that its owner can always go
// above what was said of it. Pure.

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace cluster {

using Instant = std::chrono::sys_time<std::chrono::microseconds>;

// Clocks may differ by less.
constexpr std::chrono::hours clocksDiffer(48);

// One for each microsecond since 1970: a process gives out less, and one that starts begins less
// than a million above the last.
constexpr uint64_t versionsBy(Instant now) {
  auto since = std::max(now.time_since_epoch(), std::chrono::microseconds(0)) + clocksDiffer;
  return static_cast<uint64_t>(since.count());
}

// One for each millisecond.
constexpr uint64_t incarnationsBy(Instant now) {
  return versionsBy(now) / 1'000;
}
constexpr uint64_t serialsBy(Instant now) {
  return incarnationsBy(now);
}

// What to begin with when the disk says `reserved`. Numbers of which no clock will speak for 500
// years were never ours: before there were bounds, whatever was said of us was gone above.
constexpr uint64_t firstVersion(uint64_t reserved, Instant now) {
  constexpr uint64_t never = uint64_t{1} << 54;
  return reserved < never ? reserved : versionsBy(now) - versionsBy(Instant());
}

}  // namespace cluster
