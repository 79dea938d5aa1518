#pragma once

// Which nodes understand each other (docs/design/formats.md). A node tells with each message, and
// when it joins, which version of the wire format it writes and which one takes to read that.

#include <cstdint>

namespace cluster {

// The format that this code writes, and the oldest code that reads what it writes. Versions N and
// N-1 work together.
constexpr uint32_t wireVersion = 1;
constexpr uint32_t wireOldestReader = 1;

enum class WireFit {
  good,
  tooNew,  // it takes a newer droverd than this one to read what the other one writes
  tooOld,  // the other one cannot read what this droverd writes
};

constexpr WireFit wireFit(uint64_t version, uint64_t oldestReader) {
  if (oldestReader > wireVersion) return WireFit::tooNew;
  return version < wireOldestReader ? WireFit::tooOld : WireFit::good;
}

}  // namespace cluster
