#include "orchestrator/name_claims.h"

#include <algorithm>

#include "base/fault.h"
#include "base/json.h"
#include "base/url.h"
#include "catalog/claim_holders.h"
#include "catalog/fan_out.h"
#include "cluster/ca/join_token.h"

namespace orchestrator {
namespace {

// For how long a name may be held by a create that is under way elsewhere, or by a container that
// is being removed, before we say that it is taken.
constexpr base::milliseconds nameWait(2'000);
// Nobody tells when a claim that was refused ends.
constexpr base::milliseconds nameRetry(30);
// Who is asked towards the end of that still has this long to answer.
constexpr base::milliseconds minAnswer(500);
// Well within ClaimOptions::keepFor.
constexpr base::milliseconds renewEvery(3'000);
// By then everyone knows the record that stands for a name, if all goes well. In this rhythm it is
// looked for, and in the other later on while its node is down.
constexpr base::milliseconds recordKnown(500);
constexpr base::milliseconds recordLate(3'000);
constexpr int recordLooks = 20;
// Looks at which an engine has to say that it has no such container before we believe that it will
// not have it either: it may be making it.
constexpr int absencesOfUncertain = 10;

std::string keyOf(const std::string& name) {
  return std::string(catalog::nameClaims) + name;
}

docker::Refusal inUse(const std::string& name, const std::string& bearer) {
  return {409, "Conflict. The container name \"/" + name + "\" is already in use by " + bearer +
                   ". You have to remove (or rename) that container to be able to reuse that "
                   "name."};
}

docker::Refusal taken(const std::string& name, const std::string& id) {
  return inUse(name, "container \"" + id + "\"");
}

// By a claim, whose holder is nothing that a client could use.
docker::Refusal beingMade(const std::string& name) {
  return inUse(name, "a container that is being made or renamed");
}

}  // namespace

std::string_view withoutSlash(std::string_view name) {
  return name.starts_with('/') ? name.substr(1) : name;
}

// ---- one claim

base::Task<docker::Refusal> NameClaims::Claim::take(std::string name, std::string holder) {
  if (name.empty()) co_return docker::Refusal{};
  if (holder.empty()) holder = cluster::makeTokenSecret().reveal();
  docker::Refusal refusal = co_await owner_.claim(name, holder);
  if (refusal.status == 0) {
    name_ = std::move(name);
    held_.granted(keyOf(name_), std::move(holder));
  }
  co_return refusal;
}

void NameClaims::Claim::commit(const cluster::NodeId& node, const std::string& object) {
  std::string holder = held_.handOn();
  if (!name_.empty()) owner_.claimed_[name_] = holder;
  owner_.tasks_.spawn(owner_.watch({node, object, name_, std::move(holder)}));
}

void NameClaims::Claim::outcomeUnknown(const cluster::NodeId& node) {
  if (name_.empty()) return;
  owner_.tasks_.spawn(owner_.watch({node, name_, name_, held_.handOn(), false}));
}

// ---- all of them

NameClaims::NameClaims(base::Loop& loop, catalog::NodeClient nodeClient,
                       const cluster::Nodes& nodes, cluster::ClaimService& claims,
                       catalog::Locator& locator, catalog::ContainerIndex& index,
                       scheduler::Scheduler& scheduler, base::Log& log)
    : loop_(loop),
      nodeClient_(nodeClient),
      nodes_(nodes),
      service_(claims),
      locator_(locator),
      index_(index),
      scheduler_(scheduler),
      log_(log),
      tasks_(base::tellFaults(log, "names of containers")) {}

void NameClaims::expectHere(const std::string& object) {
  tasks_.spawn(watch({nodes_.self(), object, "", ""}));
}

void NameClaims::freed(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    auto claimed = claimed_.find(name);
    if (claimed == claimed_.end()) continue;
    service_.release(keyOf(name), claimed->second);
    claimed_.erase(claimed);
  }
}

void NameClaims::removed(const cluster::NodeId& node, const std::string& id,
                         const std::vector<std::string>& names) {
  index_.remove(node, id);
  freed(names);
}

base::Task<base::Status> NameClaims::keep(std::string name, std::string holder) {
  cluster::ClaimResult result = co_await service_.claim(keyOf(name), std::move(holder));
  if (result.verdict == cluster::ClaimResult::Verdict::granted) co_return base::Status();
  if (result.verdict == cluster::ClaimResult::Verdict::unreachable)
    co_return base::Status::failed("too few nodes answer to keep its name");
  co_return base::Status::failed("its name was given to another container");
}

base::Task<docker::Refusal> NameClaims::claim(std::string name, std::string holder) {
  base::Time began = loop_.now();
  for (;;) {
    cluster::ClaimResult result = co_await service_.claim(keyOf(name), holder);
    if (result.verdict == cluster::ClaimResult::Verdict::granted) co_return docker::Refusal{};
    bool isHeld = result.verdict == cluster::ClaimResult::Verdict::held;
    if (isHeld) {
      base::milliseconds spent = std::min(loop_.now() - began, nameWait - minAnswer);
      Bearing bearing = co_await bearerOf(name, nameWait - spent);
      if (!bearing.id.empty()) co_return taken(name, bearing.id);
      // A container that we made and that went by itself, as those of docker run --rm do.
      if (bearing.isKnown && isClaimed(name, result.holder)) freed({name});
    } else {
      if (hasNoMajority(nodes_)) {
        log_.warn("name granted without a majority", {{"name", name}});
        co_return docker::Refusal{};
      }
    }
    if (loop_.now() >= began + (isHeld ? nameWait : patienceFor(result))) {
      if (isHeld) co_return beingMade(name);
      docker::Refusal refusal{503, "too few nodes answer to make sure that the name \"/" + name +
                                       "\" is not in use; see \"docker node ls\" and try again"};
      co_return refusal;
    }
    co_await base::sleepFor(loop_, nameRetry);
  }
}

// Until the container's record is there, or the container is gone, which may have been so soon that
// it never had a record: then only this ends that we expect it, and our claim of its name.
base::Task<> NameClaims::watch(NameHolder bearer) {
  base::Time renewed = loop_.now();
  int absences = 0;
  for (int look = 0;; look++) {
    std::optional<cluster::Node> node = locator_.node(bearer.node);
    bool mayChange = look < recordLooks || (node && node->up);
    base::milliseconds pause = mayChange ? recordKnown : recordLate;
    co_await base::sleepFor(loop_, pause);
    if (isRecorded(bearer)) break;
    bool gone = co_await isGone(bearer);
    absences = gone ? absences + 1 : 0;
    if (absences >= (bearer.certain ? 1 : absencesOfUncertain)) break;
    if (bearer.name.empty()) {
      if (look >= recordLooks) break;
    } else if (loop_.now() >= renewed + renewEvery) {
      renewed = loop_.now();
      // One that was lost is seen when it is looked for.
      [[maybe_unused]] base::Status kept = co_await keep(bearer.name, bearer.holder);
    }
  }
  if (!bearer.certain) {
    service_.release(keyOf(bearer.name), bearer.holder);
    co_return;
  }
  index_.unexpect(bearer.node, bearer.object);
  scheduler_.forget(bearer.object);
  if (isClaimed(bearer.name, bearer.holder)) freed({bearer.name});
}

bool NameClaims::isClaimed(const std::string& name, const std::string& holder) const {
  auto claimed = claimed_.find(name);
  return claimed != claimed_.end() && claimed->second == holder;
}

bool NameClaims::isRecorded(const NameHolder& bearer) const {
  const catalog::ContainerIndex::Entry* entry = index_.find(bearer.object).entry;
  if (!entry || entry->second.version == 0) return false;
  const std::vector<std::string>& names = entry->second.names;
  return bearer.name.empty() || std::find(names.begin(), names.end(), bearer.name) != names.end();
}

// Whether the container, or its name, is no more by the word of its engine, or with its node.
base::Task<bool> NameClaims::isGone(NameHolder bearer) {
  std::optional<cluster::Node> node = locator_.node(bearer.node);
  if (!node) co_return true;
  if (!node->up) co_return false;
  catalog::NodeReply reply =
      co_await nodeClient_.inspect(std::move(*node), bearer.object, catalog::lookupTimeout);
  if (reply.status != 200) co_return reply.status == 404;
  rapidjson::Document json = base::parseJson(reply.body);
  co_return !bearer.name.empty() && withoutSlash(base::text(json, "Name")) != bearer.name;
}

base::Task<NameClaims::Bearing> NameClaims::bearerOf(std::string name, base::milliseconds limit) {
  std::vector<cluster::Node> nodes;
  std::string recorded;
  for (const catalog::ContainerIndex::Entry* entry : index_.named(name)) {
    std::optional<cluster::Node> node = locator_.node(entry->second.owner);
    if (!node) continue;
    recorded = entry->first;
    // One that is down keeps its names.
    if (!node->up) co_return Bearing{recorded};
    nodes.push_back(std::move(*node));
  }
  if (nodes.empty()) nodes = nodes_.nodes();
  base::HttpCall call = base::httpGet("/containers/" + base::encodeQueryValue(name) + "/json",
                                      limit, catalog::maxAnswer);
  std::vector<catalog::NodeReply> replies =
      co_await catalog::askAll(nodeClient_.engine(), std::move(nodes), std::move(call));
  Bearing bearing;
  for (const catalog::NodeReply& each : replies) {
    if (each.status != 200 && each.status != 404) bearing.isKnown = false;
    if (each.status != 200) continue;
    rapidjson::Document json = base::parseJson(each.body);
    if (withoutSlash(base::text(json, "Name")) == name)
      co_return Bearing{std::string(base::text(json, "Id"))};
  }
  if (!bearing.isKnown) bearing.id = recorded;
  co_return bearing;
}

}  // namespace orchestrator
