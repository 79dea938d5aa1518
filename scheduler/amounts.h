#pragma once

// Whether what is wanted fits beside what is reserved.

#include "labels/resources.h"

#include <optional>
#include <string>

namespace scheduler {

// What does not fit.
struct Shortage {
  std::string resource;  // cpus, memory, pids or a generic one
  uint64_t wanted = 0;
  uint64_t free = 0;
  uint64_t has = 0;

  // `memory: 2 GiB asked for, 512 MiB of 8 GiB free`
  std::string message() const;
};

// The first resource that does not fit, or nothing. By `overcommit` more may be reserved than there
// is of CPU, memory and pids, but no container can have more CPU than there is. What a node does
// not tell (0) fits; of generic resources a node has what it declares.
std::optional<Shortage> shortageOf(const labels::Resources& wanted,
                                   const labels::Resources& reserved, const labels::Resources& has,
                                   double overcommit);

// The larger of the shares of CPU and memory that are reserved when `wanted` is added, in
// thousandths.
uint64_t reservedShare(const labels::Resources& wanted, const labels::Resources& reserved,
                       const labels::Resources& has);

}  // namespace scheduler
