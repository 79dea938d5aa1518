// What nodes say that they have seen: any bytes are read, what was read is written as something
// that is read as the same, and is never more than fits into a head.

#include <string_view>

#include "cluster/state/seen.h"
#include "test/fuzz/feed.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::optional<cluster::Versions> seen = cluster::decodeSeen(text);
  if (!seen) return 0;
  fuzz::require(seen->size() <= cluster::maxSeen);
  std::string again = cluster::encodeSeen(*seen);
  fuzz::require(again.size() <= 752);
  fuzz::require(cluster::decodeSeen(again) == seen);
  return 0;
}
