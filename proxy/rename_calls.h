#pragma once

// POST /containers/{id}/rename: the name is claimed from the cluster before the engine is asked.

#include "base/task.h"
#include "cluster/nodes.h"
#include "proxy/client.h"
#include "proxy/container_index.h"
#include "proxy/local_api.h"
#include "proxy/name_claims.h"
#include "proxy/routes.h"

namespace proxy {

class RenameCalls {
 public:
  // What it is made of; all must outlive it.
  struct Parts {
    LocalApi& local;
    ContainerIndex& index;
    NameClaims& names;
  };
  explicit RenameCalls(Parts parts) : parts_(parts) {}

  // Of a container that `node` has.
  base::Task<> run(Client& client, RouteMatch match, cluster::Node node);

 private:
  Parts parts_;
};

}  // namespace proxy
