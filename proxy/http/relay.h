#pragma once

// One exchange passed through: the client's request to a server (the engine, or another node), its
// answer to the client, both bodies byte for byte and at the same time. Upgraded and hijacked
// connections become a tunnel.

#include <functional>
#include <string_view>

#include "base/http_client.h"
#include "proxy/http/exchange.h"

namespace proxy {

struct RelayOptions {
  // The endpoint takes the connection over even without an upgrade: an answer without a length is
  // then a stream both ways (attach and exec of old clients).
  bool hijack = false;
  // Sees the answer's status and the part of its body that came with the head, before the client
  // gets anything of it.
  std::function<void(int status, std::string_view body)> onAnswer;
};

// Throws base::Unreachable when the server cannot be reached, StreamError or HttpError when either
// side breaks off; client.status tells whether an answer had begun.
base::Task<> relay(Exchange& exchange, base::HttpClient& server, RelayOptions options);

}  // namespace proxy
