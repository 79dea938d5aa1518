#pragma once

// Who answers a request: by its row in the route table, and by who asks where.

#include <string>
#include <string_view>

#include "cluster/causality.h"
#include "cluster/nodes.h"
#include "proxy/api/local_api.h"
#include "proxy/api/routes.h"
#include "proxy/http/exchange.h"
#include "proxy/http/gate.h"
#include "proxy/http/route.h"

namespace proxy {

class Api {
 public:
  // All must outlive it.
  Api(const cluster::Nodes& nodes, cluster::Causality& causality, LocalApi& local,
      Handlers handlers)
      : nodes_(nodes), causality_(causality), local_(local), handlers_(handlers) {}

  // Who is at the other end, for the gate.
  Sender senderOf(const Exchange& exchange) const;
  // Of our engine's API; empty while the engine is not there.
  std::string_view engineVersion() const { return local_.engineVersion(); }

  // Answers the request whose head `client` holds, which has passed the gate. Throws when either
  // side breaks off.
  base::Task<> handle(Exchange& exchange, RouteMatch match);

  // Which parameters of this call are read here, and not by the engine alone.
  Parameters parametersOf(const Exchange& exchange, const Route& route) const;

  // Answers with Docker's error body. `close`: and ends the connection.
  base::Task<> fail(Exchange& exchange, int status, std::string message, bool close);

 private:
  // A node's request that says what the node has seen: we see that before we act.
  base::Task<> handleSeen(Exchange& exchange, RouteMatch match, std::string seen);

  const cluster::Nodes& nodes_;
  cluster::Causality& causality_;
  LocalApi& local_;
  Handlers handlers_;
};

}  // namespace proxy
