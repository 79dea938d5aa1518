#include "orchestrator/volume_move.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/json.h"
#include "base/url.h"
#include "cluster/agent_error.h"
#include "docker/heads.h"
#include "docker/merge_json.h"

namespace orchestrator {
namespace {

// A create waits for it.
constexpr base::milliseconds changeTimeout(10'000);
// The container for which a volume was moved is made at once; until then nobody else has it moved
// on.
constexpr base::milliseconds keptForTaker(5'000);

// False also if we cannot look.
bool isEmptyDirectory(const std::string& path) {
  std::error_code failed;
  std::filesystem::directory_iterator first(path, failed);
  return !failed && first == std::filesystem::directory_iterator();
}

bool isNothing(std::string_view json) {
  return json.empty() || json == "null" || json == "{}";
}

// As in engines' answers, or in records.
bool staysWhereItIs(const docker::JsonObject& volume) {
  std::string_view driver = volume.find("Driver");
  std::optional<std::vector<docker::JsonMember>> labels =
      docker::jsonMembers(volume.find("Labels"));
  bool isPinned =
      labels && std::any_of(labels->begin(), labels->end(), [](const docker::JsonMember& each) {
        return each.name == volumeNodeLabel;
      });
  return isPinned || driver != "\"local\"" || !isNothing(volume.find("Options"));
}

std::string takeRequest(std::string_view inspection) {
  std::optional<docker::JsonObject> volume = docker::JsonObject::parse(inspection);
  std::string labels(volume->find("Labels"));
  return "{\"name\":" + std::string(volume->find("Name")) +
         ",\"labels\":" + (labels.empty() ? "null" : labels) + "}";
}

// While it is there, nobody else moves the volume.
class Moving {
 public:
  Moving(std::set<std::string>& all, const std::string& name)
      : all_(all), name_(name), isFirst_(all.insert(name).second) {}
  Moving(const Moving&) = delete;
  Moving& operator=(const Moving&) = delete;
  ~Moving() {
    if (isFirst_) all_.erase(name_);
  }
  bool isFirst() const { return isFirst_; }

 private:
  std::set<std::string>& all_;
  std::string name_;
  bool isFirst_;
};

}  // namespace

std::optional<std::string> movableContent(std::string_view inspection) {
  std::optional<docker::JsonObject> volume = docker::JsonObject::parse(inspection);
  if (!volume || staysWhereItIs(*volume)) return std::nullopt;
  std::string content(base::text(base::parseJson(inspection), "Mountpoint"));
  return content.empty() ? std::nullopt : std::optional<std::string>(content);
}

std::vector<std::string> VolumeMove::unused(const labels::Policy& policy) const {
  std::vector<std::string> names;
  if (policy.global) return names;
  std::copy_if(policy.volumes.begin(), policy.volumes.end(), std::back_inserter(names),
               [this](const std::string& each) { return mayBeUnused(each); });
  return names;
}

bool VolumeMove::mayBeUnused(const std::string& name) const {
  std::vector<cluster::NodeId> homes = parts_.objects.holders(docker::ObjectKind::volume, name);
  if (homes.empty()) return true;  // no record has come yet
  std::string key = std::string(docker::recordsOf(docker::ObjectKind::volume)) + name;
  const cluster::Record* record = parts_.records.find(homes.front(), key);
  std::optional<docker::JsonObject> volume =
      record ? docker::JsonObject::parse(record->value) : std::nullopt;
  if (homes.size() > 1 || (volume && staysWhereItIs(*volume))) return false;
  const catalog::ContainerIndex::Owned& there = parts_.index.of(homes.front());
  return std::none_of(there.begin(), there.end(), [&](const auto& each) {
    const std::vector<std::string>& used = each.second->second.volumes;
    return std::find(used.begin(), used.end(), name) != used.end();
  });
}

base::Task<std::optional<std::string>> VolumeMove::bring(std::vector<std::string> names,
                                                         cluster::Node to) {
  for (const std::string& each : names) {
    base::Status brought = co_await bringOne(each, to);
    if (brought.ok()) continue;
    parts_.log.debug("volume not moved to its container's node",
                     {{"volume", each}, {"reason", brought.why()}});
    co_return each;
  }
  co_return std::nullopt;
}

// By whoever has it.
base::Task<base::Status> VolumeMove::bringOne(std::string name, cluster::Node to) {
  catalog::Locator::Holders holders =
      co_await parts_.locator.holders(catalog::Kind::volume, base::encodeQueryValue(name));
  auto isThere = [&](const cluster::Node& each) { return each.id == to.id; };
  if (holders.up.empty() && holders.down)
    co_return base::Status::failed("node " + holders.down->name + " is down");
  if (holders.up.size() > 1) co_return base::Status::failed("several nodes have it");
  // By the records somebody has it: it was removed just now, or is between two nodes.
  if (holders.up.empty()) co_return base::Status::failed("no node has it at this moment");
  if (std::any_of(holders.up.begin(), holders.up.end(), isThere)) co_return base::Status();
  cluster::Node home = std::move(holders.up.front());
  base::Status handed;
  if (home.self) {
    handed = co_await handOn(name, to);
  } else {
    base::JsonWriter json;
    json.object().member("name", name).member("to", to.id.text()).endObject();
    catalog::NodeReply reply = co_await catalog::postToPeer(
        parts_.causality, std::move(home), "/drover/v1/volumes/move", json.text(), changeTimeout);
    reply.throwFault();
    handed = reply.outcome();
  }
  if (handed.ok()) parts_.scheduler.found(catalog::Kind::volume, name, {std::move(to)});
  co_return handed;
}

base::Task<> VolumeMove::move(std::string request) {
  rapidjson::Document json = base::parseJson(request);
  std::string name(base::text(json, "name"));
  std::optional<cluster::NodeId> id = cluster::NodeId::parse(base::text(json, "to"));
  std::optional<cluster::Node> to = id ? parts_.locator.node(*id) : std::nullopt;
  if (name.empty() || !to || to->self)
    throw cluster::AgentError(400, "a volume and another node are needed");
  base::Status handed = co_await handOn(std::move(name), std::move(*to));
  if (!handed.ok()) throw cluster::AgentError(409, handed.why());
}

base::Task<> VolumeMove::take(std::string request) {
  std::string name(base::text(base::parseJson(request), "name"));
  base::Status made = co_await makeHere(std::move(request));
  if (!made.ok()) throw cluster::AgentError(409, made.why());
  base::Time now = parts_.loop.now();
  std::erase_if(taken_, [&](const auto& each) { return each.second + keptForTaker <= now; });
  taken_[std::move(name)] = now;
}

base::Task<base::Status> VolumeMove::handOn(std::string name, cluster::Node to) {
  Moving moving(moving_, name);
  if (!moving.isFirst()) co_return base::Status::failed("volume " + name + " is being moved");
  auto taken = taken_.find(name);
  if (taken != taken_.end() && parts_.loop.now() < taken->second + keptForTaker)
    co_return base::Status::failed("volume " + name + " was moved here for another container");
  base::Status handed = co_await handOnUnused(name, to);
  if (handed.ok())
    parts_.log.info("unused volume moved to its container's node",
                    {{"volume", name}, {"node", to.name}});
  co_return handed;
}

// Removed here before it is made there, so that there are never two: nothing but its labels could
// be lost. The engine does not remove one that a container has.
base::Task<base::Status> VolumeMove::handOnUnused(std::string name, cluster::Node to) {
  std::string path = "/volumes/" + base::encodeQueryValue(name);
  cluster::Node here = catalog::NodeClient::here();
  catalog::NodeReply seen = co_await parts_.nodeClient.get(here, path, catalog::lookupTimeout);
  seen.throwFault();
  if (seen.status != 200) co_return base::Status::failed(seen.why());
  std::optional<std::string> content = movableContent(seen.body);
  if (!content) co_return base::Status::failed("volume " + name + " stays where it is");
  VolumeClaims::Claim claim;
  claim.name = name;
  claim.held = co_await parts_.claims.claimOurs(name);
  if (!claim.held)
    co_return base::Status::failed("volume " + name + " is claimed by another request");
  if (!isEmptyDirectory(*content))
    co_return base::Status::failed("volume " + name + " is not empty");
  base::HttpCall call = catalog::changeCall("DELETE", path, {}, changeTimeout);
  catalog::NodeReply removed = co_await parts_.nodeClient.call(std::move(here), std::move(call));
  removed.throwFault();
  if (!removed.done) co_return removed.outcome();
  std::string request = takeRequest(seen.body);
  catalog::NodeReply made = co_await catalog::postToPeer(
      parts_.causality, to, "/drover/v1/volumes/take", request, changeTimeout);
  if (!made.done) {
    base::Status back = co_await makeHere(std::move(request));
    if (back.ok()) co_return made.outcome();
    co_return base::Status::failed(made.why() + "; and here: " + back.why());
  }
  std::vector<VolumeClaims::Claim> claims;
  claims.push_back(std::move(claim));
  parts_.claims.made(std::move(claims), to.id, true);
  co_return base::Status();
}

base::Task<base::Status> VolumeMove::makeHere(std::string request) {
  std::optional<docker::JsonObject> volume = docker::JsonObject::parse(request);
  std::string_view name = volume ? volume->find("name") : std::string_view();
  if (!docker::insideQuotes(name)) co_return base::Status::failed("a volume is needed");
  std::string_view labels = volume->find("labels");
  std::string body = "{\"Driver\":\"local\",\"Name\":";
  body.append(name).append(",\"Labels\":").append(labels.empty() ? "null" : labels).append("}");
  base::HttpCall call =
      catalog::changeCall("POST", "/volumes/create", std::move(body), changeTimeout);
  cluster::Node here = catalog::NodeClient::here();
  catalog::NodeReply made = co_await parts_.nodeClient.call(std::move(here), std::move(call));
  made.throwFault();
  if (!made.done) co_return made.outcome();
  std::string plain(base::text(base::parseJson(request), "name"));
  std::optional<cluster::Node> self = parts_.locator.node(parts_.nodes.self());
  if (self) parts_.scheduler.found(catalog::Kind::volume, plain, {std::move(*self)});
  co_return base::Status();
}

}  // namespace orchestrator
