#include "cluster/agent/agent.h"

#include "cluster/agent/running.h"
#include "cluster/wire.pb.h"

namespace cluster {

Agent::Agent(base::Loop& loop, AgentOptions options, base::Log& log)
    : loop_(loop),
      options_(std::move(options)),
      log_(log),
      store_(options_.stateDir),
      comeBackTimer_(loop) {}

Agent::~Agent() = default;

Agent::Running& Agent::running() const {
  refuseWhileWaiting();
  if (!running_)
    throw AgentError(503,
                     "This node is not a swarm manager. Use \"docker swarm init\" or \"docker "
                     "swarm join\" to connect this node to swarm and try again.");
  return *running_;
}

void Agent::lookUpClaims(std::function<std::optional<Holding>(const std::string&)> lookUp) {
  lookUp_ = std::move(lookUp);
}

NodeId Agent::self() const {
  return running().self;
}

const State& Agent::state() const {
  return running().state;
}

void Agent::put(const std::string& key, std::string value, bool confidential) {
  if (!running_) return;
  running_->put(key, std::move(value), confidential);
  running_->runDeferred();
}

void Agent::erase(const std::string& key) {
  if (!running_) return;
  running_->state.erase(running_->now(), key);
  running_->runDeferred();
}

const Record* Agent::find(const NodeId& owner, const std::string& key) const {
  return state().find(owner, key);
}

void Agent::eachOf(const NodeId& owner, std::string_view prefix, const Take& take) const {
  state().eachOf(owner, prefix, take);
}

void Agent::eachOfOurs(std::string_view prefix, const Take& take) const {
  state().eachOf(self(), prefix, take);
}

void Agent::finishReload() {
  if (!running_) return;
  running_->state.finishReload(running_->now());
  running_->runDeferred();
}

base::Task<ClaimResult> Agent::claim(std::string key, std::string holder) {
  Running& run = running();
  std::shared_ptr<Running::Pending> pending = std::make_shared<Running::Pending>();
  run.pending.push_back(pending);
  run.claims.claim(run.now(), std::move(key), std::move(holder),
                   [pending](const ClaimResult& result) {
                     pending->result = result;
                     pending->decided.fire();
                   });
  run.runDeferred();
  while (!pending->result) co_await pending->decided.wait();
  co_await loop_.nextTurn();  // out of the automaton, which tells us from within
  if (running_) std::erase(running_->pending, pending);
  co_return *pending->result;
}

void Agent::release(const std::string& key, const std::string& holder) {
  if (!running_) return;
  running_->claims.release(running_->now(), key, holder);
  running_->runDeferred();
}

// ---- what peers ask of us

void Agent::receiveBatch(const NodeId& sender, std::string_view body) {
  Running& run = running();
  std::optional<wire::Batch> batch = PeerNetwork::decodeBatch(body);
  if (!batch) throw AgentError(400, "cannot parse a batch of messages");
  for (const wire::Message& message : batch->messages()) {
    if (message.sender() != sender.text())
      throw AgentError(403, "node " + std::string(sender.text()) + " claims to be another node");
    run.receive(sender, std::nullopt, message);
  }
  run.runDeferred();
}

}  // namespace cluster
