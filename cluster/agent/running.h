#pragma once

// All that lives while an agent is in a cluster: the automata (membership, state, claims), with the
// sockets and timers that drive them, and the ways to the other nodes. For the agent's own files.

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "base/loop.h"
#include "base/task.h"
#include "cluster/agent/agent.h"
#include "cluster/ca/node_trust.h"
#include "cluster/state/seen.h"
#include "cluster/transport/packet_seal.h"
#include "cluster/transport/peer_network.h"
#include "cluster/wire.pb.h"

namespace cluster {

// Versions of our records are reserved on the disk in blocks of so many.
constexpr uint64_t versionBlock = 1'000'000;

std::vector<Secret> secrets(const std::vector<std::string>& keys);

struct Agent::Running : MembershipListener, StateListener, ClaimWorld {
  // A claim that somebody waits for.
  struct Pending {
    std::optional<ClaimResult> result;
    base::Event decided;
  };
  // When, and in what words, a certificate was last refused for its age, the other's or ours.
  struct AgeFault {
    std::optional<Time> at;
    std::string why;
    void note(Time now, const std::string& reason);
  };
  // To a node's droverd.
  // Whether a node is known to have failed: then nobody waits for it. Now and then somebody tries
  // all the same, since one that missed a change of the gossip keys can be reached in no other way.
  struct Reach {
    bool down = false;
    Time tryAt{0};
    bool refused = false;  // by its host, when we tried last
  };
  struct PeerLink {
    Endpoint api;
    std::shared_ptr<base::HttpClient> http;
    std::shared_ptr<Reach> reach = std::make_shared<Reach>();
    std::shared_ptr<AgeFault> ageFault = std::make_shared<AgeFault>();
  };

  Running(Agent& owner, ClusterConfig clusterConfig, NodeId id, const NodeAddresses& where,
          uint64_t session, uint64_t startVersion);
  ~Running() override;

  Time now() const { return agent.loop_.now().time_since_epoch(); }
  // Hands a message of another node to whom it is for.
  void receive(const NodeId& sender, std::optional<Endpoint> from, const wire::Message& message);
  // Does what the automata asked for and must not be done within them, and sets the timer for what
  // they do next. Ends every entry from outside.
  void runDeferred();
  // Publishes a record of ours.
  void put(const std::string& key, std::string value, bool confidential = false);
  // The way to a node; nothing for ourselves and those we do not know.
  std::shared_ptr<base::HttpClient> clientFor(const NodeId& id);
  void membersChanged();
  // Sees whether our clock is the odd one.
  void compareClocks();
  // This node is none of the cluster's any more.
  void takeRemoval(const NodeId& id);

  // ---- MembershipListener
  void memberChanged(const Member& member, std::optional<Status> before) override;
  void memberForgotten(const NodeId& id) override;
  void cloneSeen(const Member& clone) override;
  void refused(const NodeId& sender, const std::string& why) override;
  // ---- StateListener
  void recordChanged(const NodeId& owner, const std::string& key, const Record& record) override;
  void recordErased(const NodeId& owner, const std::string& key) override;
  void recordsRefused(const NodeId& owner, const std::string& why) override;
  // ---- ClaimWorld
  std::optional<Holding> holding(const std::string& key) const override;
  uint64_t versionOf(const NodeId& owner) const override;
  bool isAway(const NodeId& member) const override;

  Agent& agent;
  ClusterConfig config;
  NodeId self;
  NodeAddresses addresses;
  uint64_t reservedUntil;
  std::vector<std::function<void()>> deferred;
  std::map<NodeId, PeerLink> links;
  std::vector<std::shared_ptr<Pending>> pending;
  std::shared_ptr<NodeTrust> trust;
  PacketSeal seal;
  PeerNetwork network;
  Membership membership;
  State state;
  GrantLog grantLog;
  Claims claims;
  base::Timer timer;
  base::Timer rotationTimer;
  base::Timer saveTimer;
  std::set<NodeId> saved;  // members that were on disk at some time
  LatelyChanged lately;    // owners of records
  uint64_t toldHash = 0;   // of the state, when those who wait for records were last woken

 private:
  // Of what becomes of it we do not want to hear any more.
  static void listenNoMore(PeerLink& link);
  static base::Task<std::unique_ptr<base::Stream>> connectPeer(base::Loop& loop,
                                                               std::shared_ptr<NodeTrust> trust,
                                                               NodeId id, PeerLink link);
  Member ourselves(uint64_t session) const;
  MembershipOptions membershipOptions() const;
  StateOptions stateOptions() const;
  PeerNetwork::Hooks hooks();
  void tellClone(const NodeId& id, const PeerNetwork::Copy& to, const Endpoint& other);
  void isCloned(const std::string& other);
  void wasRemoved(const NodeId& by);
  void saveMembers();
};

}  // namespace cluster
