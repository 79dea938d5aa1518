#pragma once

// The nodes of the cluster, as those see them who send requests to them or choose among them.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/http_client.h"
#include "cluster/node_record.h"
#include "cluster/types.h"

namespace cluster {

struct Node {
  NodeId id;
  std::string name;
  std::string address;  // IP address under which the others reach it
  bool self = false;
  uint64_t session = 0;  // of its droverd: another one after each start
  bool up = true;        // as membership has it; a suspect one still counts as up
  // Its records have told of all that its engine has: what they do not name it did not have when it
  // could last be asked.
  bool complete = false;
  // The way to its droverd, over mutual TLS. None for ourselves.
  std::shared_ptr<base::HttpClient> http;
};

// A node with what it publishes of itself.
struct NodeView {
  NodeId id;
  std::string name;
  Endpoint api;
  bool self = false;
  Status status = Status::alive;
  NodeRecord record;
  uint64_t version = 0;  // of the record
  std::optional<std::chrono::microseconds> roundTrip;
};

class Nodes {
 public:
  virtual ~Nodes() = default;
  // This node; one of nodes().
  virtual NodeId self() const = 0;
  // Ourselves and all others that have not left, by id. Just ourselves while we are in no cluster.
  virtual std::vector<Node> nodes() const = 0;
  virtual bool clustered() const = 0;
  // Whether this node was removed from the cluster, so that nothing it asks for is done.
  virtual bool wasRemoved(const NodeId& id) const = 0;
  // All members, by id, also those that have left. Throws AgentError while we are in no cluster.
  virtual std::vector<NodeView> nodeViews() const = 0;
  // The cluster's id. Throws AgentError while we are in none.
  virtual std::string clusterId() const = 0;
};

}  // namespace cluster
