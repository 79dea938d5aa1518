#include "proxy/container_create.h"

#include <algorithm>
#include <set>

#include "base/json.h"
#include "cluster/join_token.h"
#include "proxy/answer.h"
#include "proxy/container_record.h"
#include "proxy/heads.h"
#include "proxy/list_query.h"
#include "proxy/merge_errors.h"
#include "proxy/merge_plan.h"
#include "proxy/relay.h"

namespace proxy {
namespace {

constexpr base::milliseconds createTimeout(120'000);
constexpr size_t answerMost = 4 * 1024 * 1024;
// For how long a name may be held by a create that is under way elsewhere, or by a container that
// is being removed, before we say that it is taken.
constexpr uint64_t nameWait = 2'000;
// For how long nodes that just started may abstain from granting names (ClaimOptions::keepFor).
constexpr uint64_t abstainWait = 12'000;
constexpr base::milliseconds nameRetry(30);
// By then everyone knows the record that stands for a name, if all goes well; so often it is looked
// for before the claim is left to run out.
constexpr base::milliseconds recordKnown(500);
constexpr int recordLooks = 20;
constexpr uint64_t wantedFor = 10 * 60 * 1000;
constexpr size_t wantedMost = 1000;

std::string keyOf(const std::string& name) {
  return "name/" + name;
}

// As dockerd names images: with the tag latest if there is none.
std::string withTag(const std::string& image) {
  size_t slash = image.rfind('/');
  size_t colon = image.find(':', slash == std::string::npos ? 0 : slash);
  bool tagged = colon != std::string::npos || image.find('@') != std::string::npos;
  return tagged ? image : image + ":latest";
}

std::string parameter(std::string_view query, std::string_view name) {
  std::optional<FilteredQuery> parsed = parseFilteredQuery(query);
  if (!parsed) return {};
  for (const auto& [key, value] : parsed->parameters) {
    if (key == name) return value;
  }
  return {};
}

std::string_view withoutSlash(std::string_view name) {
  return name.starts_with('/') ? name.substr(1) : name;
}

// As an object's name is written in a path. The text comes from a client, who may write anything.
std::string inPath(const std::string& object) {
  return encodeQueryValue(withoutSlash(object));
}

std::string taken(const std::string& name, const std::string& holder) {
  return "Conflict. The container name \"/" + name + "\" is already in use by container \"" +
         holder +
         "\". You have to remove (or rename) that container to be able to reuse that name.";
}

// Headers of the request that the engine's answer depends on.
std::string passedHeaders(const base::Head& request) {
  std::string headers = "Content-Type: application/json\r\n";
  for (std::string_view name : {"X-Registry-Auth", "X-Registry-Config", "User-Agent"}) {
    if (std::optional<std::string_view> value = request.find(name))
      headers.append(name).append(": ").append(*value).append("\r\n");
  }
  return headers;
}

}  // namespace

class ContainerCreate::Name {
 public:
  Name(ContainerCreate& owner, std::string name, std::string holder)
      : owner_(owner), name_(std::move(name)), holder_(std::move(holder)) {}
  Name(const Name&) = delete;
  Name& operator=(const Name&) = delete;
  ~Name() {
    if (!name_.empty() && !stands_) owner_.agent_.release(keyOf(name_), holder_);
  }
  // `object`, a container of that node, has the name.
  void stands(const cluster::NodeId& node, std::string object) {
    stands_ = true;
    if (!name_.empty()) owner_.claimed_[name_] = holder_;
    owner_.tasks_.spawn(owner_.awaitRecord(node, std::move(object), name_, holder_));
  }

