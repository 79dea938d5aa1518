#pragma once

// The gate: what every request passes before anybody acts on it or sends a byte of it anywhere. It
// brings the target into its one form, finds its row in the table of routes, and looks who may send
// that. The same holds for the first bytes of HTTP/2. docs/design/gate.md tells the whole of it.
// Pure.

#include <span>
#include <string>
#include <string_view>

#include "base/http.h"
#include "proxy/http/route.h"

namespace proxy {

// Who sends, by the listener that the connection came to and the certificate that it showed.
enum class Sender {
  local,     // a client on this host, by a unix socket
  client,    // a client with a certificate, by TCP
  stranger,  // at the peers' port, without a certificate
  node,      // at the peers' port, a node of the cluster
  removed,   // the same, of a node that was removed
};

struct Passage {
  RouteMatch route;          // views into the request's target
  int status = 0;            // of the refusal; 0: it may pass
  std::string message = {};  // why; of a 301 the Location
  bool close = false;        // the connection ends with the refusal
};

// Of a request whose head is read. Its target has the canonical form afterwards. Throws
// base::HttpError (400) if it cannot have one.
Passage pass(std::span<const Route> table, Sender sender, base::Head& request);

// Whether this one may send this, in any spelling; `status` and `message` say why not.
Passage admit(Sender sender, RouteMatch route);

// Whether the connection may be joined to the engine's for HTTP/2, which nobody here can read.
// `engineVersion`: of the engine's API, empty while it is not known.
bool mayTunnelHttp2(Sender sender, std::string_view engineVersion);

}  // namespace proxy
