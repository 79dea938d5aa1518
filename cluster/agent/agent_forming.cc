// How an agent comes into a cluster, out of it, and back into it after a restart.

#include "base/json.h"
#include "base/rfc3339.h"
#include "cluster/agent/admission.h"
#include "cluster/agent/agent.h"
#include "cluster/agent/joining.h"
#include "cluster/agent/running.h"
#include "cluster/ca/draw.h"
#include "cluster/ca/join_token.h"
#include "cluster/wire_version.h"

namespace cluster {
namespace {

// So that all hear that we leave.
constexpr base::milliseconds farewell(1'000);
constexpr base::milliseconds comeBackEvery(1'000);

// True for as long as it lives.
struct Busy {
  explicit Busy(bool& flag) : flag(flag) { flag = true; }
  ~Busy() { flag = false; }
  bool& flag;
};

}  // namespace

void Agent::begin(AgentListener& listener) {
  listener_ = &listener;
  try {
    comeBack();
  } catch (const StoreUnwritable& failed) {
    comeBackLater(failed.what());
  }
}

// Others may hold us to what we say, so nothing is said before the disk takes it. And who has an
// identity must not get another one because it cannot be read.
void Agent::comeBackLater(const std::string& why) {
  if (why != waitsForStore_)
    log_.error("this host is served alone until the state directory can be written",
               {{"reason", why}});
  waitsForStore_ = why;
  comeBackTimer_.start(comeBackEvery, [this] {
    std::string again;
    try {
      comeBack();
    } catch (const std::exception& failed) {
      again = failed.what();
    }
    if (!again.empty()) return comeBackLater(again);
    waitsForStore_.clear();
    log_.info("state directory is writable again");
  });
}

void Agent::refuseWhileWaiting() const {
  if (!waitsForStore_.empty())
    throw AgentError(503, waitsForStore_ + "; until it can be written this host is in no swarm");
}

void Agent::comeBack() {
  Saved saved = store_.load();
  removed_.insert(saved.removed.begin(), saved.removed.end());
  if (!saved.availability.empty()) record_.availability = saved.availability;
  record_.labels = saved.labels;
  record_.labels.insert(options_.labels.begin(), options_.labels.end());
  if (saved.config.empty()) return;
  std::optional<ClusterConfig> config = decodeConfig(saved.config);
  std::optional<NodeAddresses> addresses = decodeNodeAddresses(saved.addresses);
  if (!config || !addresses) throw StoreError("the cluster's configuration on disk is damaged");
  std::vector<Member> members;
  for (const Seed& seed : saved.members) {
    Member member;
    member.id = seed.id;
    member.name = seed.name;
    member.gossip = seed.gossip;
    member.apiPort = seed.apiPort;
    member.wireVersion = wireVersion;
    members.push_back(std::move(member));
  }
  bool hadLife = !members.empty();
  enter(std::move(*config), saved.certificate, std::move(saved.key), members, *addresses, hadLife);
}

void Agent::enter(ClusterConfig config, const std::string& certificate, Secret key,
                  const std::vector<Member>& members, const NodeAddresses& addresses,
                  bool hadLife) {
  Saved saved = store_.load();
  uint64_t session = store_.beginSession();
  uint64_t version = firstVersion(store_.reserve(versionBlock), instantNow());
  std::unique_ptr<Running> fresh =
      std::make_unique<Running>(*this, std::move(config), saved.node, addresses, session, version);
  fresh->trust->update(fresh->config, certificate, std::move(key), addresses.advertise,
                       options_.name, wallNow());
  fresh->seal.setKeys(secrets(fresh->config.gossipKeys));
  Store::Change change;
  change.config = encode(fresh->config);
  change.addresses = encode(addresses);
  change.certificate = fresh->trust->certificate();
  change.key = &fresh->trust->key();
  change.availability = record_.availability;
  change.members.emplace();
  for (const Member& each : members)
    change.members->push_back({each.id, each.name, each.gossip, each.apiPort});
  store_.save(change);

  running_ = std::move(fresh);
  Running& run = *running_;
  record_.joinedAt = addresses.joinedAt;
  record_.configSerial = run.config.serial;
  record_.issuer = run.trust->issuer();
  record_.droverVersion = options_.droverVersion;
  record_.hostname = options_.name;
  run.claims.start(run.now(), hadLife, &run.grantLog);
  run.membership.start(run.now(), members);
  run.membersChanged();
  publishNode();
  try {
    if (listener_) listener_->entered(addresses.listen);
  } catch (const std::exception&) {
    running_.reset();
    throw;
  }
  log_.info("in the cluster", {{"cluster", run.config.id},
                               {"node", run.self.text()},
                               {"address", addresses.advertise.text()}});
  keepFresh();
  run.runDeferred();
}

void Agent::stop() {
  std::unique_ptr<Running> last = std::move(running_);
  rotation_ = {};
  for (const std::shared_ptr<Running::Pending>& each : last->pending) {
    if (!each->result) each->result = ClaimResult{};
    each->decided.fire();
  }
  if (listener_) listener_->exited();
}

// What a failed init or join left on the disk; a disk that takes no writing took none of it before.
void Agent::undoEntering() {
  saving_.forget();
  try {
    store_.forget();
  } catch (const StoreError& failed) {
    log_.error("cannot erase the state", {{"reason", failed.what()}});
  }
}

NodeId Agent::init(NodeAddresses addresses, ClusterOptions options,
                   const std::string& availability) {
  refuseWhileWaiting();
  if (running_)
    throw AgentError(503,
                     "This node is already part of a swarm. Use \"docker swarm leave\" to "
                     "leave this swarm and join another one.");
  if (busy_) throw AgentError(503, "This node is joining a swarm already.");
  NodeId self = drawNodeId();
  ClusterConfig config;
  config.id = drawNodeId().text();
  config.serial = 1;
  config.writer = self;
  config.createdAt = config.updatedAt = base::rfc3339Now();
  config.options = std::move(options);
  Credentials authority = makeAuthority(wallNow());
  config.authorities = {authority.certificate};
  config.authorityKey = authority.key.reveal();
  config.gossipKeys = {std::string(Secret::random(PacketSeal::keySize).reveal())};
  config.workerSecret = makeTokenSecret().reveal();
  config.managerSecret = makeTokenSecret().reveal();
  record_.availability = availability;
  addresses.joinedAt = config.createdAt;
  conditions_.clear();
  Store::Change change;
  change.node = self;
  store_.save(change);
  try {
    enter(std::move(config), {}, makeKey(), {}, addresses, false);
  } catch (const std::exception&) {
    undoEntering();
    throw;
  }
  running_->put(std::string(configKey), encode(running_->config), true);
  running_->runDeferred();
  return self;
}

base::Task<> Agent::join(NodeAddresses addresses, std::vector<std::string> remotes,
                         std::string token, std::string availability) {
  refuseWhileWaiting();
  if (running_)
    throw AgentError(503,
                     "This node is already part of a swarm. Use \"docker swarm leave\" to "
                     "leave this swarm and join another one.");
  if (busy_) throw AgentError(503, "This node is joining a swarm already.");
  ParsedToken parsed = parseJoinToken(token);
  if (!parsed.token) throw AgentError(400, "invalid join token: " + parsed.why);
  if (remotes.empty()) throw AgentError(400, "at least one RemoteAddr is required to join");
  Busy busy(busy_);
  std::string why;
  int status = 503;
  for (const std::string& remote : remotes) {
    try {
      co_await joinBy(addresses, remote, token, availability);
      co_return;
    } catch (const AgentError& refused) {
      why = refused.what();
      status = refused.status();
    } catch (const std::exception& failed) {
      why = remote + ": " + failed.what();
    }
  }
  throw AgentError(status, why);
}

base::Task<> Agent::joinBy(const NodeAddresses& addresses, const std::string& remote,
                           const std::string& token, const std::string& availability) {
  JoinAttempt attempt{remote, token, options_.name, addresses, options_.gossipPort};
  Joined joined = co_await askToJoin(loop_, std::move(attempt));
  joined.addresses.joinedAt = base::rfc3339Now();
  removed_ = std::move(joined.admission.removed);
  record_.availability = availability;
  conditions_.clear();
  Store::Change change;
  change.node = joined.self;
  change.removed.emplace(removed_.begin(), removed_.end());
  store_.save(change);
  try {
    enter(std::move(joined.admission.config), joined.admission.certificate, std::move(joined.key),
          joined.admission.members, joined.addresses, false);
  } catch (const std::exception&) {
    undoEntering();
    throw;
  }
}

base::Task<> Agent::leave() {
  Running& run = running();
  if (busy_) throw AgentError(503, "This node is leaving the swarm already.");
  busy_ = true;
  run.membership.leave(run.now());
  run.runDeferred();
  co_await base::sleepFor(loop_, farewell);
  busy_ = false;
  log_.info("left the cluster", {{"cluster", run.config.id}});
  stop();
  removed_.clear();
  record_ = NodeRecord();
  record_.labels = options_.labels;
  conditions_.clear();
  saving_.forget();
  store_.forget();
  GrantLog(options_.stateDir).remove();
}

std::string Agent::describe() const {
  return encodeCluster(running().config.id);
}

std::string Agent::admit(const std::string& request) {
  Running& run = running();
  Member joiner = joinerOf(request, run.config, removed_);
  Admission admission;
  admission.certificate = certify(request, joiner, run.config, wallNow());
  admission.config = run.config;
  for (const Member* each : run.membership.members()) {
    if (each->status == Status::alive || each->status == Status::suspect)
      admission.members.push_back(*each);
  }
  admission.removed = removed_;
  log_.info("node admitted",
            {{"node", joiner.id.text()}, {"name", joiner.name}, {"address", joiner.gossip.text()}});
  return encode(admission);
}

}  // namespace cluster
