// Join tokens: any text is a token that is written the same again, or is refused with a reason that
// does not quote it.

#include <string_view>

#include "cluster/ca/join_token.h"
#include "test/fuzz/feed.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  cluster::ParsedToken parsed = cluster::parseJoinToken(text);
  if (!parsed.token) {
    fuzz::require(!parsed.why.empty());
    return 0;
  }
  fuzz::require(textOf(*parsed.token) == text && parsed.token->allows(*parsed.token));
  return 0;
}
