#pragma once

// Amounts of what a node has and containers reserve.

#include <cstdint>
#include <map>
#include <string>

namespace labels {

struct Resources {
  // "All there is of it", as in `docker run --gpus all`: fits only where nobody else has any. Far
  // above what a node has, and low enough that sums do not overflow.
  static constexpr uint64_t all = uint64_t{1} << 40;

  uint64_t nanoCpus = 0;
  uint64_t memory = 0;  // bytes
  uint64_t pids = 0;
  std::map<std::string, uint64_t, std::less<>> generic = {};  // gpu and what node labels declare

  bool operator==(const Resources&) const = default;
};

Resources& operator+=(Resources& sum, const Resources& more);
// What is not there is not taken off.
Resources& operator-=(Resources& sum, const Resources& less);
// 0 if there is none.
uint64_t genericOf(const Resources& resources, std::string_view name);

}  // namespace labels
