#pragma once

// Who answers a request: this host, the cluster's nodes together, or the cluster itself.

#include "cluster/nodes.h"
#include "proxy/client.h"
#include "proxy/client_certificates.h"
#include "proxy/federation.h"
#include "proxy/local_api.h"
#include "proxy/node_api.h"
#include "proxy/routes.h"
#include "proxy/swarm_api.h"

namespace proxy {

class Api {
 public:
  // All must outlive it.
  Api(const cluster::Nodes& nodes, LocalApi& local, Federation& federation, SwarmApi& swarm,
      NodeApi& node, ContainerCreate& creation, ClientCertificates& certificates)
      : nodes_(nodes),
        local_(local),
        federation_(federation),
        swarm_(swarm),
        node_(node),
        creation_(creation),
        certificates_(certificates) {}

  // Answers the request whose head `client` holds. Throws when either side breaks off.
  base::Task<> handle(Client& client, RouteMatch match);

  // Answers with Docker's error body. `close`: and ends the connection.
  base::Task<> fail(Client& client, int status, std::string message, bool close);

 private:
  const cluster::Nodes& nodes_;
  LocalApi& local_;
  Federation& federation_;
  SwarmApi& swarm_;
  NodeApi& node_;
  ContainerCreate& creation_;
  ClientCertificates& certificates_;
};

}  // namespace proxy
