#pragma once

// A new volume goes where it is first needed: one that `docker volume create` made, and that no
// container has used yet, does not keep a container from a node. Whether it is unused its own node
// says, when it is asked to hand it on: no container has it, and there is nothing in it. A driver's
// options, and the label io.drover.node, keep a volume where it is.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/loop.h"
#include "base/status.h"
#include "base/task.h"
#include "catalog/container_index.h"
#include "catalog/locator.h"
#include "catalog/node_client.h"
#include "catalog/object_index.h"
#include "cluster/causality.h"
#include "cluster/nodes.h"
#include "cluster/records.h"
#include "labels/policy.h"
#include "orchestrator/volume_claims.h"
#include "scheduler/scheduler.h"

namespace orchestrator {

// The label of a volume that says on which node it is.
constexpr std::string_view volumeNodeLabel = "io.drover.node";

// Of an inspection: where the content of a volume is that may be moved as long as there is none.
// Nothing for others. Pure.
std::optional<std::string> movableContent(std::string_view inspection);

class VolumeMove {
 public:
  struct Parts {
    base::Loop& loop;
    catalog::NodeClient nodeClient;
    const cluster::Nodes& nodes;
    const cluster::Records& records;
    cluster::Causality& causality;
    catalog::Locator& locator;
    const catalog::ContainerIndex& index;
    const catalog::ObjectIndex& objects;
    scheduler::Scheduler& scheduler;
    VolumeClaims& claims;
    base::Log& log;
  };
  // All must outlive it.
  explicit VolumeMove(Parts parts) : parts_(parts) {}

  // Of the volumes that a container is to have, those that may be unused, by the records.
  std::vector<std::string> unused(const labels::Policy& policy) const;
  // Has these brought there by the nodes that have them. The first that stays where it is after
  // all, if one does.
  base::Task<std::optional<std::string>> bring(std::vector<std::string> names, cluster::Node to);

  // ---- what nodes ask of each other
  // {"name":...,"to":<id of a node>}: hands on one of ours. Throws AgentError.
  base::Task<> move(std::string request);
  // {"name":...,"labels":{...}}: makes here what another node handed on. Throws AgentError.
  base::Task<> take(std::string request);

 private:
  base::Task<base::Status> bringOne(std::string name, cluster::Node to);
  bool mayBeUnused(const std::string& name) const;
  base::Task<base::Status> handOn(std::string name, cluster::Node to);
  base::Task<base::Status> handOnUnused(std::string name, cluster::Node to);
  base::Task<base::Status> makeHere(std::string request);

  Parts parts_;
  std::set<std::string> moving_;
  std::map<std::string, base::Time> taken_;  // what others handed on to us, and when
};

}  // namespace orchestrator
