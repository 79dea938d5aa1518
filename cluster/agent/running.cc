#include "cluster/agent/running.h"

#include <algorithm>

#include "base/connection_refused.h"
#include "base/tcp.h"
#include "cluster/ca/draw.h"
#include "cluster/envelope.h"
#include "cluster/wire_version.h"

namespace cluster {
namespace {

constexpr base::milliseconds connectTimeout(1'000);
constexpr size_t idleConnections = 5;  // to a peer; as many come from there
constexpr base::milliseconds saveMembersAfter(1'000);
// A call that a node has not begun to answer by then makes us see whether it is there. So what
// hangs when a node vanishes is over within two seconds: this, a probe, the shortest suspicion.
constexpr base::milliseconds patience(200);
constexpr Time tryDownEvery(1'000);
// Who tells us of a clone, of our removal or of our certificate does so again every few seconds,
// for as long as it is so.
constexpr Time toldAgainWithin(30'000);

}  // namespace

std::vector<Secret> secrets(const std::vector<std::string>& keys) {
  std::vector<Secret> all;
  all.reserve(keys.size());
  for (const std::string& each : keys) all.emplace_back(each);
  return all;
}

Agent::Running::Running(Agent& owner, ClusterConfig clusterConfig, NodeId id,
                        const NodeAddresses& where, uint64_t session, uint64_t startVersion)
    : agent(owner),
      config(std::move(clusterConfig)),
      self(id),
      addresses(where),
      reservedUntil(startVersion + versionBlock),
      trust(std::make_shared<NodeTrust>(
          id, [this](const NodeId& node) { return agent.removed_.contains(node); })),
      seal(id, session),
      network(
          agent.loop_, Endpoint{where.listen.ip, agent.options_.gossipPort}, seal,
          [this](const NodeId& node) { return clientFor(node); }, hooks()),
      membership(ourselves(session), membershipOptions(), drawSeed(), network, *this),
      state(id, startVersion, stateOptions(), drawSeed(), network, *this),
      grantLog(agent.options_.stateDir),
      claims(id, agent.options_.claims, network, *this),
      timer(agent.loop_),
      rotationTimer(agent.loop_),
      saveTimer(agent.loop_) {}

// Ways to nodes live on in who uses them.
Agent::Running::~Running() {
  for (auto& [id, link] : links) listenNoMore(link);
}

void Agent::Running::listenNoMore(PeerLink& link) {
  if (!link.http) return;
  link.http->onSilence(patience, nullptr);
  link.http->onIdleClosed(nullptr);
}

Member Agent::Running::ourselves(uint64_t session) const {
  Member member;
  member.id = self;
  member.name = agent.options_.name;
  member.gossip = {addresses.advertise.ip, agent.options_.gossipPort};
  member.apiPort = addresses.advertise.port;
  member.session = session;
  member.wireVersion = wireVersion;
  return member;
}

MembershipOptions Agent::Running::membershipOptions() const {
  MembershipOptions options = agent.options_.membership;
  options.clock = [] {
    return std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::steady_clock::now().time_since_epoch());
  };
  options.maxIncarnation = [] { return incarnationsBy(instantNow()); };
  return options;
}

StateOptions Agent::Running::stateOptions() const {
  StateOptions options = agent.options_.state;
  options.maxVersion = [] { return versionsBy(instantNow()); };
  return options;
}

PeerNetwork::Hooks Agent::Running::hooks() {
  return {
      [this](const NodeId& sender, const Endpoint& from, wire::Message message) {
        receive(sender, from, message);
        runDeferred();
      },
      [this](const NodeId& sender, const PeerNetwork::Copy& old, const PeerNetwork::Copy& fresh) {
        agent.log_.error(
            "two hosts use the same node ID",
            {{"node", sender.text()}, {"one", old.at.text()}, {"other", fresh.at.text()}});
        tellClone(sender, old, fresh.at);
        tellClone(sender, fresh, old.at);
      },
      [this](const Endpoint& from, std::string why) {
        agent.log_.warn("datagram refused", {{"from", from.text()}, {"reason", why}});
      },
      [this](const NodeId& to, std::string why) {
        agent.log_.debug("messages not delivered", {{"node", to.text()}, {"reason", why}});
        bool isRefused = false;
        if (auto link = links.find(to); link != links.end()) {
          link->second.ageFault->note(now(), why);
          isRefused = link->second.reach->refused;
        }
        membership.streamFailed(now(), to, isRefused);
        claims.streamFailed(now(), to);
        runDeferred();
      },
      [this](const Endpoint& to) {
        membership.datagramRefused(now(), to);
        runDeferred();
      }};
}

void Agent::Running::receive(const NodeId& sender, std::optional<Endpoint> from,
                             const wire::Message& message) {
  if (agent.removed_.contains(sender)) {
    if (!from) return;
    wire::Message farewell = envelope(self);
    farewell.mutable_removed();
    network.datagram({sender, *from}, std::move(farewell));
    return;
  }
  if (message.has_removed()) {
    wasRemoved(sender);
    return;
  }
  if (message.has_cloned()) {
    isCloned(message.cloned().other());
    return;
  }
  if (!membership.receive(now(), sender, from, message)) return;
  state.receive(now(), sender, message);
  claims.receive(now(), sender, message);
}

void Agent::Running::tellClone(const NodeId& id, const PeerNetwork::Copy& to,
                               const Endpoint& other) {
  wire::Message message = envelope(self);
  message.mutable_cloned()->set_other(other.text());
  network.datagramTo(id, to, message);
}

void Agent::Running::isCloned(const std::string& other) {
  std::string why = "another host uses this node's ID " + std::string(self.text()) + ", from " +
                    other +
                    "; one of the two is a copy of the other's state directory: make it leave "
                    "(docker swarm leave --force) and join again";
  agent.trouble(NodeConditions::Cause::clone, std::move(why), now() + toldAgainWithin);
}

void Agent::Running::wasRemoved(const NodeId& by) {
  std::string why =
      "this node was removed from the cluster (docker node rm); run \"docker swarm leave "
      "--force\" here, then join again";
  agent.log_.debug("this node was removed", {{"by", by.text()}});
  agent.trouble(NodeConditions::Cause::removed, std::move(why), now() + toldAgainWithin);
}

void Agent::Running::runDeferred() {
  while (!deferred.empty()) {
    std::vector<std::function<void()>> due;
    due.swap(deferred);
    for (std::function<void()>& each : due) each();
  }
  Time next = std::min({membership.nextTick(), state.nextTick(), claims.nextTick()});
  Time wait = std::clamp(next - now(), Time(1), Time(60'000));
  timer.start(wait, [this] {
    membership.tick(now());
    state.tick(now());
    claims.tick(now());
    runDeferred();
  });
  if (uint64_t hash = state.hash(); hash != toldHash) {
    toldHash = hash;
    agent.recordsMoved_.fire();
  }
}

// The client may outlive us, so it owns what it needs.
base::Task<std::unique_ptr<base::Stream>> Agent::Running::connectPeer(
    base::Loop& loop, std::shared_ptr<NodeTrust> trust, NodeId id, PeerLink link) {
  Time now = loop.now().time_since_epoch();
  if (link.reach->down && now < link.reach->tryAt) throw base::StreamError("the node is down");
  link.reach->tryAt = now + tryDownEvery;
  link.reach->refused = false;
  std::unique_ptr<base::Stream> stream;
  try {
    stream =
        co_await base::Stream::connectTcp(loop, link.api.host(), link.api.port, connectTimeout);
  } catch (const base::ConnectionRefused&) {
    link.reach->refused = true;
    throw;
  }
  base::resendSoon(stream->fd());
  try {
    co_await stream->connectTls(trust->client(), std::string(id.text()), connectTimeout);
  } catch (const base::StreamError& refused) {
    link.ageFault->note(loop.now().time_since_epoch(), refused.what());
    throw;
  }
  co_return stream;
}

std::shared_ptr<base::HttpClient> Agent::Running::clientFor(const NodeId& id) {
  const Member* member = membership.find(id);
  if (!member || id == self) return nullptr;
  Endpoint api{member->gossip.ip, member->apiPort};
  PeerLink& link = links[id];
  if (!link.http || link.api != api) {
    listenNoMore(link);
    link.api = api;
    link.http = std::make_shared<base::HttpClient>(
        agent.loop_, "droverd of node " + member->name + " (" + api.text() + ")",
        [&loop = agent.loop_, trust = trust, id, api, reach = link.reach, fault = link.ageFault] {
          return connectPeer(loop, trust, id, {api, nullptr, reach, fault});
        },
        base::HttpLimits(), idleConnections);
    auto look = [this, id] {
      membership.silent(now(), id);
      runDeferred();
    };
    link.http->onSilence(patience, look);
    // Its host closes the connections of a process that ends.
    link.http->onIdleClosed(look);
  }
  return link.http;
}

void Agent::Running::AgeFault::note(Time now, const std::string& reason) {
  constexpr std::string_view signs[] = {
      "do the clocks differ?", "expired at",  // base/tls.cc about the other's
      "certificate expired",                  // the alert about ours, in OpenSSL's words
  };
  for (std::string_view sign : signs) {
    if (reason.find(sign) == std::string::npos) continue;
    at = now;
    why = reason;
  }
}

// Where one node's clock is wrong, it alone has such trouble with all others. Of two nobody can say
// which is right.
void Agent::Running::compareClocks() {
  std::string why;
  for (const Member* each : membership.members()) {
    bool lives = each->status == Status::alive || each->status == Status::suspect;
    if (!lives || each->id == self) continue;
    auto link = links.find(each->id);
    bool odd = link != links.end() && link->second.ageFault->at &&
               now() < *link->second.ageFault->at + toldAgainWithin;
    if (!odd) return agent.mended(NodeConditions::Cause::clock);
    why = link->second.ageFault->why;
  }
  if (why.empty()) return agent.mended(NodeConditions::Cause::clock);
  agent.trouble(NodeConditions::Cause::clock,
                "this node and the others refuse each other's certificates as expired or not yet "
                "valid; correct the clock, here or there, and certificates are renewed: " +
                    why);
}

// ---- MembershipListener
void Agent::Running::memberChanged(const Member& member, std::optional<Status> before) {
  static constexpr const char* names[] = {"alive", "suspect", "failed", "left"};
  base::Level level = member.status == Status::failed ? base::Level::warn : base::Level::info;
  if (!before || *before != member.status) {
    agent.log_.line(
        level, "member",
        std::initializer_list<base::Field>{{"node", member.id.text()},
                                           {"name", member.name},
                                           {"address", member.gossip.text()},
                                           {"status", names[static_cast<int>(member.status)]}});
  }
  if (auto link = links.find(member.id); link != links.end()) {
    Reach& reach = *link->second.reach;
    reach.down = member.status == Status::failed;
    // Whoever waits for it now, and may ask again, need not wait for a connection as well.
    if (reach.down) reach.tryAt = now() + tryDownEvery;
    if (reach.down && link->second.http)
      deferred.push_back([http = link->second.http] { http->cancelAll("the node is down"); });
  }
  deferred.push_back([this] { membersChanged(); });
}
void Agent::Running::memberForgotten(const NodeId& id) {
  if (auto link = links.find(id); link != links.end()) {
    listenNoMore(link->second);
    links.erase(link);
  }
  deferred.push_back([this, id] {
    state.forget(id);
    membersChanged();
  });
}
void Agent::Running::cloneSeen(const Member& clone) {
  isCloned(clone.gossip.text());
}
void Agent::Running::refused(const NodeId& sender, const std::string& why) {
  agent.log_.warn("member refused", {{"node", sender.text()}, {"reason", why}});
}

void Agent::Running::membersChanged() {
  std::vector<State::Peer> peers;
  std::vector<NodeId> counting;
  for (const Member* each : membership.members()) {
    bool lives = each->status == Status::alive || each->status == Status::suspect;
    if (each->status != Status::left) counting.push_back(each->id);
    if (lives && each->id != self) peers.push_back({each->id, each->gossip});
  }
  // Who counts for claims is on disk before: a node that restarts without knowing of the others
  // takes itself for a majority. All else can wait until it is quiet.
  bool counted = std::all_of(counting.begin(), counting.end(),
                             [this](const NodeId& id) { return saved.contains(id); });
  if (!counted) {
    saved.insert(counting.begin(), counting.end());
    saveMembers();
  }
  state.setPeers(now(), std::move(peers));
  claims.setMembers(now(), std::move(counting));
  saveTimer.start(saveMembersAfter, [this] {
    saveMembers();
    runDeferred();
  });
}

// Those to go to after a restart.
void Agent::Running::saveMembers() {
  Store::Change change;
  change.members.emplace();
  for (const Member* each : membership.members()) {
    if (each->id == self || each->status == Status::left) continue;
    change.members->push_back({each->id, each->name, each->gossip, each->apiPort});
  }
  agent.save(std::move(change));
}

// ---- StateListener
void Agent::Running::recordChanged(const NodeId& owner, const std::string& key,
                                   const Record& record) {
  agent.log_.debug("record changed", {{"node", owner.text()}, {"key", key}});
  membership.spokenOf(now(), owner);
  lately.note(now(), owner);
  if (key == configKey) {
    deferred.push_back([this, value = record.value] {
      std::optional<ClusterConfig> fresh = decodeConfig(value);
      if (fresh) agent.adopt(*fresh);
    });
  } else if (key.starts_with(removedRecords)) {
    std::optional<NodeId> id = NodeId::parse(std::string_view(key).substr(removedRecords.size()));
    if (id) deferred.push_back([this, id = *id] { takeRemoval(id); });
  }
  deferred.push_back([this, owner, key, record] {
    if (agent.listener_) agent.listener_->recordChanged(owner, key, record);
  });
}
void Agent::Running::recordErased(const NodeId& owner, const std::string& key) {
  lately.note(now(), owner);
  deferred.push_back([this, owner, key] {
    if (agent.listener_) agent.listener_->recordErased(owner, key);
  });
}
void Agent::Running::recordsRefused(const NodeId& owner, const std::string& why) {
  agent.log_.warn("records refused", {{"node", owner.text()}, {"reason", why}});
  if (owner != self) return;
  deferred.push_back([this] {
    agent.saving_.reserveAbove(state.ownVersion());
    agent.sayWhetherSaved();
  });
}

void Agent::Running::takeRemoval(const NodeId& id) {
  if (id == self || !agent.removed_.insert(id).second) return;
  agent.log_.info("node removed", {{"node", id.text()}});
  membership.remove(now(), id);
  Store::Change change;
  change.removed.emplace(agent.removed_.begin(), agent.removed_.end());
  agent.save(std::move(change));
}

// ---- ClaimWorld
std::optional<Holding> Agent::Running::holding(const std::string& key) const {
  return agent.lookUp_ ? agent.lookUp_(key) : std::nullopt;
}
uint64_t Agent::Running::versionOf(const NodeId& owner) const {
  Versions versions = state.versions();
  auto found = versions.find(owner);
  return found == versions.end() ? 0 : found->second;
}
bool Agent::Running::isAway(const NodeId& member) const {
  const Member* found = membership.find(member);
  return found && (found->status == Status::suspect || found->status == Status::failed);
}

void Agent::Running::put(const std::string& key, std::string value, bool confidential) {
  state.put(now(), key, std::move(value), confidential);
  if (state.ownVersion() + versionBlock / 10 <= reservedUntil) return;
  try {
    reservedUntil = agent.store_.reserve(versionBlock) + versionBlock;
  } catch (const StoreError&) {
    // Then the versions so far are to be reserved, so that a restart is above them.
    agent.saving_.reserveAbove(state.ownVersion());
    agent.sayWhetherSaved();
  }
}

}  // namespace cluster
