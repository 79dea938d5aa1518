#pragma once

// Giving a container another name, which is claimed from the cluster before.

#include <string>

#include "base/task.h"
#include "cluster/agent.h"
#include "proxy/client.h"
#include "proxy/container_index.h"
#include "proxy/local_api.h"
#include "proxy/name_claims.h"
#include "proxy/routes.h"

namespace proxy {

class ContainerRename {
 public:
  // What it is made of; all must outlive it.
  struct Parts {
    LocalApi& local;
    cluster::Agent& agent;
    ContainerIndex& index;
    NameClaims& names;
  };
  explicit ContainerRename(Parts parts) : parts_(parts) {}

  // POST /containers/{id}/rename, of a container that `node` has.
  base::Task<> run(Client& client, RouteMatch match, cluster::Node node);
  // A container of this node, of our own accord: claimed as `holder` or, if that is empty, as
  // nobody else does. Why not, or an empty text.
  base::Task<std::string> ours(std::string id, std::string name, std::string holder);

 private:
  Parts parts_;
};

}  // namespace proxy
