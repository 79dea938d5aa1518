#pragma once

// What runs on one simulated host: the automata of cluster/, put together as droverd does it. This
// is the place to add another one: hand it each call below, in the same order as droverd, and give
// World a function that checks its invariants.

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cluster/claims/claims.h"
#include "cluster/membership/membership.h"
#include "cluster/state/state.h"
#include "cluster/wire.pb.h"
#include "test/simulation/virtual_network.h"

namespace simulation {

class Node : public Host,
             private cluster::MembershipListener,
             private cluster::StateListener,
             private cluster::ClaimWorld {
 public:
  // What the host knows of its earlier processes.
  struct Past {
    uint64_t startVersion = 0;
    bool mayHaveGranted = false;
    std::function<uint64_t()> maxVersion = nullptr;  // for State
  };
  // Sends through `network`, which must outlive it.
  Node(const cluster::Member& self, const cluster::MembershipOptions& options, uint64_t seed,
       cluster::Network& network, Past past);

  // `others` as for Membership::start.
  void begin(Time now, const std::vector<cluster::Member>& others);
  void leave(Time now);

  const cluster::Membership& membership() const { return membership_; }
  // How often somebody here came to be seen as failed.
  int failuresSeen() const { return failuresSeen_; }
  cluster::State& state() { return state_; }
  cluster::Claims& claims() { return claims_; }

  void receive(Time now, const NodeId& sender, std::optional<Endpoint> from,
               const cluster::wire::Message& message) override;
  void streamFailed(Time now, const NodeId& to, bool isRefused) override;
  void datagramRefused(Time now, const Endpoint& at) override;
  void tick(Time now) override;
  Time nextTick() const override;

 private:
  void memberChanged(const cluster::Member& member, std::optional<cluster::Status> before) override;
  void memberForgotten(const NodeId& id) override;
  void cloneSeen(const cluster::Member& clone) override;
  void refused(const NodeId& sender, const std::string& why) override;

  void recordChanged(const NodeId& owner, const std::string& key,
                     const cluster::Record& record) override;
  void recordErased(const NodeId& owner, const std::string& key) override;
  void recordsRefused(const NodeId& owner, const std::string& why) override;
  std::optional<cluster::Holding> holding(const std::string& key) const override;
  uint64_t versionOf(const NodeId& owner) const override;
  bool isAway(const NodeId& member) const override;
  // Tells state and claims whom membership has come to know.
  void passMembers(Time now);

  NodeId self_;
  Time now_{0};  // of what is being done
  Past past_;
  cluster::Membership membership_;
  cluster::State state_;
  cluster::Claims claims_;
  bool membersChanged_ = true;
  int failuresSeen_ = 0;
};

}  // namespace simulation
