#include "proxy/name_claims.h"

#include <algorithm>

#include "base/json.h"
#include "proxy/fan_out.h"
#include "proxy/list_query.h"

namespace proxy {
namespace {

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

std::string keyOf(const std::string& name) {
  return "name/" + name;
}

std::string_view withoutSlash(std::string_view name) {
  return name.starts_with('/') ? name.substr(1) : name;
}

std::string taken(const std::string& name, const std::string& holder) {
  return "Conflict. The container name \"/" + name + "\" is already in use by container \"" +
         holder +
         "\". You have to remove (or rename) that container to be able to reuse that name.";
}

}  // namespace

NameClaims::Name::~Name() {
  if (!name_.empty() && !stands_) owner_.agent_.release(keyOf(name_), holder_);
}

void NameClaims::Name::stands(const cluster::NodeId& node, std::string object) {
  stands_ = true;
  if (!name_.empty()) owner_.claimed_[name_] = holder_;
  owner_.tasks_.spawn(owner_.awaitRecord(node, std::move(object), name_, holder_));
}

void NameClaims::expected(const cluster::NodeId& node, std::string object) {
  tasks_.spawn(awaitRecord(node, std::move(object), "", ""));
}

// Until the container's record is there, or the container is gone, which may have been so soon that
// it never had a record: then only this ends that we expect it, and our claim of its name.
base::Task<> NameClaims::awaitRecord(cluster::NodeId node, std::string object, std::string name,
                                     std::string holder) {
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

bool NameClaims::isClaimed(const std::string& name, const std::string& holder) const {
  auto claimed = claimed_.find(name);
  return claimed != claimed_.end() && claimed->second == holder;
}

bool NameClaims::isRecorded(const std::string& object, const std::string& name) const {
  const ContainerIndex::Place* place = index_.find(object).place;
  if (!place || place->second.version == 0) return false;
  const std::vector<std::string>& names = place->second.names;
  return name.empty() || std::find(names.begin(), names.end(), name) != names.end();
}

// Whether the container, or its name, is no more by the word of its engine.
base::Task<bool> NameClaims::isGone(cluster::NodeId id, std::string object, std::string name) {
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

void NameClaims::freed(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    auto claimed = claimed_.find(name);
    if (claimed == claimed_.end()) continue;
    agent_.release(keyOf(name), claimed->second);
    claimed_.erase(claimed);
  }
}

// The id of the container that has this name by the word of its engine.
base::Task<std::optional<std::string>> NameClaims::holderOf(std::string name) {
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
base::Task<NameClaims::Refusal> NameClaims::claim(std::string name, std::string holder) {
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

}  // namespace proxy
