#pragma once

// Where containers go. Owns the World that labels/ decides by: kept from what nodes publish, with
// what is reserved for creates that are under way. Any node decides for the cluster (place); the
// node that was chosen has the last word (admit), since only there nothing is overlooked: it sees
// each create that comes to it in turn, and what it has reserved counts at once.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "cluster/agent.h"
#include "labels/place.h"

namespace proxy {

class Placements {
 public:
  // Where the cluster and the request leave the choice.
  struct Defaults {
    labels::Strategy strategy = labels::Strategy::spread;
    double overcommit = 0.05;  // share of a node's resources
  };

  // The agent must outlive it.
  Placements(const cluster::Agent& agent, Defaults defaults)
      : agent_(agent), defaults_(defaults) {}
  Placements(const Placements&) = delete;
  Placements& operator=(const Placements&) = delete;

  // ---- what nodes publish; see world_facts.h
  void containerChanged(const cluster::NodeId& owner, const std::string& id,
                        std::string_view record);
  void containerErased(const cluster::NodeId& owner, const std::string& id);
  // A container that was expected (Reservation::stands) and is not to come any more.
  void forget(const std::string& id);
  void clear();

  // What one create is promised on a node: it counts there as if the container existed, until this
  // goes. Must not outlive the Placements.
  class Reservation {
   public:
    Reservation() = default;
    Reservation(Reservation&& other) noexcept { swap(other); }
    Reservation& operator=(Reservation&& other) noexcept {
      swap(other);
      return *this;
    }
    ~Reservation() {
      if (owner_) owner_->world_.eraseContainer(key_);
    }
    // The container was made: from now on it counts until its record takes its place, or forget().
    void stands(const std::string& id);

   private:
    friend class Placements;
    Reservation(Placements& owner, std::string key) : owner_(&owner), key_(std::move(key)) {}
    void swap(Reservation& other) noexcept {
      std::swap(owner_, other.owner_);
      std::swap(key_, other.key_);
    }
    Placements* owner_ = nullptr;
    std::string key_;
  };

  // Candidates in order, or why there is none. `name` is the container's, and may be empty.
  labels::Placement place(const labels::Policy& policy, const std::string& name,
                          bool explain = false);
  Reservation reserve(const std::string& node, const labels::Policy& policy,
                      const std::string& name);

  // Whether the container can be here, by what is true here now; if so, it is reserved.
  struct Admission {
    std::string refusedBy;  // the filter's name; empty: admitted
    std::string why;
    Reservation reservation;
    std::string publishAddress;  // on which its ports are to be published; empty: as it says
  };
  Admission admit(labels::Policy policy, const std::string& name);

  // Whether a container is known, by record or expectation. As dockerd looks containers up.
  bool knows(const std::string& container) { return world_.container(container) != nullptr; }

 private:
  void takeNodes();

  const cluster::Agent& agent_;
  Defaults defaults_;
  labels::World world_;
  // What the World was told of the nodes: the record's version, and how membership has it.
  std::map<cluster::NodeId, std::pair<uint64_t, cluster::Status>> told_;
  // Records of containers that came before we knew of their node.
  std::map<cluster::NodeId, std::map<std::string, std::string>> early_;
  std::set<std::string> expected_;  // ids that stand without a record
  uint64_t lastReservation_ = 0;
};

}  // namespace proxy
