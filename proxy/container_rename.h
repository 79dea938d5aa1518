#pragma once

// Giving a container of this node another name of our own accord. The name is claimed from the
// cluster before.

#include <string>

#include "base/task.h"
#include "cluster/agent.h"
#include "proxy/container_index.h"
#include "proxy/local_engine.h"
#include "proxy/name_claims.h"

namespace proxy {

class ContainerRename {
 public:
  // What it is made of; all must outlive it.
  struct Parts {
    LocalEngine& local;
    cluster::Agent& agent;
    ContainerIndex& index;
    NameClaims& names;
  };
  explicit ContainerRename(Parts parts) : parts_(parts) {}

  // The name is claimed as `holder` or, if that is empty, as nobody else does. Why not, or an empty
  // text.
  base::Task<std::string> ours(std::string id, std::string name, std::string holder);

 private:
  Parts parts_;
};

}  // namespace proxy
