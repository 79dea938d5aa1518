#pragma once

// What this node tells the others: its containers, what else its engine holds, and the facts of its
// host.

#include <functional>
#include <optional>
#include <string>

#include "base/log.h"
#include "base/loop.h"
#include "base/task.h"
#include "catalog/container_index.h"
#include "catalog/local_containers.h"
#include "catalog/node_load.h"
#include "catalog/object_publisher.h"
#include "catalog/record_feed.h"
#include "catalog/tag_index.h"
#include "cluster/causality.h"
#include "cluster/nodes.h"
#include "cluster/own_node.h"
#include "cluster/records.h"
#include "docker/container_list_cache.h"
#include "docker/engine.h"
#include "docker/engine_state.h"

namespace catalog {

class Publisher {
 public:
  // What others are told, and asked.
  struct Hooks {
    std::function<void()> published;       // records of our containers were, as they are listed now
    catalog::IsFetched isFetched;          // see holdings.h
    std::function<std::string()> loadavg;  // as /proc/loadavg; empty if load is not to be measured
  };

  // All must outlive it. Listens to `state` and `lists` from now on.
  Publisher(base::Loop& loop, docker::Engine& engine, docker::EngineState& state,
            docker::ContainerListCache& lists, const cluster::Nodes& nodes,
            cluster::Records& records, cluster::OwnNode& ownNode, catalog::ContainerIndex& index,
            const catalog::TagIndex& tags, base::Log& log, Hooks hooks);
  // Calls that are under way to our engine may end only after this, and tell `lists`.
  ~Publisher();
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  // Publishes from now on while this node is in a cluster. The feed must be closed before this
  // goes; `tags` must follow it already.
  void follow(catalog::RecordFeed& feed);

  // Waits until what the engine has done through us by now, or has told, is published; at most
  // cluster::catchUpLimit.
  base::Task<> published();

 private:
  void entered();
  void exited();
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
  docker::ContainerListCache& lists_;
  const cluster::Nodes& nodes_;
  cluster::Records& records_;
  cluster::OwnNode& ownNode_;
  catalog::ContainerIndex& index_;
  base::Log& log_;
  Hooks hooks_;
  catalog::LocalContainers own_;
  catalog::LocalContainers::Sums sums_;
  std::optional<cluster::NodeRecord> facts_;  // as last published
  catalog::SteadyLoad load_;
  uint64_t entered_ = 0;   // how often we entered a cluster
  bool listed_ = false;    // our containers were published since we entered
  bool reloaded_ = false;  // all of ours was
  bool publishing_ = false;
  bool again_ = false;
  base::Event published_;
  bool trailingSet_ = false;
  std::optional<base::Time> publishAt_;
  base::Time begunAt_;    // to publish, last time
  base::Time settledAt_;  // by then the engine's list has caught up with its events
  base::Time factsAt_;
  base::Timer soon_;
  base::Timer later_;
  base::Timer trailing_;
  catalog::ObjectPublisher objectPublisher_;
  base::Scope tasks_;
};

}  // namespace catalog
