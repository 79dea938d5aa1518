#pragma once

// How fast a dead member is found, and how often a living one is thought to be dead: what the
// defaults of MembershipOptions are tuned by.

#include <cstdint>

namespace simulation {

// For clusters of several sizes, one run a seed: the time from a kill -9 until all others have it
// as failed, and the failures that are seen in two minutes while processes get no processor for up
// to 300 ms at a time, and of a process that is killed and started again 0.7 s later. A table on
// standard output.
void printDetection(uint64_t fromSeed, uint64_t toSeed);

}  // namespace simulation
