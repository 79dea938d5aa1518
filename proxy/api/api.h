#pragma once

// Who answers a request: this host, the cluster's nodes together, or the cluster itself.

#include "cluster/nodes.h"
#include "proxy/api/client_certificates.h"
#include "proxy/api/create_calls.h"
#include "proxy/api/federation.h"
#include "proxy/api/local_api.h"
#include "proxy/api/node_api.h"
#include "proxy/api/swarm_api.h"
#include "proxy/http/client.h"
#include "proxy/http/gate.h"
#include "proxy/http/routes.h"

namespace proxy {

class Api {
 public:
  // All must outlive it.
  Api(const cluster::Nodes& nodes, LocalApi& local, Federation& federation, SwarmApi& swarm,
      NodeApi& node, CreateCalls& creates, ClientCertificates& certificates)
      : nodes_(nodes),
        local_(local),
        federation_(federation),
        swarm_(swarm),
        node_(node),
        creates_(creates),
        certificates_(certificates) {}

  // Who is at the other end, for the gate.
  Sender senderOf(const Client& client) const;
  // Of our engine's API; empty while the engine is not there.
  std::string_view engineVersion() const { return local_.engineVersion(); }

  // Answers the request whose head `client` holds, which has passed the gate. Throws when either
  // side breaks off.
  base::Task<> handle(Client& client, RouteMatch match);

  // Whether the parameters of this call are read here, and not by the engine alone.
  bool readsParameters(const Client& client, const Route& route) const;

  // Answers with Docker's error body. `close`: and ends the connection.
  base::Task<> fail(Client& client, int status, std::string message, bool close);

 private:
  const cluster::Nodes& nodes_;
  LocalApi& local_;
  Federation& federation_;
  SwarmApi& swarm_;
  NodeApi& node_;
  CreateCalls& creates_;
  ClientCertificates& certificates_;
};

}  // namespace proxy
