#pragma once

// How long the turns of the event loop took: from when the kernel had something for us until we
// wait again. In a long turn nobody else is served. Pure: the times come in.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace base {

// One turn. What the clock on the wall says is what others waited; the processor's time is what of
// it we worked. On a busy machine they differ. The latter is read every few milliseconds only, and
// may be too long by that much.
struct Turn {
  nanoseconds wall{0};
  nanoseconds cpu{0};
};

class TurnTimes {
 public:
  // Of the histogram; one more for all that is longer.
  static constexpr std::array<nanoseconds, 10> bounds = {
      std::chrono::microseconds(100), std::chrono::milliseconds(1),   std::chrono::milliseconds(5),
      std::chrono::milliseconds(10),  std::chrono::milliseconds(25),  std::chrono::milliseconds(50),
      std::chrono::milliseconds(100), std::chrono::milliseconds(250), std::chrono::seconds(1),
      std::chrono::seconds(5)};

  void add(Turn turn) {
    size_t bucket = 0;
    while (bucket < bounds.size() && turn.wall > bounds[bucket]) bucket++;
    counts_[bucket]++;
    sum_ += turn.wall;
    if (turn.wall > longest_.wall) longest_.wall = turn.wall;
    if (turn.cpu > longest_.cpu) longest_.cpu = turn.cpu;
  }

  // How many turns took up to each of the bounds, and longer, each turn being counted once.
  const std::array<uint64_t, bounds.size() + 1>& counts() const { return counts_; }
  nanoseconds sum() const { return sum_; }
  // The longest by each clock; they may be of two turns.
  const Turn& longest() const { return longest_; }

 private:
  std::array<uint64_t, bounds.size() + 1> counts_{};
  nanoseconds sum_{0};
  Turn longest_;
};

}  // namespace base
