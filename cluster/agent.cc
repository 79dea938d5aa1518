#include "cluster/agent.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <ctime>
#include <random>
#include <set>

#include "base/json.h"
#include "cluster/envelope.h"
#include "cluster/join_token.h"
#include "cluster/node_trust.h"
#include "cluster/packet_seal.h"
#include "cluster/peer_network.h"

namespace cluster {
namespace {

constexpr base::milliseconds connectTimeout(1'000);
constexpr base::milliseconds joinTimeout(10'000);
constexpr size_t idleConnections = 5;  // to a peer; as many come from there
constexpr size_t answerMost = 4 * 1024 * 1024;
// Versions of our records are reserved on the disk in blocks of so many.
constexpr uint64_t versionBlock = 1'000'000;
constexpr base::milliseconds rotationEvery(1'000);
constexpr base::milliseconds saveMembersAfter(1'000);
// So that all hear that we leave.
constexpr base::milliseconds farewell(1'000);
constexpr std::string_view removedPrefix = "removed/";

WallTime wallNow() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

uint64_t drawSeed() {
  uint64_t seed = 0;
  fillRandom(&seed, sizeof seed);
  return seed;
}

NodeId drawNodeId() {
  std::array<uint8_t, 16> number{};
  fillRandom(number.data(), number.size());
  return *NodeId::parse(base36(number, NodeId::length));
}

std::vector<Secret> secrets(const std::vector<std::string>& keys) {
  std::vector<Secret> all;
  for (const std::string& each : keys) all.emplace_back(each);
  return all;
}

std::string encode(const Place& place) {
  base::JsonWriter json;
  json.object().member("listen", place.listen.host()).member("listenPort", place.listen.port);
  json.member("advertise", place.advertise.host()).member("advertisePort", place.advertise.port);
  json.member("since", place.since);
  return json.endObject().text();
}

std::optional<Endpoint> endpoint(const rapidjson::Value& json, const char* host, const char* port) {
  uint64_t number = base::number(json, port);
  if (number == 0 || number > 65535) return std::nullopt;
  return Endpoint::parse(std::string(base::text(json, host)), static_cast<uint16_t>(number));
}

std::optional<Place> decodePlace(std::string_view text) {
  rapidjson::Document json = base::parseJson(text);
  std::optional<Endpoint> listen = endpoint(json, "listen", "listenPort");
  std::optional<Endpoint> advertise = endpoint(json, "advertise", "advertisePort");
  if (!listen || !advertise) return std::nullopt;
  return Place{*listen, *advertise, std::string(base::text(json, "since"))};
}

void putMember(base::JsonWriter& json, const Member& member) {
  json.object().member("id", member.id.text()).member("name", member.name);
  json.member("ip", member.gossip.host()).member("gossipPort", member.gossip.port);
  json.member("apiPort", member.apiPort).endObject();
}

std::optional<Member> takeMember(const rapidjson::Value& json) {
  std::optional<NodeId> id = NodeId::parse(base::text(json, "id"));
  std::optional<Endpoint> gossip = endpoint(json, "ip", "gossipPort");
  std::optional<Endpoint> api = endpoint(json, "ip", "apiPort");
  if (!id || !gossip || !api) return std::nullopt;
  Member member;
  member.id = *id;
  member.name = base::text(json, "name");
  member.gossip = *gossip;
  member.apiPort = api->port;
  member.wireVersion = wireVersion;
  return member;
}

bool isUnspecified(const Endpoint& endpoint) {
  return endpoint.host() == "0.0.0.0" || endpoint.host() == "::";
}

// "10.0.0.1:2377" or "10.0.0.1" or "[fd00::1]:2377" or a name with or without a port.
std::pair<std::string, uint16_t> splitHostPort(const std::string& text) {
  constexpr uint16_t usual = 2377;
  size_t colon = text.rfind(':');
  bool bare = colon == std::string::npos || (text.find(':') != colon && text.front() != '[');
  std::string host = bare ? text : text.substr(0, colon);
  uint16_t port = usual;
  if (!bare) {
    const char* end = text.data() + text.size();
    auto [stopped, error] = std::from_chars(text.data() + colon + 1, end, port);
    if (error != std::errc() || stopped != end || port == 0)
      throw AgentError(400, "\"" + text + "\" has no valid port");
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return {host, port};
}

// Under which of our addresses the other side of this connection knows us.
Endpoint ownAddress(int fd, uint16_t port) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  Endpoint own;
  own.port = port;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return own;
  if (storage.ss_family == AF_INET) {
    const sockaddr_in* v4 = reinterpret_cast<const sockaddr_in*>(&storage);
    own.ip[10] = own.ip[11] = 0xff;
    std::memcpy(own.ip.data() + 12, &v4->sin_addr, 4);
  } else {
    const sockaddr_in6* v6 = reinterpret_cast<const sockaddr_in6*>(&storage);
    std::memcpy(own.ip.data(), &v6->sin6_addr, 16);
  }
  return own;
}

// `down`: whether it is known to have failed, so that nobody waits for it.
base::Task<std::unique_ptr<base::Stream>> connectPeer(base::Loop& loop,
                                                      std::shared_ptr<NodeTrust> trust,
                                                      Endpoint api, NodeId id,
                                                      std::shared_ptr<bool> down) {
  if (*down) throw base::StreamError("the node is down");
  std::unique_ptr<base::Stream> stream =
      co_await base::Stream::connectTcp(loop, api.host(), api.port, connectTimeout);
  co_await stream->connectTls(trust->client(), std::string(id.text()), connectTimeout);
  co_return stream;
}

base::Task<std::unique_ptr<base::Stream>> connectPinned(base::Loop& loop,
                                                        std::shared_ptr<base::TlsContext> tls,
                                                        std::string host, uint16_t port) {
  std::unique_ptr<base::Stream> stream =
      co_await base::Stream::connectTcp(loop, host, port, joinTimeout);
  co_await stream->connectTls(*tls, "", joinTimeout);
  co_return stream;
}

// The {"message"} of an answer that says no.
std::string messageOf(const base::HttpReply& reply) {
  std::string text(base::text(base::parseJson(reply.body), "message"));
  return text.empty() ? "it answers with status " + std::to_string(reply.status) : text;
}

}  // namespace

std::string rfc3339Now() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  std::tm parts{};
  ::gmtime_r(&now.tv_sec, &parts);
  char text[64];
  size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text + length, sizeof text - length, ".%09ldZ", now.tv_nsec);
  return text;
}

// All that lives while we are in a cluster.
struct Agent::Running : MembershipListener, StateListener, ClaimWorld {
  struct Pending {
    std::optional<ClaimResult> result;
    base::Event decided;
  };
  struct Way {
    Endpoint api;
    std::shared_ptr<base::HttpClient> http;
    std::shared_ptr<bool> down = std::make_shared<bool>(false);
  };

  Running(Agent& owner, ClusterConfig clusterConfig, NodeId id, const Place& where,
          uint64_t session, uint64_t startVersion)
      : agent(owner),
        config(std::move(clusterConfig)),
        self(id),
        place(where),
        reservedUntil(startVersion + versionBlock),
        trust(std::make_shared<NodeTrust>(
            id, [this](const NodeId& node) { return agent.removed_.contains(node); })),
        seal(id, session),
        network(
            agent.loop_, Endpoint{where.listen.ip, agent.options_.gossipPort}, seal,
            [this](const NodeId& node) { return wayTo(node); }, hooks()),
        membership(ourselves(session), membershipOptions(), drawSeed(), network, *this),
        state(id, startVersion, agent.options_.state, drawSeed(), network, *this),
        claims(id, agent.options_.claims, network, *this),
        timer(agent.loop_),
        rotationTimer(agent.loop_),
        saveTimer(agent.loop_) {}

  Member ourselves(uint64_t session) const {
    Member member;
    member.id = self;
    member.name = agent.options_.name;
    member.gossip = {place.advertise.ip, agent.options_.gossipPort};
    member.apiPort = place.advertise.port;
    member.session = session;
    member.wireVersion = wireVersion;
    return member;
  }

  MembershipOptions membershipOptions() const {
    MembershipOptions options = agent.options_.membership;
    options.clock = [] {
      return std::chrono::duration_cast<std::chrono::microseconds>(
          std::chrono::steady_clock::now().time_since_epoch());
    };
    return options;
  }

  PeerNetwork::Hooks hooks() {
    return {[this](const NodeId& sender, const Endpoint& from, wire::Message message) {
              receive(sender, from, message);
              settle();
            },
            [this](const NodeId& sender, const Endpoint& old, const Endpoint& fresh) {
              agent.log_.error(
                  "two hosts use one node's id",
                  {{"node", sender.text()}, {"one", old.text()}, {"other", fresh.text()}});
              tellClone(old, fresh);
              tellClone(fresh, old);
            },
            [this](const Endpoint& from, std::string why) {
              agent.log_.warn("datagram refused", {{"from", from.text()}, {"reason", why}});
            },
            [this](const NodeId& to, std::string why) {
              agent.log_.debug("messages not delivered", {{"node", to.text()}, {"reason", why}});
              membership.streamFailed(now(), to);
              settle();
            }};
  }

  Time now() const { return Time(agent.loop_.now()); }

  void receive(const NodeId& sender, std::optional<Endpoint> from, const wire::Message& message) {
    if (agent.removed_.contains(sender)) {
      if (!from) return;
      wire::Message farewell = envelope(self);
      farewell.mutable_removed();
      network.datagram(*from, std::move(farewell));
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

  void tellClone(const Endpoint& to, const Endpoint& other) {
    wire::Message message = envelope(self);
    message.mutable_cloned()->set_other(other.text());
    network.datagram(to, std::move(message));
  }

  void isCloned(const std::string& other) {
    std::string why = "another host uses this node's id " + std::string(self.text()) + ", from " +
                      other +
                      "; one of the two is a copy of the other's state directory: make it leave "
                      "(docker swarm leave --force) and join again";
    if (agent.error_ == why) return;
    agent.error_ = why;
    agent.log_.error("clone seen", {{"reason", why}});
    deferred.push_back([this] { agent.publishNode(); });
  }

  // Another node tells us that we are none of the cluster's any more.
  void wasRemoved(const NodeId& by) {
    std::string why =
        "this node was removed from the cluster (docker node rm); run \"docker swarm leave "
        "--force\" here, then join again";
    if (agent.error_ == why) return;
    agent.error_ = why;
    agent.log_.error("removed from the cluster", {{"told_by", by.text()}, {"reason", why}});
    deferred.push_back([this] { agent.publishNode(); });
  }

  // Does what the automata asked for and must not be done within them, and sets the timer for what
  // they do next.
  void settle() {
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
      settle();
    });
  }

  std::shared_ptr<base::HttpClient> wayTo(const NodeId& id) {
    const Member* member = membership.find(id);
    if (!member || id == self) return nullptr;
    Endpoint api{member->gossip.ip, member->apiPort};
    Way& way = ways[id];
    if (!way.http || way.api != api) {
      way.api = api;
      way.http = std::make_shared<base::HttpClient>(
          agent.loop_, "droverd of node " + member->name + " (" + api.text() + ")",
          [&loop = agent.loop_, trust = trust, api, id, down = way.down] {
            return connectPeer(loop, trust, api, id, down);
          },
          base::HttpLimits(), idleConnections);
    }
    return way.http;
  }

  // ---- MembershipListener
  void memberChanged(const Member& member, std::optional<Status> before) override {
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
    if (auto way = ways.find(member.id); way != ways.end()) {
      *way->second.down = member.status == Status::failed;
      if (*way->second.down && way->second.http)
        deferred.push_back([http = way->second.http] { http->cancelAll("the node is down"); });
    }
    deferred.push_back([this] { membersChanged(); });
  }
  void memberForgotten(const NodeId& id) override {
    ways.erase(id);
    deferred.push_back([this, id] {
      state.forget(id);
      membersChanged();
    });
  }
  void cloneSeen(const Member& clone) override { isCloned(clone.gossip.text()); }
  void refused(const NodeId& sender, const std::string& why) override {
    agent.log_.warn("member refused", {{"node", sender.text()}, {"reason", why}});
  }

  void membersChanged() {
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
      agent.saveMembers();
    }
    state.setPeers(now(), std::move(peers));
    claims.setMembers(now(), std::move(counting));
    saveTimer.start(saveMembersAfter, [this] { agent.saveMembers(); });
  }

  // ---- StateListener
  void recordChanged(const NodeId& owner, const std::string& key, const Record& record) override {
    agent.log_.debug("record changed", {{"node", owner.text()}, {"key", key}});
    if (key == configKey) {
      deferred.push_back([this, value = record.value] {
        std::optional<ClusterConfig> fresh = decodeConfig(value);
        if (fresh) agent.adopt(*fresh);
      });
    } else if (key.starts_with(removedPrefix)) {
      std::optional<NodeId> id = NodeId::parse(std::string_view(key).substr(removedPrefix.size()));
      if (id) deferred.push_back([this, id = *id] { takeRemoval(id); });
    }
    deferred.push_back([this, owner, key, record] {
      if (agent.listener_) agent.listener_->recordChanged(owner, key, record);
    });
  }
  void recordErased(const NodeId& owner, const std::string& key) override {
    deferred.push_back([this, owner, key] {
      if (agent.listener_) agent.listener_->recordErased(owner, key);
    });
  }
  void recordsRefused(const NodeId& owner, const std::string& why) override {
    agent.log_.warn("records refused", {{"node", owner.text()}, {"reason", why}});
    if (owner == self)
      deferred.push_back([this] { agent.store_.reserveAbove(state.ownVersion()); });
  }

  void takeRemoval(const NodeId& id) {
    if (id == self || !agent.removed_.insert(id).second) return;
    agent.log_.info("node removed", {{"node", id.text()}});
    membership.remove(now(), id);
    Store::Change change;
    change.removed.emplace(agent.removed_.begin(), agent.removed_.end());
    agent.store_.save(change);
  }

  // ---- ClaimWorld
  std::optional<Holding> holding(const std::string& key) const override {
    return agent.lookUp_ ? agent.lookUp_(key) : std::nullopt;
  }
  uint64_t versionOf(const NodeId& owner) const override {
    Versions versions = state.versions();
    auto found = versions.find(owner);
    return found == versions.end() ? 0 : found->second;
  }

  void put(const std::string& key, std::string value, bool confidential = false) {
    state.put(now(), key, std::move(value), confidential);
    if (state.ownVersion() + versionBlock / 10 > reservedUntil)
      reservedUntil = agent.store_.reserve(versionBlock) + versionBlock;
  }

  Agent& agent;
  ClusterConfig config;
  NodeId self;
  Place place;
  uint64_t reservedUntil;
  std::vector<std::function<void()>> deferred;
  std::map<NodeId, Way> ways;
  std::vector<std::shared_ptr<Pending>> pending;
  std::shared_ptr<NodeTrust> trust;
  PacketSeal seal;
  PeerNetwork network;
  Membership membership;
  State state;
  Claims claims;
  base::Timer timer;
  base::Timer rotationTimer;
  base::Timer saveTimer;
  std::set<NodeId> saved;  // members that were on disk at some time
};

Agent::Agent(base::Loop& loop, AgentOptions options, base::Log& log)
    : loop_(loop), options_(std::move(options)), log_(log), store_(options_.stateDir) {}

Agent::~Agent() = default;

Agent::Running& Agent::running() const {
  if (!running_)
    throw AgentError(503,
                     "This node is not a swarm manager. Use \"docker swarm init\" or \"docker "
                     "swarm join\" to connect this node to swarm and try again.");
  return *running_;
}

void Agent::lookUpClaims(std::function<std::optional<Holding>(const std::string&)> lookUp) {
  lookUp_ = std::move(lookUp);
}

void Agent::begin(AgentListener& listener) {
  listener_ = &listener;
  Saved saved = store_.load();
  removed_.insert(saved.removed.begin(), saved.removed.end());
  if (!saved.availability.empty()) record_.availability = saved.availability;
  record_.labels = saved.labels;
  record_.labels.insert(options_.labels.begin(), options_.labels.end());
  if (saved.cluster.empty()) return;
  std::optional<ClusterConfig> config = decodeConfig(saved.spec);
  std::optional<Place> place = decodePlace(saved.name);
  if (!config || !place) throw StoreError("the cluster's configuration on disk is damaged");
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
  bool abstain = !members.empty();
  enter(std::move(*config), saved.certificate, std::move(saved.key), members, *place, abstain);
}

void Agent::enter(ClusterConfig config, const std::string& certificate, Secret key,
                  const std::vector<Member>& members, const Place& place, bool abstain) {
  Saved saved = store_.load();
  std::unique_ptr<Running> fresh =
      std::make_unique<Running>(*this, std::move(config), saved.node, place, store_.beginSession(),
                                store_.reserve(versionBlock));
  fresh->trust->update(fresh->config, certificate, std::move(key), place.advertise, options_.name,
                       wallNow());
  fresh->seal.setKeys(secrets(fresh->config.gossipKeys));
  std::string bundle = encode(fresh->config);
  Store::Change change;
  change.cluster = fresh->config.id;
  change.spec = bundle;
  change.name = encode(place);
  change.certificate = fresh->trust->certificate();
  change.key = &fresh->trust->key();
  change.availability = record_.availability;
  change.members.emplace();
  for (const Member& each : members)
    change.members->push_back({each.id, each.name, each.gossip, each.apiPort});
  store_.save(change);

  running_ = std::move(fresh);
  Running& run = *running_;
  record_.joinedAt = place.since;
  record_.configSerial = run.config.serial;
  record_.issuer = run.trust->issuer();
  record_.droverVersion = options_.droverVersion;
  record_.hostname = options_.name;
  run.claims.start(run.now(), abstain);
  run.membership.start(run.now(), members);
  run.membersChanged();
  publishNode();
  try {
    if (listener_) listener_->entered(place.listen);
  } catch (const std::exception&) {
    running_.reset();
    throw;
  }
  log_.info(
      "in the cluster",
      {{"cluster", run.config.id}, {"node", run.self.text()}, {"address", place.advertise.text()}});
  keepFresh();
  run.settle();
}

void Agent::stop() {
  std::unique_ptr<Running> last = std::move(running_);
  for (const std::shared_ptr<Running::Pending>& each : last->pending) {
    if (!each->result) each->result = ClaimResult{};
    each->decided.fire();
  }
  if (listener_) listener_->exited();
}

// ---- forming the cluster

NodeId Agent::init(Place place, const std::string& spec, const std::string& availability) {
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
  config.createdAt = config.updatedAt = rfc3339Now();
  config.spec = spec;
  Credentials authority = makeAuthority(wallNow());
  config.authorities = {authority.certificate};
  config.authorityKey = authority.key.reveal();
  config.gossipKeys = {std::string(Secret::random(PacketSeal::keySize).reveal())};
  config.workerSecret = makeTokenSecret().reveal();
  config.managerSecret = makeTokenSecret().reveal();
  record_.availability = availability;
  place.since = config.createdAt;
  error_.clear();
  Store::Change change;
  change.node = self;
  store_.save(change);
  try {
    enter(std::move(config), {}, makeKey(), {}, place, false);
  } catch (const std::exception&) {
    store_.forget();
    throw;
  }
  running_->put(std::string(configKey), encode(running_->config), true);
  running_->settle();
  return self;
}

base::Task<> Agent::join(Place place, std::vector<std::string> remotes, std::string token,
                         std::string availability) {
  if (running_)
    throw AgentError(503,
                     "This node is already part of a swarm. Use \"docker swarm leave\" to "
                     "leave this swarm and join another one.");
  if (busy_) throw AgentError(503, "This node is joining a swarm already.");
  ParsedToken parsed = parseJoinToken(token);
  if (!parsed.token) throw AgentError(400, "invalid join token: " + parsed.why);
  if (remotes.empty()) throw AgentError(400, "at least one RemoteAddr is required to join");
  struct Busy {
    explicit Busy(bool& flag) : flag(flag) { flag = true; }
    ~Busy() { flag = false; }
    bool& flag;
  } busy(busy_);
  std::string why;
  int status = 503;
  for (const std::string& remote : remotes) {
    try {
      co_await joinBy(place, remote, token, availability);
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

base::Task<bool> Agent::joinBy(Place& place, const std::string& remote, const std::string& token,
                               const std::string& availability) {
  ParsedToken parsed = parseJoinToken(token);
  auto [host, port] = splitHostPort(remote);
  base::TlsOptions options;
  options.role = base::TlsOptions::Role::client;
  options.pinned = parsed.token->authority;
  std::shared_ptr<base::TlsContext> tls =
      std::make_shared<base::TlsContext>(base::TlsContext::inMemory(options));
  base::Loop& loop = loop_;
  base::HttpClient client(
      loop, "node at " + remote,
      [&loop, tls, host = host, port = port] { return connectPinned(loop, tls, host, port); },
      base::HttpLimits(), 1);

  std::unique_ptr<base::HttpConnection> connection = co_await client.connect(true);
  Place here = place;
  if (isUnspecified(here.advertise))
    here.advertise = ownAddress(connection->stream->fd(), here.advertise.port);
  client.giveBack(std::move(connection));
  base::HttpReply described =
      co_await client.call(base::httpGet("/drover/v1/cluster", joinTimeout, answerMost));
  if (described.status != 200) throw AgentError(503, remote + ": " + messageOf(described));
  std::string id(base::text(base::parseJson(described.body), "id"));
  if (!NodeId::parse(id)) throw AgentError(503, remote + " does not answer as a droverd does");

  NodeId self = drawNodeId();
  Secret key = makeKey();
  base::JsonWriter json;
  json.object().member("secret", parsed.token->secret.reveal());
  json.member("request", makeRequest(key, self, id));
  json.member("id", self.text()).member("name", options_.name);
  json.member("ip", here.advertise.host()).member("gossipPort", options_.gossipPort);
  json.member("apiPort", here.advertise.port).member("wire", wireVersion).endObject();
  base::HttpCall call;
  call.method = "POST";
  call.target = "/drover/v1/join";
  call.body = json.text();
  call.timeout = joinTimeout;
  call.most = answerMost;
  base::HttpReply reply = co_await client.call(std::move(call));
  if (reply.status != 200) throw AgentError(reply.status, messageOf(reply));

  rapidjson::Document answer = base::parseJson(reply.body);
  std::optional<ClusterConfig> config = decodeConfig(base::text(answer, "config"));
  if (!config || config->id != id)
    throw AgentError(503, remote + " does not answer as a droverd does");
  std::vector<Member> members;
  if (const rapidjson::Value* list = base::member(answer, "members"); list && list->IsArray()) {
    for (const rapidjson::Value& each : list->GetArray()) {
      std::optional<Member> member = takeMember(each);
      if (member) members.push_back(std::move(*member));
    }
  }
  removed_.clear();
  for (const std::string& each : base::texts(answer, "removed")) {
    if (std::optional<NodeId> gone = NodeId::parse(each)) removed_.insert(*gone);
  }
  record_.availability = availability;
  here.since = rfc3339Now();
  error_.clear();
  Store::Change change;
  change.node = self;
  change.removed.emplace(removed_.begin(), removed_.end());
  store_.save(change);
  try {
    std::string certificate(base::text(answer, "certificate"));
    enter(std::move(*config), certificate, std::move(key), members, here, false);
  } catch (const std::exception&) {
    store_.forget();
    throw;
  }
  co_return true;
}

base::Task<> Agent::leave() {
  Running& run = running();
  if (busy_) throw AgentError(503, "This node is leaving the swarm already.");
  busy_ = true;
  run.membership.leave(run.now());
  run.settle();
  co_await base::sleepFor(loop_, farewell);
  busy_ = false;
  log_.info("left the cluster", {{"cluster", run.config.id}});
  stop();
  store_.forget();
  removed_.clear();
  record_ = NodeRecord();
  record_.labels = options_.labels;
  error_.clear();
}

// ---- the cluster

std::vector<Node> Agent::nodes() const {
  std::vector<Node> found;
  if (!running_) {
    Node alone;
    alone.name = options_.name;
    alone.self = true;
    return {alone};
  }
  for (const Member* each : running_->membership.members()) {
    bool isSelf = each->id == running_->self;
    if (each->status == Status::left && !isSelf) continue;
    Node node;
    node.id = each->id;
    node.name = each->name;
    node.address = each->gossip.host();
    node.self = isSelf;
    node.up = each->status != Status::failed;
    if (!node.self) node.http = running_->wayTo(each->id);
    found.push_back(std::move(node));
  }
  return found;
}

bool Agent::wasRemoved(const NodeId& id) const {
  return removed_.contains(id);
}

const ClusterConfig& Agent::config() const {
  return running().config;
}

NodeId Agent::self() const {
  return running().self;
}

const State& Agent::state() const {
  return running().state;
}

const base::TlsContext& Agent::tlsForPeers() const {
  return running().trust->server();
}

const base::TlsContext& Agent::tlsForDockerClients() const {
  return running().trust->forDockerClients();
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
  fresh.updatedAt = rfc3339Now();
  std::string bundle = encode(fresh);
  if (!decodeConfig(bundle)) throw AgentError(400, "the swarm's specification is too large");
  run.put(std::string(configKey), std::move(bundle), true);
  adopt(fresh);
  run.settle();
}

void Agent::adopt(const ClusterConfig& config) {
  Running& run = *running_;
  if (config.id != run.config.id || !run.config.olderThan(config)) return;
  try {
    run.trust->update(config, run.trust->certificate(), run.trust->key().copy(),
                      run.place.advertise, options_.name, wallNow());
    run.seal.setKeys(secrets(config.gossipKeys));
  } catch (const std::exception& wrong) {
    error_ = std::string("the cluster's new configuration cannot be used: ") + wrong.what();
    log_.error("configuration of the cluster refused", {{"reason", wrong.what()}});
    return;
  }
  run.config = config;
  Store::Change change;
  change.spec = encode(config);
  change.certificate = run.trust->certificate();
  store_.save(change);
  record_.configSerial = config.serial;
  record_.issuer = run.trust->issuer();
  publishNode();
  log_.info("configuration of the cluster taken over", {{"serial", config.serial}});
}

void Agent::rotateAuthority() {
  WallTime now = wallNow();
  Running& run = running();
  if (run.config.authorities.size() > 1)
    throw AgentError(503, "a rotation of the CA is under way already");
  Credentials old{run.config.authorities.front(), Secret(run.config.authorityKey)};
  Credentials fresh = makeAuthority(now);
  std::string crossed = crossSign(fresh.certificate, old, now);
  changeConfig([&](ClusterConfig& config) {
    config.authorities = {fresh.certificate, old.certificate};
    config.authorityKey = fresh.key.reveal();
    config.crossSigned = crossed;
    if (config.gossipStep != 0) return;
    config.gossipKeys.push_back(std::string(Secret::random(PacketSeal::keySize).reveal()));
    config.gossipStep = 1;
  });
}

// What the first living node does for all: takes a rotation one step further when everyone is ready
// for it, and publishes the configuration if nobody does.
void Agent::rotateStep() {
  Running& run = *running_;
  bool published = false;
  bool allRenewed = true;
  bool livingAdopted = true;
  NodeId first = run.self;
  for (const Member* member : run.membership.members()) {
    if (member->status == Status::left) continue;
    const Record* record = run.state.find(member->id, std::string(nodeKey));
    std::optional<NodeRecord> node = record ? decodeNode(record->value) : std::nullopt;
    if (!node || node->issuer != run.trust->issuer()) allRenewed = false;
    const Record* config = run.state.find(member->id, std::string(configKey));
    std::optional<ClusterConfig> told = config ? decodeConfig(config->value) : std::nullopt;
    if (told && told->serial >= run.config.serial) published = true;
    if (member->status == Status::failed) continue;
    first = std::min(first, member->id);
    if (!node || node->configSerial < run.config.serial) livingAdopted = false;
  }
  if (first != run.self) return;
  if (!published) {
    run.put(std::string(configKey), encode(run.config), true);
    run.settle();
    return;
  }
  if (run.config.gossipStep != 0 && livingAdopted) {
    changeConfig([](ClusterConfig& config) {
      if (config.gossipStep == 1) {
        std::swap(config.gossipKeys.front(), config.gossipKeys.back());
        config.gossipStep = 2;
      } else {
        config.gossipKeys.resize(1);
        config.gossipStep = 0;
      }
    });
  } else if (run.config.authorities.size() > 1 && allRenewed) {
    changeConfig([](ClusterConfig& config) {
      config.authorities.resize(1);
      config.crossSigned.clear();
    });
    log_.info("rotation of the CA finished");
  }
}

// Steps of rotations, and the renewal of our certificate.
void Agent::keepFresh() {
  Running& run = *running_;
  run.rotationTimer.start(rotationEvery, [this] {
    try {
      rotateStep();
      Running& now = *running_;
      if (now.trust->due(wallNow())) {
        now.trust->update(now.config, now.trust->certificate(), now.trust->key().copy(),
                          now.place.advertise, options_.name, wallNow());
        Store::Change change;
        change.certificate = now.trust->certificate();
        store_.save(change);
        log_.info("certificate renewed");
      }
    } catch (const std::exception& wrong) {
      log_.error("certificate or keys not renewed", {{"reason", wrong.what()}});
    }
    keepFresh();
  });
}

void Agent::saveMembers() {
  Store::Change change;
  change.members.emplace();
  for (const Member* each : running_->membership.members()) {
    if (each->id == running_->self || each->status == Status::left) continue;
    change.members->push_back({each->id, each->name, each->gossip, each->apiPort});
  }
  try {
    store_.save(change);
  } catch (const std::exception& wrong) {
    log_.error("members not saved", {{"reason", wrong.what()}});
  }
}

// ---- nodes

void Agent::publishNode() {
  record_.lastError = error_.empty() ? engineError_ : error_;
  running_->put(std::string(nodeKey), encode(record_));
}

void Agent::setFacts(NodeRecord facts) {
  facts.availability = record_.availability;
  facts.labels = record_.labels;
  facts.joinedAt = record_.joinedAt;
  facts.configSerial = record_.configSerial;
  facts.issuer = record_.issuer;
  facts.droverVersion = record_.droverVersion;
  record_ = std::move(facts);
  if (!running_) return;
  publishNode();
  running_->settle();
}

void Agent::setEngineError(const std::string& why) {
  if (engineError_ == why) return;
  engineError_ = why;
  if (!running_) return;
  publishNode();
  running_->settle();
}

std::vector<NodeView> Agent::nodeViews() const {
  Running& run = running();
  std::vector<NodeView> views;
  for (const Member* each : run.membership.members()) {
    NodeView view;
    view.id = each->id;
    view.name = each->name;
    view.api = {each->gossip.ip, each->apiPort};
    view.self = each->id == run.self;
    view.status = each->status;
    view.roundTrip = run.membership.roundTrip(each->id);
    if (const Record* record = run.state.find(each->id, std::string(nodeKey))) {
      view.version = record->version;
      view.record = decodeNode(record->value).value_or(NodeRecord());
    }
    views.push_back(std::move(view));
  }
  return views;
}

base::Task<> Agent::updateNode(NodeId id, std::string availability,
                               std::map<std::string, std::string> labels) {
  Running& run = running();
  base::JsonWriter json;
  json.object().member("availability", availability).object("labels");
  for (const auto& [key, value] : labels) json.member(key, value);
  json.endObject().endObject();
  if (id == run.self) {
    takeNodeUpdate(json.text());
    co_return;
  }
  std::shared_ptr<base::HttpClient> peer = run.wayTo(id);
  const Member* member = run.membership.find(id);
  if (!peer) throw AgentError(404, "node " + std::string(id.text()) + " not found");
  if (member->status == Status::failed || member->status == Status::left)
    throw AgentError(503, "node " + member->name + " is down; it cannot be updated now");
  base::HttpCall call;
  call.method = "POST";
  call.target = "/drover/v1/node";
  call.body = json.text();
  std::string why;
  int status = 503;
  try {
    base::HttpReply reply = co_await peer->call(std::move(call));
    if (reply.status == 200) co_return;
    why = messageOf(reply);
    status = reply.status;
  } catch (const std::exception& failed) {
    why = failed.what();
  }
  throw AgentError(status, why);
}

void Agent::takeNodeUpdate(const std::string& request) {
  Running& run = running();
  rapidjson::Document json = base::parseJson(request);
  if (!json.IsObject()) throw AgentError(400, "a node's update must be a JSON object");
  std::optional<NodeRecord> asked = decodeNode(request);
  record_.availability = asked->availability;
  record_.labels = asked->labels;
  Store::Change change;
  change.availability = record_.availability;
  change.labels = record_.labels;
  store_.save(change);
  publishNode();
  run.settle();
}

void Agent::removeNode(const NodeId& id, bool force) {
  Running& run = running();
  const Member* member = run.membership.find(id);
  std::string text(id.text());
  if (!member) throw AgentError(404, "node " + text + " not found");
  if (id == run.self)
    throw AgentError(400, "node " + text +
                              " is this one; use \"docker swarm leave\" on it, or remove it by way "
                              "of another node");
  bool down = member->status == Status::failed || member->status == Status::left;
  if (!down && !force)
    throw AgentError(400, "rpc error: code = FailedPrecondition desc = node " + text +
                              " is not down and can't be removed");
  run.put(std::string(removedPrefix) + text, rfc3339Now());
  run.takeRemoval(id);
  run.settle();
}

// ---- state and claims

void Agent::put(const std::string& key, std::string value, bool confidential) {
  if (!running_) return;
  running_->put(key, std::move(value), confidential);
  running_->settle();
}

void Agent::erase(const std::string& key) {
  if (!running_) return;
  running_->state.erase(running_->now(), key);
  running_->settle();
}

void Agent::finishReload() {
  if (!running_) return;
  running_->state.finishReload(running_->now());
  running_->settle();
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
  run.settle();
  while (!pending->result) co_await pending->decided.wait();
  co_await loop_.nextTurn();  // out of the automaton, which tells us from within
  if (running_) std::erase(running_->pending, pending);
  co_return *pending->result;
}

void Agent::release(const std::string& key, const std::string& holder) {
  if (!running_) return;
  running_->claims.release(running_->now(), key, holder);
  running_->settle();
}

// ---- what peers ask of us

void Agent::receiveBatch(const NodeId& sender, std::string_view body) {
  Running& run = running();
  std::optional<wire::Batch> batch = PeerNetwork::decodeBatch(body);
  if (!batch) throw AgentError(400, "a batch of messages is not understood");
  for (const wire::Message& message : batch->messages()) {
    if (message.sender() != sender.text())
      throw AgentError(
          403, "node " + std::string(sender.text()) + " speaks in the name of another node");
    run.receive(sender, std::nullopt, message);
  }
  run.settle();
}

std::string Agent::describe() const {
  base::JsonWriter json;
  json.object().member("id", running().config.id).member("wire", wireVersion);
  return json.endObject().text();
}

std::string Agent::admit(const std::string& request) {
  Running& run = running();
  rapidjson::Document json = base::parseJson(request);
  Secret presented(base::text(json, "secret"));
  bool invited = !presented.empty() && (presented.equals(run.config.workerSecret) ||
                                        presented.equals(run.config.managerSecret));
  if (!invited)
    throw AgentError(403,
                     "this join token is not valid here, or no longer; get the present one "
                     "with \"docker swarm join-token worker\" on a node of the cluster");
  std::optional<Member> joiner = takeMember(json);
  if (!joiner) throw AgentError(400, "the request to join is not understood");
  if (base::number(json, "wire") < wireOldestReader)
    throw AgentError(400,
                     "this cluster's droverd is too new for the one that wants to join; "
                     "install the same version there");
  if (removed_.contains(joiner->id))
    throw AgentError(403, "node " + std::string(joiner->id.text()) + " was removed");
  Credentials authority{run.config.authorities.front(), Secret(run.config.authorityKey)};
  Terms terms{.node = joiner->id,
              .cluster = run.config.id,
              .addresses = {joiner->gossip},
              .hostnames = {joiner->name},
              .now = wallNow()};
  std::string certificate;
  try {
    certificate = signRequest(std::string(base::text(json, "request")), authority, terms);
  } catch (const CertificateError& wrong) {
    throw AgentError(400, wrong.what());
  }
  log_.info(
      "node admitted",
      {{"node", joiner->id.text()}, {"name", joiner->name}, {"address", joiner->gossip.text()}});
  base::JsonWriter answer;
  answer.object().member("certificate", certificate).member("config", encode(run.config));
  answer.list("members");
  for (const Member* each : run.membership.members()) {
    if (each->status == Status::alive || each->status == Status::suspect) putMember(answer, *each);
  }
  answer.endList().list("removed");
  for (const NodeId& each : removed_) answer.value(each.text());
  return answer.endList().endObject().text();
}

}  // namespace cluster
