// Any bytes as a member's file of what it granted: each key comes of them once, and for a bounded
// time.

#include <string_view>

#include "cluster/claims/grant_log.h"
#include "test/fuzz/feed.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using cluster::Time;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  cluster::NodeId self = *cluster::NodeId::parse("node000000000000000000000");
  auto grants = cluster::readGrants(bytes, "boot", self, Time(1'000), Time(2'000));
  if (!grants) return 0;
  for (size_t i = 0; i < grants->size(); i++) {
    const cluster::KeptGrant& each = (*grants)[i];
    fuzz::require(each.until >= Time(1'000) && each.until <= Time(61'000));
    fuzz::require(!each.holder.empty() && (i == 0 || (*grants)[i - 1].key < each.key));
  }
  return 0;
}
