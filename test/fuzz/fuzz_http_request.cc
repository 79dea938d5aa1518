// HTTP request path, and the gate: whatever a client sends in whatever pieces, a head that is
// accepted is passed on as one that reads the same, and its body ends where it says.

#include <cstdint>
#include <string>

#include "base/http.h"
#include "base/http_heads.h"
#include "base/url.h"
#include "docker/target.h"
#include "proxy/api/routes.h"
#include "proxy/http/gate.h"
#include "proxy/http/parameters.h"
#include "test/fuzz/feed.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  base::MessageReader reader(base::MessageReader::Kind::request, {4096, 20});
  if (!fuzz::feed(reader, data, size)) return 0;
  proxy::isForm(reader.head());
  std::string came(reader.head().target());
  try {
    proxy::Passage passage = proxy::pass(proxy::routes(), proxy::Sender::local, reader.head());
    std::string sent =
        passage.status == 301 ? passage.message : std::string(reader.head().target());
    // It has one form, which means what came, and is its own.
    docker::CanonicalTarget again;
    if (passage.status != 417) again = docker::canonicalTarget(reader.head().method(), sent);
    fuzz::require(again.kind != docker::CanonicalTarget::Kind::moved);
    fuzz::require(again.text.empty() || again.text == sent);
    std::string path = came.substr(0, came.find('?'));
    if (passage.status == 0 && path.starts_with('/'))
      fuzz::require(base::decodePath(path) == base::decodePath(sent.substr(0, sent.find('?'))));
  } catch (const base::HttpError&) {
    return 0;  // its target is no path
  }

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
