#pragma once

// Where containers go. Owns the World that labels/ decides by: kept from what nodes publish, with
// what is reserved for creates that are under way. Any node decides for the cluster (place); the
// node that was chosen has the last word (admit), since only there nothing is overlooked: it sees
// each create that comes to it in turn, and what it has reserved counts at once. It tells the
// others of that before it makes the container.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/container_index.h"
#include "catalog/container_record.h"
#include "catalog/image_record.h"
#include "catalog/locator.h"
#include "catalog/network_record.h"
#include "catalog/record_feed.h"
#include "catalog/volume_record.h"
#include "cluster/nodes.h"
#include "cluster/records.h"
#include "docker/object_kind.h"
#include "docker/removed_binds.h"
#include "scheduler/place.h"
#include "scheduler/placement_settings.h"
#include "scheduler/rebalance.h"
#include "scheduler/units.h"

namespace scheduler {

class Scheduler {
 public:
  // All must outlive it. The settings hold where the cluster and the request leave the choice.
  Scheduler(base::Loop& loop, const cluster::Nodes& nodes, cluster::Records& records,
            PlacementSettings settings)
      : loop_(loop), nodes_(nodes), records_(records), settings_(settings) {}
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // ---- what nodes publish
  // Takes from now on what the feed tells of containers, but of those that `index` knows to be
  // removed, of pending ones, networks, volumes and images. The feed must be closed before this
  // goes; `index` must outlive it, and follow the feed already.
  void follow(catalog::RecordFeed& feed, const catalog::ContainerIndex& index);
  // A volume or a network that these nodes' engines say they have, of which there is no record.
  // Counts until the node's next record of that kind, or missing().
  void found(catalog::Kind kind, const std::string& object,
             const std::vector<cluster::Node>& nodes);
  // No engine has it.
  void missing(catalog::Kind kind, const std::string& object);
  // A container that was expected (Reservation::commit) and is not to come any more.
  void forget(const std::string& id);

  // What is reserved on a node for one create: it counts there as if the container existed, until
  // this goes. Must not outlive the Scheduler.
  class Reservation {
   public:
    Reservation() = default;
    Reservation(Reservation&& other) noexcept { swap(other); }
    Reservation& operator=(Reservation&& other) noexcept {
      swap(other);
      return *this;
    }
    ~Reservation() {
      if (owner_) owner_->giveUp(key_);
    }
    // By which a node that was asked to make the container takes its place (announce); empty if
    // nothing is reserved.
    std::string token() const;
    // The container was made: from now on it counts until its record takes its place, or forget().
    void commit(const std::string& id);

   private:
    friend class Scheduler;
    Reservation(Scheduler& owner, std::string key) : owner_(&owner), key_(std::move(key)) {}
    void swap(Reservation& other) noexcept {
      std::swap(owner_, other.owner_);
      std::swap(key_, other.key_);
    }
    Scheduler* owner_ = nullptr;
    std::string key_;
  };

  // Candidates in order, or why there is none. `name` is the container's, and may be empty.
  Placement place(const labels::Policy& policy, const std::string& name, bool explain = false,
                  bool leaveToEngine = false);
  Reservation reserve(const std::string& node, const labels::Policy& policy,
                      const std::string& name);

  // Whether the container can be here, by what is true here now; if so, it is reserved.
  struct Admission {
    std::string refusedBy;  // the filter's name; empty: admitted
    std::string why;
    Reservation reservation;
    std::string publishAddress;  // on which its ports are to be published; empty: as it says
  };
  // `leaveToEngine`: see labels::Options.
  Admission admit(labels::Policy policy, const std::string& name, bool leaveToEngine = false);
  // Tells all nodes what was admitted here, before the engine makes it: they place what comes next
  // while it does. `token`: of the reservation that the node has which asked us to; may be empty.
  void announce(const Reservation& admitted, const std::string& name,
                const catalog::ContainerFacts& asked, const std::string& token);
  // Our records were published: those of pending containers may be among them.
  void published();

  // What this node is for a global container with this policy (scheduler/global.h).
  struct GlobalFit {
    bool takes = false;  // is to have one
    bool keeps = false;  // may go on having one
  };
  GlobalFit globalFit(const labels::Policy& policy);

  // On which a node publishes ports that have no address of their own; empty: on all.
  std::vector<std::string> publishAddresses(const std::string& node);

