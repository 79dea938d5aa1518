#pragma once

// What only this node's publisher tells the cluster of this node.

#include <string>

#include "cluster/node_record.h"

namespace cluster {

class OwnNode {
 public:
  virtual ~OwnNode() = default;
  // Our own record's facts changed; what the operator set is kept.
  virtual void setFacts(NodeRecord facts) = 0;
  // Why containers cannot be made here now; empty if they can.
  virtual void setEngineError(const std::string& why) = 0;
  // All of our records that are true were put since this node came into the cluster: what an
  // earlier process published beside them is void. Nothing happens while it is in no cluster.
  virtual void finishReload() = 0;
};

}  // namespace cluster
