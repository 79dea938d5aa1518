#pragma once

// What this node tells the others, its containers, what else its engine holds and the facts of its
// host, and what it learns of theirs.

#include <functional>
#include <optional>
#include <string>

#include "base/log.h"
#include "base/loop.h"
#include "base/task.h"
#include "cluster/agent.h"
#include "proxy/container_index.h"
#include "proxy/container_lists.h"
#include "proxy/engine.h"
#include "proxy/engine_state.h"
#include "proxy/holdings.h"
#include "proxy/holdings_index.h"
#include "proxy/image_transfer.h"
#include "proxy/name_conflicts.h"
#include "proxy/node_load.h"
#include "proxy/own_containers.h"
#include "proxy/placements.h"
#include "proxy/volume_conflicts.h"

namespace proxy {

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
  Publisher(base::Loop& loop, Engine& engine, EngineState& state, ContainerLists& lists,
            cluster::Agent& agent, ContainerIndex& index, HoldingsIndex& held,
            Placements& placements, ImageTransfer& images, base::Log& log, Hooks hooks);

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
  void publishBy(uint64_t time);
  base::Task<> publish();
  base::Task<> publishContainers();
  base::Task<> giveWay(size_t containers);
  base::Task<> inspected(std::string id, std::string json);
  void factsChanged();
  base::Task<> publishFacts();
  void putFacts();
  void trail();
  void publishDefinitions();
  void finishReload();

  base::Loop& loop_;
  Engine& engine_;
  ContainerLists& lists_;
  cluster::Agent& agent_;
  ContainerIndex& index_;
  HoldingsIndex& held_;
  Placements& placements_;
  base::Log& log_;
  Hooks hooks_;
  OwnContainers own_;
  OwnContainers::Sums sums_;
  std::optional<cluster::NodeRecord> facts_;  // as last published
  SteadyLoad load_;
  uint64_t entered_ = 0;   // how often we entered a cluster
  bool listed_ = false;    // our containers were published since we entered
  bool reloaded_ = false;  // all of ours was
  bool publishing_ = false;
  bool again_ = false;
  bool trailingSet_ = false;
  std::optional<uint64_t> publishAt_;
  uint64_t begunAt_ = 0;    // to publish, last time
  uint64_t settledAt_ = 0;  // by then the engine's list has caught up with its events
  uint64_t factsAt_ = 0;
  base::Timer soon_;
  base::Timer later_;
  base::Timer trailing_;
  Holdings holdings_;
  NameConflicts conflicts_;
  VolumeConflicts volumeConflicts_;
  base::Scope tasks_;
};

}  // namespace proxy