  // The move that evens the load best; see scheduler/rebalance.h.
  std::optional<Move> rebalance(std::span<const Movable> movables, Movers movers);
  // As it is known by record or expectation; nullptr if it is not. Valid until the next change.
  const Container* container(const std::string& id) const { return world_.container(id); }
  // Nodes' ids.
  std::vector<std::string> fullestFirst() {
    takeNodes();
    return scheduler::fullestFirst(world_);
  }
  template <class Visit>
  void eachContainer(Visit visit) const {
    world_.eachContainer(visit);
  }

  // Of a container with this policy that was made on `node`, if its directories there are others
  // than those that it had a moment ago; or an empty text.
  std::string otherBinds(const labels::Policy& policy, const std::string& name,
                         const std::string& node) const;

  // A client was told that it is removed; its record may say so later.
  void containerRemoved(const std::string& id);

  // See scheduler/units.h.
  std::map<std::string, std::string> ownOfUnit(const labels::Policy& policy) const {
    return scheduler::ownOfUnit(policy, world_);
  }
  std::string predecessor(const labels::Policy& policy, const std::string& name) const {
    return scheduler::predecessor(policy, name, world_);
  }

  // Whether a container is known, by record or expectation; as dockerd looks containers up.
  bool knows(const std::string& container) { return world_.container(container) != nullptr; }

 private:
  // What a node holds, by the names of its records; not yet in the World if it is in stale_.
  struct Holding {
    std::map<std::string, Network, std::less<>> networks;
    std::map<std::string, Volume, std::less<>> volumes;
    std::map<std::string, Image, std::less<>> images;
  };

  // One that is told of.
  struct Pending {
    std::string record;
    std::string container;  // that came of it; empty: none yet
  };

  void containerChanged(const cluster::NodeId& owner, const std::string& id,
                        const catalog::ContainerFacts& facts);
  void containerErased(const cluster::NodeId& owner, const std::string& id);
  void networkChanged(const cluster::NodeId& owner, const std::string& id,
                      const catalog::NetworkFacts& facts);
  void volumeChanged(const cluster::NodeId& owner, const std::string& name,
                     const catalog::VolumeFacts& facts);
  void imageChanged(const cluster::NodeId& owner, const std::string& id,
                    const catalog::ImageFacts& facts);
  void pendingChanged(const cluster::NodeId& owner, const std::string& number,
                      const catalog::PendingFacts& facts);
  void clear();
  Options options(const std::string& name);
  void rememberBinds(const Container& container);
  std::string bindHome(const labels::Policy& policy, const std::string& name) const;
  void dropReserved(std::string_view node, const std::string& name);
  void release(const std::string& key);
  void giveUp(const std::string& key);
  void withdraw(const std::string& record);
  void withdrawIf(const std::function<bool(const Pending&)>& isOver);
  void takeNodes();
  void takeHoldings();
  static bool holds(const Holding& holding, const std::string& network);
  void dropFound(const cluster::NodeId& owner, docker::ObjectKind kind);
  void drop(const cluster::NodeId& owner, docker::ObjectKind kind, const std::string& id);

  base::Loop& loop_;
  const cluster::Nodes& nodes_;
  cluster::Records& records_;
  PlacementSettings settings_;
  World world_;
  docker::RemovedBinds removedBinds_;
  // What the World was told of the nodes: the record's version, and how membership has it.
  std::map<cluster::NodeId, std::pair<uint64_t, cluster::Status>> told_;
  // Records of containers that came before we knew of their node.
  std::map<cluster::NodeId, std::map<std::string, catalog::ContainerFacts>> early_;
  std::map<cluster::NodeId, Holding> objectPublisher_;
  std::set<std::pair<cluster::NodeId, docker::ObjectKind>> stale_;
  std::map<std::pair<cluster::NodeId, docker::ObjectKind>, std::set<std::string>>
      found_;  // without a record
  // Ids that stand without a record, and under what it was reserved for them.
  std::map<std::string, std::string> expected_;
  // By node and name, under which id the World has what is reserved there.
  std::map<std::pair<std::string, std::string>, std::string> reservedNames_;
  std::map<std::string, Pending> pending_;  // by the reservation
  uint64_t lastReservation_ = 0;
};

}  // namespace scheduler
