#pragma once

// How busy the processors of this host are, as other nodes are told it. Pure.

#include <cstdint>
#include <optional>
#include <string_view>

namespace catalog {

// The processes that ran or waited to run during the last minute, for each of `cpus` processors, by
// the text of /proc/loadavg. Nothing for what is none.
std::optional<double> loadPerCpu(std::string_view loadavg, uint64_t cpus);

// A load in steps of 25 %, so that the node's record need not be published for every breath: it
// changes only if a sample lies well beyond the middle between two steps.
class SteadyLoad {
 public:
  // `load`: 1 is all processors busy. The step after this sample, in percent, 100 at most.
  uint64_t take(double load);

 private:
  std::optional<uint64_t> step_;
};

}  // namespace catalog