 private:
  ContainerCreate& owner_;
  std::string name_;  // empty: none was claimed
  std::string holder_;
  bool stands_ = false;
};

ContainerCreate::ContainerCreate(base::Loop& loop, Engine& engine, LocalApi& local,
                                 cluster::Agent& agent, Locator& locator, ContainerIndex& index,
                                 ImageTransfer& images, base::Log& log, size_t bodyMost)
    : loop_(loop),
      engine_(engine),
      local_(local),
      agent_(agent),
      locator_(locator),
      index_(index),
      images_(images),
      log_(log),
      bodyMost_(bodyMost),
      tasks_([](std::exception_ptr) {}) {}

// Until the container's record is there, or the container is gone, which may have been so soon that
// it never had a record: then only this ends that we expect it, and our claim of its name.
base::Task<> ContainerCreate::awaitRecord(cluster::NodeId node, std::string object,
                                          std::string name, std::string holder) {
  for (int look = 0; look < recordLooks; look++) {
    co_await base::sleepFor(loop_, recordKnown);
    if (isRecorded(object, name)) break;
    bool gone = co_await isGone(node, object, name);
    if (gone) break;
  }
  index_.unexpect(node, object);
  if (isClaimed(name, holder)) freed({name});
}

bool ContainerCreate::isClaimed(const std::string& name, const std::string& holder) const {
  auto claimed = claimed_.find(name);
  return claimed != claimed_.end() && claimed->second == holder;
}

bool ContainerCreate::isRecorded(const std::string& object, const std::string& name) const {
  const ContainerIndex::Place* place = index_.find(object).place;
  if (!place || place->second.version == 0) return false;
  const std::vector<std::string>& names = place->second.names;
  return name.empty() || std::find(names.begin(), names.end(), name) != names.end();
}

// Whether the container, or its name, is no more by the word of its engine.
base::Task<bool> ContainerCreate::isGone(cluster::NodeId id, std::string object, std::string name) {
  std::optional<cluster::Node> node = locator_.node(id);
  if (!node || !node->up) co_return false;
  std::vector<cluster::Node> nodes = {std::move(*node)};
  base::HttpCall call = base::httpGet("/containers/" + encodeQueryValue(object) + "/json",
                                      base::milliseconds(nameWait), answerMost);
  std::vector<NodeReply> replies = co_await askAll(engine_, std::move(nodes), std::move(call));
  if (replies[0].status != 200) co_return replies[0].status == 404;
  rapidjson::Document json = base::parseJson(replies[0].body);
  co_return !name.empty() && withoutSlash(base::text(json, "Name")) != name;
}

void ContainerCreate::freed(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    auto claimed = claimed_.find(name);
    if (claimed == claimed_.end()) continue;
    agent_.release(keyOf(name), claimed->second);
    claimed_.erase(claimed);
  }
}

base::Task<> ContainerCreate::create(Client& client, RouteMatch match) {
  std::string body = co_await readBody(client, bodyMost_);
  std::string target(client.request().target());
  std::string name(withoutSlash(parameter(match.query, "name")));
  std::optional<CreateRequest> request = parseCreate(body);
  if (!request) {
    request.emplace();
    request->body = body;
  }
  Refusal refusal;
  std::optional<cluster::Node> node = co_await choose(*request, refusal);
  if (!node) {
    co_await sendError(client, refusal.status, local_.commonHeaders(), refusal.message, false);
    co_return;
  }
  std::string holder(cluster::makeTokenSecret().reveal());
  if (!name.empty()) {
    refusal = co_await claim(name, holder);
    if (refusal.status) {
      co_await sendError(client, refusal.status, local_.commonHeaders(), refusal.message, false);
      co_return;
    }
  }
  Name claimed(*this, name, holder);

  struct Pending {
    explicit Pending(size_t& count) : count(count) { count++; }
    ~Pending() { count--; }
    size_t& count;
  } pending(pending_[node->id]);
  base::HttpReply reply = co_await createOn(*node, client, target, *request);
  if (reply.status == 404 && !request->image.empty()) {
    bool brought = co_await bringImage(request->image, *node);
    if (brought) {
      reply = co_await createOn(*node, client, target, *request);
    } else {
      if (wanted_.size() >= wantedMost) wanted_.clear();
      wanted_[withTag(request->image)] = {node->id, loop_.now() + wantedFor};
    }
  }
  if (reply.status == 201) {
    std::string id(base::text(base::parseJson(reply.body), "Id"));
    index_.expect(node->id, id, name, requestedFacts(request->body));
    claimed.stands(node->id, id);
    log_.info("container placed", {{"container", id}, {"name", name}, {"node", node->name}});
  }
  co_await sendAnswer(client, reply.status, reply.head, reply.body);
}

// On our own engine, or by the droverd of that node.
base::Task<base::HttpReply> ContainerCreate::createOn(const cluster::Node& node, Client& client,
                                                      std::string target,
                                                      const CreateRequest& request) {
  base::HttpCall call;
  call.method = "POST";
  call.target = std::move(target);
  call.headers = passedHeaders(client.request());
  call.body = request.body;
  call.timeout = createTimeout;
  call.most = answerMost;
  call.mayRepeat = false;
  client.upstream = wayTo(engine_, node).name();
  base::HttpReply reply;
  if (node.self) {
    reply = co_await local_.change(std::move(call), Effect::create, "");
  } else {
    reply = co_await node.http->call(std::move(call));
  }
  co_return reply;
}

// Nothing, and why, if there is none.
base::Task<std::optional<cluster::Node>> ContainerCreate::choose(const CreateRequest& request,
                                                                 Refusal& refusal) {
  std::vector<cluster::Node> candidates;
  std::set<cluster::NodeId> able;
  for (const cluster::NodeView& view : agent_.nodeViews()) {
    const cluster::NodeRecord& record = view.record;
    if (record.availability == "active" && record.lastError.empty()) able.insert(view.id);
  }
  bool asked = false;
  for (cluster::Node& each : agent_.nodes()) {
    if (!each.up) continue;
    if (!request.node.empty()) {
      if (each.name == request.node || each.id.text() == request.node) {
        candidates.push_back(std::move(each));
        asked = true;
      }
      continue;
    }
    if (able.contains(each.id)) candidates.push_back(std::move(each));
  }
  if (!request.node.empty() && !asked) {
    refusal = {409, "no node named " + request.node + " is up"};
    co_return std::nullopt;
  }
  if (candidates.empty()) {
    refusal = {409, "no node is available for new containers; see \"docker node ls\""};
    co_return std::nullopt;
  }

  // Each dependency leaves those nodes that have it.
  std::string pinnedBy;
  auto keep = [&](const std::set<cluster::NodeId>& having, const std::string& what) {
    std::erase_if(candidates, [&](const cluster::Node& node) { return !having.contains(node.id); });
    if (candidates.empty())
      refusal = {409, what + " is not on " + (pinnedBy.empty() ? "an available node" : pinnedBy)};
    pinnedBy = "the node of " + what;
    return !candidates.empty();
  };
  if (request.bindsHost && request.node.empty()) {
    std::set<cluster::NodeId> here;
    for (const cluster::Node& each : candidates) {
      if (each.self) here.insert(each.id);
    }
    if (!keep(here, "the host directory of a bind mount")) co_return std::nullopt;
  }
  for (const std::string& container : request.containers) {
    Located found = co_await locator_.find(Kind::container, inPath(container));
    if (!found.node) {
      refusal = {found.status, errorMessage(found.body)};
      co_return std::nullopt;
    }
    if (!keep({found.node->id}, "container " + container)) co_return std::nullopt;
  }
  for (const std::string& network : request.networks) {
    std::set<cluster::NodeId> having = co_await holdersOf(Kind::network, network, refusal);
    if (refusal.status) co_return std::nullopt;
    if (having.empty()) continue;  // the engine says so in its own words
    if (!keep(having, "network " + network)) co_return std::nullopt;
  }
  for (const std::string& volume : request.volumes) {
    std::set<cluster::NodeId> having = co_await holdersOf(Kind::volume, volume, refusal);
    if (refusal.status) co_return std::nullopt;
    if (having.empty()) continue;  // it will be made where the container goes
    if (!keep(having, "volume " + volume)) co_return std::nullopt;
  }

  auto wanted = wanted_.find(withTag(request.image));
  if (wanted != wanted_.end() && loop_.now() < wanted->second.until) {
    for (cluster::Node& each : candidates) {
      if (each.id != wanted->second.node) continue;
      wanted_.erase(wanted);
      co_return std::move(each);
    }
  }
  // The least loaded; of equal ones this one, then the first by id.
  auto load = [this](const cluster::Node& node) {
    return std::pair(index_.countOf(node.id) + pending_[node.id], !node.self);
  };
  auto best = std::min_element(
      candidates.begin(), candidates.end(),
      [&](const cluster::Node& a, const cluster::Node& b) { return load(a) < load(b); });
  co_return std::move(*best);
}

// None if nobody has it; refused if only a node has it that is down: another network or volume of
// that name, made in its place, would not be the same.
base::Task<std::set<cluster::NodeId>> ContainerCreate::holdersOf(Kind kind, std::string object,
                                                                 Refusal& refusal) {
  Locator::Holders holders = co_await locator_.holders(kind, inPath(object));
  std::set<cluster::NodeId> having;
  for (const cluster::Node& each : holders.up) having.insert(each.id);
  std::string what = kind == Kind::network ? "network " : "volume ";
  if (having.empty() && holders.down)
    refusal = {503, "node " + holders.down->name + " (" + holders.down->address + "), which has " +
                        what + object + ", is down"};
  co_return having;
}

// The id of the container that has this name by the word of its engine.
base::Task<std::optional<std::string>> ContainerCreate::holderOf(std::string name) {
  std::vector<cluster::Node> nodes;
  for (const ContainerIndex::Place* place : index_.named(name)) {
    std::optional<cluster::Node> node = locator_.node(place->second.owner);
    if (!node) continue;
    // One that is down keeps its names.
    if (!node->up) co_return place->first;
    nodes.push_back(std::move(*node));
  }
  if (nodes.empty()) nodes = agent_.nodes();
  base::HttpCall call = base::httpGet("/containers/" + encodeQueryValue(name) + "/json",
                                      base::milliseconds(nameWait), answerMost);
  std::vector<NodeReply> replies = co_await askAll(engine_, std::move(nodes), std::move(call));
  for (const NodeReply& each : replies) {
    rapidjson::Document json = base::parseJson(each.body);
    if (each.status == 200 && withoutSlash(base::text(json, "Name")) == name)
      co_return std::string(base::text(json, "Id"));
  }
  co_return std::nullopt;
}

// Without a status: it is ours.
base::Task<ContainerCreate::Refusal> ContainerCreate::claim(std::string name, std::string holder) {
  uint64_t began = loop_.now();
  for (;;) {
    cluster::ClaimResult result = co_await agent_.claim(keyOf(name), holder);
    if (result.verdict == cluster::ClaimResult::Verdict::granted) co_return Refusal{};
    if (result.verdict == cluster::ClaimResult::Verdict::unreachable) {
      // Of a majority that is known to be dead nobody can ask. A name given out twice is settled
      // when they come back.
      size_t up = 0, all = 0;
      for (const cluster::Node& each : agent_.nodes()) {
        all++;
        if (each.up) up++;
      }
      if (up < all && up * 2 <= all) {
        log_.warn("name given without a majority", {{"name", name}, {"up", up}, {"nodes", all}});
        co_return Refusal{};
      }
    } else {
      std::optional<std::string> id = co_await holderOf(name);
      if (id) {
        Refusal refusal{409, taken(name, *id)};
        co_return refusal;
      }
      // A container that we made and that went by itself, as those of docker run --rm do.
      if (isClaimed(name, result.holder)) freed({name});
    }
    bool asked = result.verdict != cluster::ClaimResult::Verdict::unreachable;
    if (loop_.now() >= began + (asked ? nameWait : abstainWait)) {
      Refusal refusal{409, taken(name, result.holder)};
      if (result.verdict == cluster::ClaimResult::Verdict::unreachable)
        refusal = {503, "too few nodes answer to make sure that the name \"/" + name +
                            "\" is not in use; see \"docker node ls\" and try again"};
      co_return refusal;
    }
    co_await base::sleepFor(loop_, nameRetry);
  }
}

// Has the image sent from a node that has it. False if there is none.
base::Task<bool> ContainerCreate::bringImage(std::string image, cluster::Node to) {
  Locator::Holders holders = co_await locator_.holders(Kind::image, inPath(image));
  std::erase_if(holders.up, [&](const cluster::Node& node) { return node.id == to.id; });
  if (holders.up.empty()) co_return false;
  co_await images_.send(image, holders.up.front(), to);
  co_return true;
}

base::Task<> ContainerCreate::rename(Client& client, RouteMatch match, cluster::Node node) {
  std::string name(withoutSlash(parameter(match.query, "name")));
  std::string holder(cluster::makeTokenSecret().reveal());
  Refusal refusal;
  if (!name.empty()) refusal = co_await claim(name, holder);
  if (refusal.status) {
    co_await sendError(client, refusal.status, local_.commonHeaders(), refusal.message, false);
    co_return;
  }
  Name claimed(*this, name, holder);
  std::string object = name;
  std::vector<std::string> before;
  if (const ContainerIndex::Place* place = index_.find(match.object).place) {
    object = place->first;
    before = place->second.names;
  }
  if (node.self) {
    co_await local_.passThrough(client, match);
  } else {
    co_await relay(client, *node.http, RelayOptions());
  }
  if (client.status != 204) co_return;
  claimed.stands(node.id, object);
  freed(before);
}

std::optional<cluster::Node> ContainerCreate::nodeForPull(std::string_view query) {
  std::string image = parameter(query, "fromImage");
  std::string tag = parameter(query, "tag");
  if (image.empty()) return std::nullopt;
  if (!tag.empty()) image += (tag.starts_with("sha256:") ? "@" : ":") + tag;
  auto wanted = wanted_.find(withTag(image));
  if (wanted == wanted_.end() || loop_.now() >= wanted->second.until) return std::nullopt;
  std::optional<cluster::Node> node = locator_.node(wanted->second.node);
  return node && node->up ? node : std::nullopt;
}

}  // namespace proxy
