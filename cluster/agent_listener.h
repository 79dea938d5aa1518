#pragma once

// Whom the agent tells what changes.

#include <string>

#include "cluster/records.h"
#include "cluster/types.h"

namespace cluster {

// Calls back into the agent are fine.
class AgentListener {
 public:
  virtual ~AgentListener() = default;
  // In a cluster from now on: peers connect to `listen`. If it throws, this node does not enter.
  virtual void entered(const Endpoint& listen) = 0;
  virtual void exited() = 0;
  virtual void recordChanged(const NodeId& owner, const std::string& key, const Record& record) = 0;
  virtual void recordErased(const NodeId& owner, const std::string& key) = 0;
};

}  // namespace cluster
