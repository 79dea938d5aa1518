#include "proxy/container_create.h"

#include <algorithm>

#include "base/json.h"
#include "cluster/join_token.h"
#include "labels/decode.h"
#include "proxy/answer.h"
#include "proxy/container_record.h"
#include "proxy/create_body.h"
#include "proxy/heads.h"
#include "proxy/list_query.h"
#include "proxy/merge_errors.h"
#include "proxy/merge_plan.h"
#include "proxy/moving_name.h"
#include "proxy/placement_answers.h"
#include "proxy/relay.h"

namespace proxy {
namespace {

constexpr base::milliseconds createTimeout(120'000);
constexpr size_t answerMost = 4 * 1024 * 1024;
// A pull of our own; its answer is progress, line by line.
constexpr base::milliseconds pullTimeout(3600 * 1000);
constexpr size_t pullAnswerMost = 16 * 1024 * 1024;
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
// A dependency that its engine has, and whose record has not come yet, is waited for.
constexpr base::milliseconds recordPoll(20);
constexpr uint64_t recordWait = 1'000;
// By then a change that one node's client was told of is known to all.
constexpr uint64_t seenEverywhere = 250;
// The header by which the chosen node says that the container cannot be there; it names the filter.
constexpr std::string_view refusedHeader = "Drover-Refused";
// The header by which who moves a container says which one the new one takes the place of.
constexpr std::string_view replacesHeader = "Drover-Replaces";
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

base::HttpCall createCall(std::string target, std::string headers, std::string body) {
  base::HttpCall call;
  call.method = "POST";
  call.target = std::move(target);
  call.headers = std::move(headers);
  call.body = std::move(body);
  call.timeout = createTimeout;
  call.most = answerMost;
  call.mayRepeat = false;
  return call;
}

// The value of a header in a stored head; empty if there is none.
std::string headerIn(std::string_view head, std::string_view name) {
  size_t at = head.find("\r\n" + std::string(name) + ": ");
  if (at == std::string_view::npos) return {};
  std::string_view value = head.substr(at + name.size() + 4);
  return std::string(value.substr(0, value.find("\r\n")));
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
  const std::string& text() const { return name_; }

 private:
  ContainerCreate& owner_;
  std::string name_;  // empty: none was claimed
  std::string holder_;
  bool stands_ = false;
};

ContainerCreate::ContainerCreate(base::Loop& loop, Engine& engine, LocalApi& local,
                                 cluster::Agent& agent, Locator& locator, ContainerIndex& index,
                                 Placements& placements, ImageTransfer& images, base::Log& log,
                                 size_t bodyMost)
    : loop_(loop),
      engine_(engine),
      local_(local),
      agent_(agent),
      locator_(locator),
      index_(index),
      placements_(placements),
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
  placements_.forget(object);
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
  std::string name(withoutSlash(parameter(match.query, "name")));
  labels::Decoded asked = labels::decode(body, {parameter(match.query, "platform")});
  if (asked.problem) {
    co_await sendError(client, 400, local_.commonHeaders(), asked.problem->message(), false);
    co_return;
  }
  std::string holder(cluster::makeTokenSecret().reveal());
  if (!name.empty()) {
    Refusal refusal = co_await claim(name, holder);
    if (refusal.status) {
      co_await sendError(client, refusal.status, local_.commonHeaders(), refusal.message, false);
      co_return;
    }
  }
  Name claimed(*this, name, holder);
  Refusal refusal = co_await learn(asked.policy);
  if (refusal.status) {
    co_await sendError(client, refusal.status, local_.commonHeaders(), refusal.message, false);
    co_return;
  }

  // What was freed, or taken, a moment ago by way of another node may not be known here yet.
  uint64_t until = loop_.now() + seenEverywhere;
  for (;;) {
    labels::Placement placement = placements_.place(asked.policy, name);
    preferWanted(asked.policy.image, placement.candidates);
    std::string refusals;
    bool done = co_await createOnOne(client, placement.candidates, body, asked, claimed, refusals);
    if (done) co_return;
    if (loop_.now() < until) {
      co_await base::sleepFor(loop_, recordPoll);
      continue;
    }
    refusal = {409, placement.why};
    if (!refusals.empty()) refusal.message = "no node can run this container" + refusals;
    if (!placement.missing.empty()) refusal = {404, "No such container: " + placement.missing};
    co_await sendError(client, refusal.status, local_.commonHeaders(), refusal.message, false);
    co_return;
  }
}

// On the first candidate that does not refuse, and answers the client as its engine does. False,
// and why, if all refuse.
base::Task<bool> ContainerCreate::createOnOne(Client& client,
                                              const std::vector<labels::Candidate>& candidates,
                                              const std::string& body, const labels::Decoded& asked,
                                              Name& claimed, std::string& refusals) {
  for (const labels::Candidate& candidate : candidates) {
    std::optional<cluster::Node> node = nodeOf(candidate.id);
    if (!node || !node->up) continue;
    Placements::Reservation reservation;
    if (!node->self) reservation = placements_.reserve(candidate.id, asked.policy, claimed.text());
    Made made = co_await makeOn(*node, client, body, asked, claimed.text());
    if (!made.refusedBy.empty()) {
      refusals += "\n" + node->name + ": " + made.refusedBy + ": " + errorMessage(made.reply.body);
      continue;
    }
    if (made.reply.status == 201) {
      std::string id(base::text(base::parseJson(made.reply.body), "Id"));
      index_.expect(node->id, id, claimed.text(), requestedFacts(body));
      reservation.stands(id);
      claimed.stands(node->id, id);
      log_.info("container placed", {{"container", id},
                                     {"name", claimed.text()},
                                     {"node", node->name},
                                     {"why", candidate.reason}});
      std::vector<std::string> warnings = asked.warnings;
      for (std::string& each : unheeded(asked.policy)) warnings.push_back(std::move(each));
      if (asked.policy.explain) warnings.push_back(node->name + ": " + candidate.reason);
      made.reply.body = withWarnings(made.reply.body, warnings);
    }
    co_await sendAnswer(client, made.reply.status, made.reply.head, made.reply.body);
    co_return true;
  }
  co_return false;
}

base::Task<> ContainerCreate::createHere(Client& client, RouteMatch match) {
  std::string body = co_await readBody(client, bodyMost_);
  std::string name(withoutSlash(parameter(match.query, "name")));
  labels::Decoded asked = labels::decode(body, {parameter(match.query, "platform")});
  if (std::optional<std::string_view> replaced = client.request().find(replacesHeader))
    asked.policy.replaces = *replaced;
  std::string headers = passedHeaders(client.request());
  std::string target(client.request().target());
  Made made =
      co_await makeHere(std::move(target), std::move(headers), std::move(body), asked, name);
  if (made.refusedBy.empty()) {
    co_await sendAnswer(client, made.reply.status, made.reply.head, made.reply.body);
    co_return;
  }
  std::string common = local_.commonHeaders();
  common.append(refusedHeader).append(": ").append(made.refusedBy).append("\r\n");
  co_await sendJson(client, 409, common, made.reply.body);
}

base::Task<> ContainerCreate::explain(Client& client, RouteMatch match) {
  std::string body = co_await readBody(client, bodyMost_);
  std::string name(withoutSlash(parameter(match.query, "name")));
  labels::Decoded asked = labels::decode(body, {parameter(match.query, "platform")});
  if (asked.problem) {
    co_await sendError(client, 400, local_.commonHeaders(), asked.problem->message(), false);
    co_return;
  }
  co_await learn(asked.policy);
  labels::Placement placement = placements_.place(asked.policy, name, true);
  std::string answer = explanation(placement, asked.warnings);
  co_await sendJson(client, 200, local_.commonHeaders(), answer);
}

// On that node, with its image brought there if it has none.
base::Task<ContainerCreate::Made> ContainerCreate::makeOn(const cluster::Node& node, Client& client,
                                                          std::string body,
                                                          const labels::Decoded& asked,
                                                          std::string name) {
  Made made = co_await tryOn(node, client, body, asked, name);
  const std::string& image = asked.policy.image;
  if (made.reply.status != 404 || image.empty()) co_return made;
  bool brought = co_await bringImage(image, node);
  if (brought) {
    made = co_await tryOn(node, client, body, asked, name);
  } else {
    if (wanted_.size() >= wantedMost) wanted_.clear();
    wanted_[withTag(image)] = {node.id, loop_.now() + wantedFor};
  }
  co_return made;
}

// On our own engine, or by the droverd of that node.
base::Task<ContainerCreate::Made> ContainerCreate::tryOn(const cluster::Node& node, Client& client,
                                                         std::string body,
                                                         const labels::Decoded& asked,
                                                         std::string name) {
  client.upstream = wayTo(engine_, node).name();
  std::string headers = passedHeaders(client.request());
  std::string target(client.request().target());
  Made made;
  if (node.self) {
    made = co_await makeHere(std::move(target), std::move(headers), std::move(body), asked, name);
    co_return made;
  }
  base::HttpCall call = createCall(std::move(target), std::move(headers), std::move(body));
  made.reply = co_await node.http->call(std::move(call));
  made.refusedBy = headerIn(made.reply.head, refusedHeader);
  co_return made;
}

// By our own engine, if the container can be here.
base::Task<ContainerCreate::Made> ContainerCreate::makeHere(std::string target, std::string headers,
                                                            std::string body,
                                                            const labels::Decoded& asked,
                                                            std::string name) {
  Made made;
  Placements::Admission admission = placements_.admit(asked.policy, name);
  if (!admission.refusedBy.empty()) {
    made.refusedBy = std::move(admission.refusedBy);
    made.reply.body = errorBody(admission.why);
    co_return made;
  }
  body = withExpressionLabels(body, asked.envTaken);
  body = withoutEnv(body, asked.envTaken);
  body = withPublishAddress(body, admission.publishAddress);
  if (asked.policy.hostnameFromName && !name.empty()) {
    std::optional<MovingName> moving = parseMovingName(name);
    body = withHostname(body, moving ? moving->name : name);
  }
  base::HttpCall call = createCall(std::move(target), std::move(headers), std::move(body));
  made.reply = co_await local_.change(std::move(call), Effect::create, "");
  if (made.reply.status == 201) {
    std::string id(base::text(base::parseJson(made.reply.body), "Id"));
    admission.reservation.stands(id);
    tasks_.spawn(awaitRecord(agent_.self(), id, "", ""));
  }
  co_return made;
}

// Where what the container depends on is by the word of the engines: a client may use what it was
// told of a moment ago, by way of another node, and what was made behind our back. A volume that
// nobody has is made where the container goes; of what else nobody has, the engine tells.
base::Task<ContainerCreate::Refusal> ContainerCreate::learn(const labels::Policy& policy) {
  Refusal refusal;
  for (const std::string& each : policy.containers) {
    if (placements_.knows(each)) continue;
    Located located = co_await locator_.find(Kind::container, inPath(each));
    uint64_t until = loop_.now() + recordWait;
    while (located.node && !placements_.knows(each) && loop_.now() < until)
      co_await base::sleepFor(loop_, recordPoll);
  }
  for (Kind kind : {Kind::volume, Kind::network}) {
    for (const std::string& each : kind == Kind::volume ? policy.volumes : policy.networks) {
      Locator::Holders holders = co_await locator_.holders(kind, inPath(each));
      if (!holders.up.empty()) {
        placements_.found(kind, each, holders.up);
      } else if (!holders.down) {
        placements_.missing(kind, each);
      } else {
        // Another one of that name, made in its place, would not be the same.
        const char* what = kind == Kind::network ? "network " : "volume ";
        refusal = {503, "node " + holders.down->name + " (" + holders.down->address +
                            "), which has " + what + each + ", is down"};
      }
    }
  }
  co_return refusal;
}

// A create of this image that failed for want of it was followed by a pull on its node.
void ContainerCreate::preferWanted(const std::string& image,
                                   std::vector<labels::Candidate>& candidates) {
  auto wanted = wanted_.find(withTag(image));
  if (wanted == wanted_.end() || loop_.now() >= wanted->second.until) return;
  std::string_view id = wanted->second.node.text();
  auto found = std::find_if(candidates.begin(), candidates.end(),
                            [&](const labels::Candidate& each) { return each.id == id; });
  if (found == candidates.end()) return;
  std::rotate(candidates.begin(), found, found + 1);
  wanted_.erase(wanted);
}

std::optional<cluster::Node> ContainerCreate::nodeOf(const std::string& id) const {
  std::optional<cluster::NodeId> node = cluster::NodeId::parse(id);
  return node ? locator_.node(*node) : std::nullopt;
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

// To that node's engine. Why not, or an empty text.
base::Task<std::string> ContainerCreate::fetchOrPull(std::string image, cluster::Node to) {
  std::string why;
  try {
    bool brought = co_await bringImage(image, to);
    if (brought) co_return why;
  } catch (const std::exception& failed) {
    why = failed.what();
  }
  std::string target = "/images/create?fromImage=" + encodeQueryValue(withTag(image));
  base::HttpCall call = createCall(std::move(target), "", "");
  call.timeout = pullTimeout;
  call.most = pullAnswerMost;
  base::HttpClient& way = wayTo(engine_, to);
  base::HttpReply reply = co_await way.call(std::move(call));
  if (reply.status == 200) co_return std::string();
  if (why.empty()) why = errorMessage(reply.body);
  co_return why;
}

base::Task<ContainerCreate::Made> ContainerCreate::tryOurs(const cluster::Node& node,
                                                           const std::string& body,
                                                           const labels::Decoded& asked,
                                                           const std::string& name) {
  std::string target = "/containers/create?name=" + encodeQueryValue(name);
  std::string headers = "Content-Type: application/json\r\n";
  Made made;
  if (node.self) {
    made = co_await makeHere(std::move(target), std::move(headers), body, asked, name);
    co_return made;
  }
  if (!asked.policy.replaces.empty())
    headers.append(replacesHeader).append(": ").append(asked.policy.replaces).append("\r\n");
  base::HttpCall call = createCall(std::move(target), std::move(headers), body);
  made.reply = co_await node.http->call(std::move(call));
  made.refusedBy = headerIn(made.reply.head, refusedHeader);
  co_return made;
}

base::Task<ContainerCreate::Ours> ContainerCreate::makeOurs(labels::Policy policy, std::string body,
                                                            std::string name, cluster::Node node) {
  Ours ours;
  std::string holder(cluster::makeTokenSecret().reveal());
  Refusal refusal = co_await claim(name, holder);
  if (refusal.status) {
    ours.why = std::move(refusal.message);
    co_return ours;
  }
  Name claimed(*this, name, holder);
  labels::Decoded asked;
  asked.policy = std::move(policy);
  Placements::Reservation reservation;
  std::string nodeId(node.id.text());
  if (!node.self) reservation = placements_.reserve(nodeId, asked.policy, name);
  Made made = co_await tryOurs(node, body, asked, name);
  if (made.reply.status == 404 && !asked.policy.image.empty()) {
    ours.why = co_await fetchOrPull(asked.policy.image, node);
    if (!ours.why.empty()) co_return ours;
    made = co_await tryOurs(node, body, asked, name);
  }
  if (!made.refusedBy.empty() || made.reply.status != 201) {
    ours.why = errorMessage(made.reply.body);
    if (!made.refusedBy.empty()) ours.why = made.refusedBy + ": " + ours.why;
    co_return ours;
  }
  ours.id = base::text(base::parseJson(made.reply.body), "Id");
  index_.expect(node.id, ours.id, name, requestedFacts(body));
  reservation.stands(ours.id);
  claimed.stands(node.id, ours.id);
  co_return ours;
}

base::Task<std::string> ContainerCreate::renameOurs(std::string id, std::string name,
                                                    std::string holder) {
  if (holder.empty()) holder = cluster::makeTokenSecret().reveal();
  Refusal refusal = co_await claim(name, holder);
  if (refusal.status) co_return refusal.message;
  Name claimed(*this, name, holder);
  std::vector<std::string> before;
  if (const ContainerIndex::Place* place = index_.find(id).place) before = place->second.names;
  std::string target =
      "/containers/" + encodeQueryValue(id) + "/rename?name=" + encodeQueryValue(name);
  base::HttpCall call = createCall(std::move(target), "", "");
  base::HttpReply reply = co_await local_.change(std::move(call), Effect::containers, id);
  if (reply.status != 204) co_return errorMessage(reply.body);
  claimed.stands(agent_.self(), id);
  freed(before);
  co_return std::string();
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
