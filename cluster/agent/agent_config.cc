// How an agent goes by the cluster's configuration, changes it, and keeps certificates fresh.

#include "base/rfc3339.h"
#include "cluster/agent/agent.h"
#include "cluster/agent/running.h"
#include "cluster/ca/join_token.h"
#include "cluster/ca/rotation.h"

namespace cluster {
namespace {

constexpr base::milliseconds freshEvery(1'000);
constexpr Time rotationPatience(3'000);

}  // namespace

const ClusterConfig& Agent::config() const {
  return running().config;
}

const base::TlsContext& Agent::tlsForPeers() const {
  return running().trust->server();
}

std::shared_ptr<const ClientTrust> Agent::clientTrust() const {
  return running_ ? running_->trust->forClients() : nullptr;
}

Credentials Agent::issueClient(const std::string& name, std::chrono::seconds life) {
  const ClusterConfig& config = running().config;
  Credentials authority{config.authorities.front(), Secret(config.authorityKey)};
  try {
    Credentials made = makeClient(name, config.id, authority, wallNow(), life);
    log_.info("client certificate issued",
              {{"name", name}, {"valid_for_s", static_cast<int64_t>(life.count())}});
    return made;
  } catch (const CertificateError& wrong) {
    throw AgentError(400, wrong.what());
  }
}

std::string Agent::authorities() const {
  std::string all;
  for (const std::string& each : running().config.authorities) all += each;
  return all;
}

std::string Agent::workerToken() const {
  const ClusterConfig& config = running().config;
  return textOf(JoinToken{digestOf(config.authorities.front()), Secret(config.workerSecret)});
}

std::string Agent::managerToken() const {
  const ClusterConfig& config = running().config;
  return textOf(JoinToken{digestOf(config.authorities.front()), Secret(config.managerSecret)});
}

void Agent::changeConfig(const std::function<void(ClusterConfig&)>& change) {
  Running& run = running();
  ClusterConfig fresh = run.config;
  change(fresh);
  fresh.serial++;
  fresh.writer = run.self;
  fresh.updatedAt = base::rfc3339Now();
  std::string bundle = encode(fresh);
  if (!decodeConfig(bundle)) throw AgentError(400, "the swarm's specification is too large");
  run.put(std::string(configKey), std::move(bundle), true);
  adopt(fresh);
  run.runDeferred();
}

void Agent::adopt(const ClusterConfig& config) {
  Running& run = *running_;
  if (config.id != run.config.id || !run.config.olderThan(config)) return;
  if (config.serial > serialsBy(instantNow()))
    return log_.warn("cluster configuration refused",
                     {{"serial", config.serial}, {"reason", "it is ahead of this node's clock"}});
  try {
    run.trust->update(config, run.trust->certificate(), run.trust->key().copy(),
                      run.addresses.advertise, options_.name, wallNow());
    run.seal.setKeys(secrets(config.gossipKeys));
  } catch (const std::exception& wrong) {
    trouble(NodeConditions::Cause::configuration,
            std::string("the cluster's new configuration cannot be used: ") + wrong.what());
    return;
  }
  run.config = config;
  Store::Change change;
  change.config = encode(config);
  change.certificate = run.trust->certificate();
  conditions_.end(NodeConditions::Cause::configuration);
  save(std::move(change));
  publishNode();
  log_.info("cluster configuration updated", {{"serial", config.serial}});
}

void Agent::rotateAuthority() {
  Running& run = running();
  if (run.config.authorities.size() > 1)
    throw AgentError(503, "a CA rotation is already in progress");
  ClusterConfig begun = beginRotation(run.config, wallNow());
  changeConfig([&begun](ClusterConfig& config) { config = std::move(begun); });
}

// What the first living node does for all: takes a rotation one step further when everyone is ready
// for it, and publishes the configuration if nobody does.
void Agent::rotateStep() {
  Running& run = *running_;
  bool published = false;
  std::vector<Progress> nodes;
  NodeId first = run.self;
  for (const Member* member : run.membership.members()) {
    if (member->status == Status::left) continue;
    const Record* record = run.state.find(member->id, std::string(nodeKey));
    std::optional<NodeRecord> node = record ? decodeNode(record->value) : std::nullopt;
    const Record* config = run.state.find(member->id, std::string(configKey));
    std::optional<ClusterConfig> told = config ? decodeConfig(config->value) : std::nullopt;
    if (told && told->serial >= run.config.serial) published = true;
    Progress progress;
    progress.name = member->name;
    progress.lives = member->status != Status::failed;
    progress.adopted = node && node->configSerial >= run.config.serial;
    progress.renewed = node && node->issuer == run.trust->issuer();
    if (node && node->lastError != node->engineError) progress.trouble = node->lastError;
    if (progress.lives) first = std::min(first, member->id);
    nodes.push_back(std::move(progress));
  }
  watchRotation(waitsFor(run.config, nodes), first == run.self);
  if (first != run.self) return;
  if (!published) {
    run.put(std::string(configKey), encode(run.config), true);
    run.runDeferred();
    return;
  }
  ClusterConfig next = run.config;
  if (!takeStep(next, readinessOf(nodes))) return;
  bool ended = next.authorities.size() < run.config.authorities.size();
  changeConfig([&next](ClusterConfig& config) { config = std::move(next); });
  if (ended) log_.info("CA rotation finished");
}

// A step takes a second or two. One that does not is told of by whoever would take it.
void Agent::watchRotation(std::string waits, bool isOurs) {
  Time now = running_->now();
  if (waits != rotation_.waitsFor) rotation_ = {std::move(waits), now};
  bool isLong = !rotation_.waitsFor.empty() && now - rotation_.since >= rotationPatience;
  if (isLong && !rotation_.isLong && isOurs)
    log_.warn("CA rotation is waiting for a node", {{"for", rotation_.waitsFor}});
  rotation_.isLong = isLong;
}

// Steps of rotations, the renewal of our certificate, and what the disk did not take.
void Agent::keepFresh() {
  running_->rotationTimer.start(freshEvery, [this] {
    try {
      rotateStep();
    } catch (const std::exception& wrong) {
      log_.error("CA rotation failed, retrying", {{"reason", wrong.what()}});
    }
    renewCertificate();
    saving_.tryAgain();
    sayWhetherSaved();
    running_->compareClocks();
    if (conditions_.expire(running_->now())) publishNode();
    running_->runDeferred();
    keepFresh();
  });
}

void Agent::renewCertificate() {
  Running& run = *running_;
  if (!run.trust->due(wallNow())) return;
  try {
    run.trust->update(run.config, run.trust->certificate(), run.trust->key().copy(),
                      run.addresses.advertise, options_.name, wallNow());
  } catch (const std::exception& wrong) {
    trouble(NodeConditions::Cause::certificate,
            std::string("this node's certificate cannot be renewed: ") + wrong.what());
    return;
  }
  Store::Change change;
  change.certificate = run.trust->certificate();
  save(std::move(change));
  log_.info("certificate renewed");
  mended(NodeConditions::Cause::certificate);
}

void Agent::trouble(NodeConditions::Cause cause, std::string why, std::optional<Time> until) {
  if (!conditions_.begin(cause, why, until)) return;
  log_.error("cluster error", {{"reason", why}});
  if (running_) running_->deferred.push_back([this] { publishNode(); });
}

void Agent::mended(NodeConditions::Cause cause) {
  if (!conditions_.end(cause)) return;
  if (running_) running_->deferred.push_back([this] { publishNode(); });
}

void Agent::save(Store::Change change) {
  saving_.save(std::move(change));
  sayWhetherSaved();
}

// What we say that we go by is what we would come back to: others drop what was before.
void Agent::acknowledge() {
  if (!running_ || !saving_.why().empty()) return;
  if (record_.configSerial == running_->config.serial &&
      record_.issuer == running_->trust->issuer())
    return;
  record_.configSerial = running_->config.serial;
  record_.issuer = running_->trust->issuer();
  running_->deferred.push_back([this] { publishNode(); });
}

void Agent::sayWhetherSaved() {
  acknowledge();
  if (!saving_.why().empty()) {
    trouble(NodeConditions::Cause::disk, saving_.why() + "; retrying until it can be written");
  } else if (conditions_.end(NodeConditions::Cause::disk)) {
    log_.info("state directory is writable again");
    if (running_) running_->deferred.push_back([this] { publishNode(); });
  }
}

}  // namespace cluster
