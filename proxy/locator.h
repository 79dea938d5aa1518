#pragma once

// The node that has an object: by the records of containers, by what passed here, and where these
// do not tell, by asking all nodes.

#include <deque>
#include <map>
#include <optional>
#include <string>

#include "base/task.h"
#include "cluster/nodes.h"
#include "proxy/container_index.h"
#include "proxy/engine.h"
#include "proxy/fan_out.h"

namespace proxy {

enum class Kind { container, exec, network, volume, image };

struct Located {
  std::optional<cluster::Node> node;
  // Without a node: what the client gets. Docker's own words where an engine said them.
  int status = 404;
  std::string body;
};

class Locator {
 public:
  // All must outlive it.
  Locator(Engine& engine, const cluster::Nodes& nodes, ContainerIndex& index)
      : engine_(engine), nodes_(nodes), index_(index) {}

  // `object` as it stands in a path: not decoded.
  base::Task<Located> find(Kind kind, std::string object);
  // All nodes that have it; those that are down, or do not answer, do not count.
  base::Task<std::vector<cluster::Node>> findAll(Kind kind, std::string object);

  // An exec was made on this node. The last few thousand are remembered.
  void execMade(const std::string& id, const cluster::NodeId& node);

  std::optional<cluster::Node> node(const cluster::NodeId& id) const;

 private:
  base::Task<Located> ask(Kind kind, std::string object);

  Engine& engine_;
  const cluster::Nodes& nodes_;
  ContainerIndex& index_;
  std::map<std::string, cluster::NodeId> execs_;
  std::deque<std::string> execOrder_;
};

}  // namespace proxy
