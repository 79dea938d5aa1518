#pragma once

// POST /containers/{id}/rename: the name is claimed from the cluster before the engine is asked.

#include "base/task.h"
#include "catalog/container_index.h"
#include "cluster/nodes.h"
#include "orchestrator/name_claims.h"
#include "proxy/api/local_api.h"
#include "proxy/api/object_calls.h"
#include "proxy/http/exchange.h"
#include "proxy/http/route.h"

namespace proxy {

class RenameCalls {
 public:
  // What it is made of; all must outlive it.
  struct Parts {
    LocalApi& local;
    catalog::ContainerIndex& index;
    orchestrator::NameClaims& names;
    ObjectCalls& objects;
  };
  explicit RenameCalls(Parts parts) : parts_(parts) {}

  base::Task<> rename(Exchange& exchange, RouteMatch match);

 private:
  Parts parts_;
};

}  // namespace proxy
