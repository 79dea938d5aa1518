#pragma once

// Giving a container of this node another name of our own accord. The name is claimed from the
// cluster before.

#include <string>

#include "base/status.h"
#include "base/task.h"
#include "catalog/container_index.h"
#include "catalog/node_client.h"
#include "cluster/nodes.h"
#include "orchestrator/name_claims.h"

namespace orchestrator {

class ContainerRename {
 public:
  // What it is made of; all must outlive it.
  struct Parts {
    catalog::NodeClient nodeClient;
    const cluster::Nodes& nodes;
    catalog::ContainerIndex& index;
    NameClaims& names;
  };
  explicit ContainerRename(Parts parts) : parts_(parts) {}

  // The name is claimed as `holder` or, if that is empty, as nobody else does.
  base::Task<base::Status> renameLocal(std::string id, std::string name, std::string holder);

 private:
  Parts parts_;
};

}  // namespace orchestrator
