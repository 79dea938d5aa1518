#pragma once

// This node's membership in a cluster: forms it, joins it, leaves it and comes back to it after a
// restart. Owns the automata (membership, state, claims), gives them sockets, timers and a disk,
// and tells the rest of droverd what they find. Only who forms or changes the cluster needs all of
// it; others take the face that they need: Nodes, Records, ClaimService, OwnNode.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/http_client.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/task.h"
#include "cluster/agent/node_addresses.h"
#include "cluster/agent/saving.h"
#include "cluster/agent/store.h"
#include "cluster/agent_error.h"
#include "cluster/agent_listener.h"
#include "cluster/ca/certificates.h"
#include "cluster/ca/cluster_config.h"
#include "cluster/ca/node_trust.h"
#include "cluster/causality.h"
#include "cluster/claim_service.h"
#include "cluster/claims/claims.h"
#include "cluster/membership/membership.h"
#include "cluster/node_conditions.h"
#include "cluster/node_record.h"
#include "cluster/nodes.h"
#include "cluster/own_node.h"
#include "cluster/records.h"
#include "cluster/state/state.h"
#include "cluster/types.h"
#include "cluster/wall_clock.h"

namespace cluster {

struct AgentOptions {
  std::string stateDir;
  std::string name;  // this node's
  std::string droverVersion;
  uint16_t gossipPort = 7946;
  std::map<std::string, std::string> labels = {};  // of this node, where its operator set no others
  MembershipOptions membership = {};
  StateOptions state = {};
  ClaimOptions claims = {};
};

class Agent : public Nodes, public Records, public ClaimService, public Causality, public OwnNode {
 public:
  // Opens the store in options.stateDir; throws StoreError, but not for one that cannot be written
  // for now. All must outlive it.
  Agent(base::Loop& loop, AgentOptions options, base::Log& log);
  ~Agent() override;

  // Enters the cluster that the store knows, if it does; as soon as the store can be written. To be
  // called once.
  void begin(AgentListener& listener);

  // ---- forming the cluster; throw AgentError
  // A new cluster of just ourselves. Returns our id.
  NodeId init(NodeAddresses addresses, ClusterOptions options, const std::string& availability);
  // Joins by way of one of `remotes` ("host:port" each), which are tried in turn.
  base::Task<> join(NodeAddresses addresses, std::vector<std::string> remotes, std::string token,
                    std::string availability);
  // Leaves it, telling the others, and forgets it.
  base::Task<> leave();
  // Unsolicited, from the disk and peers: why the cluster cannot be as it should; empty if it can,
  // or can again.
  std::string error() const { return conditions_.text(); }

  // Why we do not know yet whether we are in a cluster, or must not say so: the store cannot be
  // written. Empty if it could be at the start.
  const std::string& waitsForStore() const { return waitsForStore_; }
  // Throws AgentError then.
  void refuseWhileWaiting() const;
  // Whether the disk has all that it was to take.
  bool saved() const { return saving_.why().empty() && waitsForStore_.empty(); }
  // For which nodes a rotation has been waiting for long, and why; empty if it does not.
  std::string rotationWaits() const { return rotation_.isLong ? rotation_.waitsFor : ""; }

  bool clustered() const override { return running_ != nullptr; }
  std::vector<Node> nodes() const override;
  bool wasRemoved(const NodeId& id) const override;
  // With what to serve such clients: another object after each change, none while in no cluster.
  std::shared_ptr<const ClientTrust> clientTrust() const;

  // ---- the cluster; only while clustered()
  const ClusterConfig& config() const;
  // Publishes a changed configuration; `change` edits it. Throws AgentError.
  void changeConfig(const std::function<void(ClusterConfig&)>& change);
  std::string workerToken() const;
  std::string managerToken() const;
  // A new authority and new gossip keys, taken over step by step without a pause.
  void rotateAuthority();
  const base::TlsContext& tlsForPeers() const;

  // A certificate with which a client may speak to the Docker API of every node. Throws AgentError.
  Credentials issueClient(const std::string& name, std::chrono::seconds life);
  // The authorities that clients should trust, PEM.
  std::string authorities() const;

  NodeId self() const override;
  std::vector<NodeView> nodeViews() const override;
  std::string clusterId() const override { return config().id; }
  void setFacts(NodeRecord facts) override;
  void setEngineError(const std::string& why) override;
  // On any node; waits for it. Throws AgentError.
  base::Task<> updateNode(NodeId id, std::string availability,
                          std::map<std::string, std::string> labels);
  // Ends a node that is down. With `force`, also one that is not. Throws AgentError.
  void removeNode(const NodeId& id, bool force);

  // ---- state and claims
  void put(const std::string& key, std::string value, bool confidential = false) override;
  void erase(const std::string& key) override;
  void finishReload() override;
  const Record* find(const NodeId& owner, const std::string& key) const override;
  void eachOf(const NodeId& owner, std::string_view prefix, const Take& take) const override;
  void eachOfOurs(std::string_view prefix, const Take& take) const override;
  const State& state() const;
  base::Task<ClaimResult> claim(std::string key, std::string holder) override;
  void release(const std::string& key, const std::string& holder) override;
  // Who looks up what holds a claim's key by record; set once, before begin().
  void lookUpClaims(std::function<std::optional<Holding>(const std::string& key)> lookUp);

  // ---- what is seen (causality.h)
  std::string seen() const override;
  std::string published() const override;
  base::Task<bool> catchUp(NodeId from, std::string seen) override;
  base::Task<bool> untilRecords(std::function<bool()> holds, base::milliseconds limit) override;

  // ---- what peers ask of us over HTTP; throw AgentError
  void receiveBatch(const NodeId& sender, std::string_view body);
  std::string describe() const;                   // GET cluster: JSON
  std::string admit(const std::string& request);  // POST join: JSON in and out
  void takeNodeUpdate(const std::string& request);

 private:
  struct Running;
  friend struct Running;

  void comeBack();
  void comeBackLater(const std::string& why);
  void enter(ClusterConfig config, const std::string& certificate, Secret key,
             const std::vector<Member>& members, const NodeAddresses& addresses, bool hadLife);
  void stop();
  void undoEntering();
  void adopt(const ClusterConfig& config);
  void publishNode();
  void rotateStep();
  void watchRotation(std::string waits, bool isOurs);
  void keepFresh();
  void renewCertificate();
  // Something went wrong, or no more: all nodes learn of it.
  void trouble(NodeConditions::Cause cause, std::string why, std::optional<Time> until = {});
  void mended(NodeConditions::Cause cause);
  // Writes it now, or when the disk takes it.
  void save(Store::Change change);
  void sayWhetherSaved();
  void acknowledge();
  base::Task<> joinBy(const NodeAddresses& addresses, const std::string& remote,
                      const std::string& token, const std::string& availability);
  Running& running() const;

  base::Loop& loop_;
  AgentOptions options_;
  base::Log& log_;
  Store store_;
  AgentListener* listener_ = nullptr;
  std::function<std::optional<Holding>(const std::string&)> lookUp_;
  NodeConditions conditions_;
  Saving saving_{store_};
  struct {
    std::string waitsFor;
    Time since{0};
    bool isLong = false;
  } rotation_;
  std::string waitsForStore_;
  base::Timer comeBackTimer_;
  std::string engineError_;
  NodeRecord record_;  // our own
  std::set<NodeId> removed_;
  bool busy_ = false;  // joining or leaving
  base::Event recordsMoved_;
  std::unique_ptr<Running> running_;
};

}  // namespace cluster
