// HTTP response path: whatever the engine sends, an answer that is understood is passed on as one
// that reads the same, with nothing slipped in between.

#include <string>

#include "base/http.h"
#include "base/http_heads.h"
#include "docker/heads.h"
#include "test/fuzz/feed.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  base::MessageReader reader(base::MessageReader::Kind::response, {4096, 20});
  if (!fuzz::feed(reader, data, size)) return 0;

  std::string stored;
  base::appendStoredHead(stored, reader.head());
  docker::commonHeaders(stored);

  std::string passedOn;
  base::appendAnswerHead(passedOn, reader.head(), base::ConnectionEnd::untold);
  base::MessageReader again(base::MessageReader::Kind::response, {16384, 40});
  size_t used = again.feedHead(passedOn);
  fuzz::require(again.headDone() && used == passedOn.size());
  fuzz::require(again.head().status() == reader.head().status());
  fuzz::require(again.framing() == reader.framing());
  fuzz::require(again.contentLength() == reader.contentLength());
  return 0;
}
