#pragma once

// What this node tells the others, its containers, what else its engine holds and the facts of its
// host, and what it learns of theirs.

#include <functional>
#include <optional>
#include <string>

#include "base/log.h"
#include "base/loop.h"
#include "base/task.h"
#include "catalog/container_index.h"
#include "catalog/holdings.h"
#include "catalog/holdings_index.h"
#include "catalog/node_client.h"
#include "catalog/node_load.h"
#include "catalog/own_containers.h"
#include "cluster/agent_listener.h"
#include "cluster/claim_service.h"
#include "cluster/nodes.h"
#include "cluster/own_node.h"
#include "cluster/records.h"
#include "docker/container_lists.h"
#include "docker/engine.h"
#include "docker/engine_state.h"
#include "orchestrator/image_transfer.h"
#include "orchestrator/name_conflicts.h"
#include "orchestrator/volume_conflicts.h"
#include "scheduler/placements.h"

namespace orchestrator {

class Publisher : public cluster::AgentListener {
 public:
  // What is to be done with the listener for peers, and what is to be known of the host.
  struct Hooks {
    std::function<void(const cluster::Endpoint& listen)> entered;
    std::function<void()> exited;
    std::function<void()> changed;         // records of containers or nodes have; may be empty
    std::function<std::string()> loadavg;  // as /proc/loadavg; empty if load is not to be measured
  };

  // All must outlive it. Listens to `state` and `lists` from now on.
  Publisher(base::Loop& loop, docker::Engine& engine, docker::EngineState& state,
            docker::ContainerLists& lists, catalog::NodeClient nodeClient,
            const cluster::Nodes& nodes, cluster::Records& records, cluster::OwnNode& ownNode,
            catalog::ContainerIndex& index, catalog::HoldingsIndex& held,
            scheduler::Placements& placements, ImageTransfer& images, base::Log& log, Hooks hooks);

  // Who holds a claimed name, by the records.
  std::optional<cluster::Holding> holding(const std::string& key) const;

  void entered(const cluster::Endpoint& listen) override;
  void exited() override;
  void recordChanged(const cluster::NodeId& owner, const std::string& key,
                     const cluster::Record& record) override;
  void recordErased(const cluster::NodeId& owner, const std::string& key) override;

 private:
  std::optional<cluster::Holding> volumeHolding(const std::string& key) const;
  void forget(const std::string& id);
  void publishSoon();
  void publishBy(base::Time time);
  base::Task<> publish();
  base::Task<> publishContainers();
  base::Task<> giveWay(size_t containers);
  base::Task<> inspected(std::string id, std::string json);
  void factsChanged();
  base::Task<> publishFacts();
  void putFacts();
  void trail();
  void publishSpecs();
  void finishReload();

  base::Loop& loop_;
  docker::Engine& engine_;
  docker::ContainerLists& lists_;
  const cluster::Nodes& nodes_;
  cluster::Records& records_;
  cluster::OwnNode& ownNode_;
  catalog::ContainerIndex& index_;
  catalog::HoldingsIndex& held_;
  scheduler::Placements& placements_;
  base::Log& log_;
  Hooks hooks_;
  catalog::OwnContainers own_;
  catalog::OwnContainers::Sums sums_;
  std::optional<cluster::NodeRecord> facts_;  // as last published
  catalog::SteadyLoad load_;
  uint64_t entered_ = 0;   // how often we entered a cluster
  bool listed_ = false;    // our containers were published since we entered
  bool reloaded_ = false;  // all of ours was
  bool publishing_ = false;
  bool again_ = false;
  bool trailingSet_ = false;
  std::optional<base::Time> publishAt_;
  base::Time begunAt_;    // to publish, last time
  base::Time settledAt_;  // by then the engine's list has caught up with its events
  base::Time factsAt_;
  base::Timer soon_;
  base::Timer later_;
  base::Timer trailing_;
  catalog::Holdings holdings_;
  NameConflicts conflicts_;
  VolumeConflicts volumeConflicts_;
  base::Scope tasks_;
};

}  // namespace orchestrator
