// HTTP request path: whatever a client sends in whatever pieces, a head that is accepted is passed
// on as one that reads the same, and its body ends where it says.

#include <cstdint>
#include <string>

#include "base/http.h"
#include "base/http_heads.h"
#include "proxy/routes.h"
#include "test/fuzz/feed.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  base::MessageReader reader(base::MessageReader::Kind::request, {4096, 20});
  if (!fuzz::feed(reader, data, size)) return 0;
  proxy::match(reader.head().method(), reader.head().target());

  std::string passedOn;
  base::appendRequestHead(passedOn, reader.head());
  base::MessageReader again(base::MessageReader::Kind::request, {16384, 40});
  size_t used = again.feedHead(passedOn);
  fuzz::require(again.headDone() && used == passedOn.size());
  fuzz::require(again.head().method() == reader.head().method());
  fuzz::require(again.head().target() == reader.head().target());
  fuzz::require(again.framing() == reader.framing());
  fuzz::require(again.contentLength() == reader.contentLength());
  fuzz::require(again.head().upgrade() == reader.head().upgrade());
  return 0;
}
