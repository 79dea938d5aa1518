#pragma once

// A name that two containers have, after a split healed or because an engine drew it: the one that
// was created first keeps it, of equal ones the one with the lesser id. Every node sees it so; the
// owner of the other one renames it, if it is still so after a second: news of a container that was
// removed, or renamed, may come later than that of the next one with its name.

#include <set>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/loop.h"
#include "base/task.h"
#include "catalog/container_index.h"
#include "catalog/node_client.h"
#include "catalog/record_feed.h"
#include "cluster/nodes.h"

namespace orchestrator {

class NameConflicts {
 public:
  // All must outlive it.
  NameConflicts(base::Loop& loop, catalog::NodeClient nodeClient, const cluster::Nodes& nodes,
                const catalog::ContainerIndex& index, base::Log& log);

  // Settles from now on what comes of the containers that the feed tells of. The feed must be
  // closed before this goes; `index` must follow it already.
  void follow(catalog::RecordFeed& feed);

 private:
  void settle(const std::vector<std::string>& names);
  std::vector<std::string> younger(const std::string& name) const;
  base::Task<> settleLater(std::string name);
  base::Task<> giveWay(std::string id, std::string name);

  base::Loop& loop_;
  catalog::NodeClient nodeClient_;
  const cluster::Nodes& nodes_;
  const catalog::ContainerIndex& index_;
  base::Log& log_;
  std::set<std::string> settling_;
  base::Scope tasks_;
};

}  // namespace orchestrator
