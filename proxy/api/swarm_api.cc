#include "proxy/api/swarm_api.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <set>

#include "base/json.h"
#include "catalog/fan_out.h"
#include "cluster/ca/join_token.h"
#include "docker/filtered_query.h"
#include "docker/merge_json.h"
#include "docker/request_types.h"
#include "labels/node_rules.h"
#include "proxy/api/swarm_addresses.h"
#include "proxy/api/swarm_spec.h"
#include "proxy/http/respond.h"
#include "scheduler/placement_answers.h"

namespace proxy {
namespace {

using cluster::AgentError;
using cluster::Endpoint;
using cluster::NodeView;
using cluster::Status;

// The body of a request as an engine reads it. Throws AgentError.
std::string understood(const std::string& body, const base::GoType& type) {
  base::GoReading reading = base::readAsGo(body, type);
  if (reading.text.starts_with('{')) return std::move(reading.text);
  throw AgentError(400, "invalid JSON: " + (reading.fault.empty() ? "no object" : reading.fault));
}

std::string availabilityOf(std::string_view given) {
  if (given.empty()) return "active";
  if (given == "active" || given == "pause" || given == "drain") return std::string(given);
  throw AgentError(400, "invalid Availability: \"" + std::string(given) + "\"");
}

// Of an update of the swarm, whose flags are read by strconv.ParseBool.
bool rotates(const docker::Query& query, const std::string& name) {
  static const std::set<std::string> yes = {"1", "t", "T", "TRUE", "true", "True"};
  static const std::set<std::string> no = {"", "0", "f", "F", "FALSE", "false", "False"};
  std::string value = query.value(name);
  if (!yes.contains(value) && !no.contains(value))
    throw AgentError(400, "invalid value for " + name + ": " + value);
  return yes.contains(value);
}

void putVersion(base::JsonWriter& json, uint64_t version, const std::string& created,
                const std::string& updated) {
  json.object("Version").member("Index", version).endObject();
  json.member("CreatedAt", created).member("UpdatedAt", updated);
}

void putTls(base::JsonWriter& json, const cluster::ClusterConfig& config) {
  json.object("TLSInfo").member("TrustRoot", config.authorities.front());
  // DER of CN=drover-ca, and no more: docker shows neither.
  json.member("CertIssuerSubject", "").member("CertIssuerPublicKey", "").endObject();
}

void putCluster(base::JsonWriter& json, const cluster::Agent& agent, bool tokens) {
  const cluster::ClusterConfig& config = agent.config();
  json.member("ID", config.id);
  putVersion(json, config.serial, config.createdAt, config.updatedAt);
  json.raw("Spec", config.options.spec);
  putTls(json, config);
  json.member("RootRotationInProgress", config.authorities.size() > 1);
  json.members("DefaultAddrPool", config.options.addressPools);
  json.member("SubnetSize", config.options.subnetSize);
  json.member("DataPathPort", config.options.dataPathPort);
  if (std::string waits = agent.rotationWaits(); !waits.empty())
    json.object("Drover").member("RotationWaitsFor", waits).endObject();
  if (!tokens) return;
  json.object("JoinTokens").member("Worker", agent.workerToken());
  json.member("Manager", agent.managerToken()).endObject();
}

// More may be reserved than there is.
uint64_t left(uint64_t all, uint64_t reserved) {
  return all > reserved ? all - reserved : 0;
}

std::string decimal(double number, const char* unit = "") {
  char text[48];
  std::snprintf(text, sizeof text, "%g%s", number, unit);
  return text;
}

// The docker client drops members that it does not know, but shows the engine's labels.
std::map<std::string, std::string> labelledFacts(const NodeView& view) {
  const cluster::NodeRecord& record = view.record;
  uint64_t nanoCpus = record.cpus * 1'000'000'000;
  auto cpus = [](uint64_t nano) { return decimal(static_cast<double>(nano) / 1e9); };
  std::map<std::string, std::string> labels = {
      {"io.drover.containers", std::to_string(record.containers)},
      {"io.drover.running", std::to_string(record.running)},
      {"io.drover.reserved.cpus", cpus(record.reservedNanoCpus)},
      {"io.drover.reserved.memory", std::to_string(record.reservedMemory)},
      {"io.drover.free.cpus", cpus(left(nanoCpus, record.reservedNanoCpus))},
      {"io.drover.free.memory", std::to_string(left(record.memory, record.reservedMemory))}};
  if (view.roundTrip)
    labels["io.drover.round-trip"] =
        decimal(static_cast<double>(view.roundTrip->count()) / 1000, "ms");
  if (!record.lastError.empty()) labels["io.drover.last-error"] = record.lastError;
  return labels;
}

void putNode(base::JsonWriter& json, const cluster::Agent& agent, const NodeView& view) {
  const cluster::NodeRecord& record = view.record;
  bool down = view.status == Status::failed || view.status == Status::left;
  json.object().member("ID", view.id.text());
  const std::string& joined = record.joinedAt.empty() ? agent.config().createdAt : record.joinedAt;
  putVersion(json, view.version, joined, joined);
  json.object("Spec").object("Labels");
  for (const auto& [key, value] : record.labels) json.member(key, value);
  json.endObject().member("Role", "manager").member("Availability", record.availability);
  json.endObject();

  json.object("Description").member("Hostname", view.name);
  json.object("Platform").member("Architecture", record.architecture).member("OS", record.os);
  json.endObject();
  json.object("Resources").member("NanoCPUs", record.cpus * 1'000'000'000);
  json.member("MemoryBytes", record.memory).endObject();
  json.object("Engine").member("EngineVersion", record.engineVersion).object("Labels");
  for (const auto& [key, value] : record.engineLabels) json.member(key, value);
  for (const auto& [key, value] : labelledFacts(view)) json.member(key, value);
  json.endObject().endObject();
  putTls(json, agent.config());
  json.endObject();

  json.object("Status").member("State", down ? "down" : "ready");
  std::string message = record.lastError;
  if (view.status == Status::left) message = "it left the cluster";
  if (view.status == Status::failed) message = "it does not answer";
  if (!message.empty()) json.member("Message", message);
  json.member("Addr", view.api.host()).endObject();
  json.object("ManagerStatus").member("Reachability", down ? "unreachable" : "reachable");
  json.member("Addr", view.api.text()).endObject();

  // What Docker has no words for.
  json.object("Drover").member("DroverVersion", record.droverVersion);
  json.member("Kernel", record.kernel).member("OperatingSystem", record.operatingSystem);
  json.member("StorageDriver", record.storageDriver).member("EngineID", record.engineId);
  json.member("Containers", record.containers).member("Running", record.running);
  json.member("ReservedNanoCPUs", record.reservedNanoCpus);
  json.member("ReservedMemory", record.reservedMemory);
  json.member("FreeNanoCPUs", left(record.cpus * 1'000'000'000, record.reservedNanoCpus));
  json.member("FreeMemory", left(record.memory, record.reservedMemory));
  if (view.roundTrip) json.member("RoundTripMicroseconds", view.roundTrip->count());
  json.member("LastError", record.lastError).endObject();
  json.endObject();
}

// Which of the filters of `docker node ls` the node passes.
bool passes(const docker::FilteredQuery& query, const NodeView& view) {
  auto any = [&query](std::string_view filter, auto fits) {
    std::vector<std::string> values = query.values(filter);
    return values.empty() || std::any_of(values.begin(), values.end(), fits);
  };
  auto labelled = [&view](const std::string& wanted) {
    size_t equals = wanted.find('=');
    auto found = view.record.labels.find(wanted.substr(0, equals));
    if (found == view.record.labels.end()) return false;
    return equals == std::string::npos || found->second == wanted.substr(equals + 1);
  };
  return any("id", [&](const std::string& id) { return view.id.text().starts_with(id); }) &&
         any("name", [&](const std::string& name) { return view.name.starts_with(name); }) &&
         any("role", [](const std::string& role) { return role == "manager"; }) &&
         any("membership", [](const std::string& state) { return state == "accepted"; }) &&
         any("label", labelled) && any("node.label", labelled);
}

}  // namespace

base::Task<> SwarmApi::answer(Exchange& exchange, RouteMatch match, When when, Action action) {
  bool isIn = agent_.clustered() || isWaiting();
  bool isOurs = when == When::always || (isIn && (shown_ || when == When::member));
  if (!isOurs) {
    co_await local_.passThrough(exchange, match);
    co_return;
  }
  std::string body = co_await readBody(exchange, maxBody_);
  agent_.refuseWhileWaiting();
  Reply reply;
  try {
    reply = co_await (this->*action)(match, std::move(body));
  } catch (const base::StreamError& broken) {
    throw AgentError(503, broken.what());  // with another node
  }
  co_await sendJson(exchange, reply.status, local_.commonHeaders(), reply.body);
}

// An engine in swarm mode would answer what is ours to answer, and moves containers itself.
base::Task<> SwarmApi::refuseSwarmEngine() {
  base::HttpReply info =
      co_await engine_.call(base::httpGet("/info", catalog::listTimeout, maxBody_));
  rapidjson::Document json = base::parseJson(info.body);
  const rapidjson::Value* swarm = base::member(json, "Swarm");
  std::string_view state = swarm ? base::text(*swarm, "LocalNodeState") : "";
  if (!state.empty() && state != "inactive")
    throw AgentError(503, "this host's Docker Engine is in swarm mode itself (" +
                              std::string(state) + "), which drover replaces; run \"docker -H " +
                              engine_.url() + " swarm leave --force\" first");
}

base::Task<SwarmApi::Reply> SwarmApi::init(RouteMatch, std::string body) {
  rapidjson::Document json = base::parseJson(understood(body, docker::swarmInitType));
  if (agent_.clustered() && base::isTrue(json, "ForceNewCluster"))
    throw AgentError(400,
                     "--force-new-cluster is not supported: a drover cluster has no quorum that "
                     "could be lost; remove dead nodes with \"docker node rm --force\"");
  if (agent_.clustered())
    throw AgentError(503,
                     "This node is already part of a swarm. Use \"docker swarm leave\" to "
                     "leave this swarm and join another one.");
  cluster::NodeAddresses place = placeOf(std::string(base::text(json, "ListenAddr")),
                                         std::string(base::text(json, "AdvertiseAddr")), true);
  refuseDataPath(json, place);
  std::string availability = availabilityOf(base::text(json, "Availability"));
  cluster::ClusterOptions options = clusterOptionsOf(json);
  co_await refuseSwarmEngine();
  cluster::NodeId id = agent_.init(place, std::move(options), availability);
  Reply reply;
  reply.body = "\"" + std::string(id.text()) + "\"\n";
  co_return reply;
}

base::Task<SwarmApi::Reply> SwarmApi::join(RouteMatch, std::string body) {
  rapidjson::Document json = base::parseJson(understood(body, docker::swarmJoinType));
  cluster::NodeAddresses place = placeOf(std::string(base::text(json, "ListenAddr")),
                                         std::string(base::text(json, "AdvertiseAddr")), false);
  refuseDataPath(json, place);
  std::string availability = availabilityOf(base::text(json, "Availability"));
  std::vector<std::string> remotes = base::texts(json, "RemoteAddrs");
  std::string token(base::text(json, "JoinToken"));
  co_await refuseSwarmEngine();
  co_await agent_.join(place, std::move(remotes), std::move(token), std::move(availability));
  co_return Reply();
}

base::Task<> SwarmApi::join(std::string listen, std::string advertise,
                            std::vector<std::string> remotes, std::string token) {
  cluster::NodeAddresses place = placeOf(listen, advertise, false);
  co_await refuseSwarmEngine();
  co_await agent_.join(place, std::move(remotes), std::move(token), "active");
}

base::Task<SwarmApi::Reply> SwarmApi::update(RouteMatch match, std::string body) {
  rapidjson::Document spec = base::parseJson(understood(body, docker::swarmSpecType));
  rapidjson::Document present = base::parseJson(agent_.config().options.spec);
  auto force = [](const rapidjson::Value& json) {
    const rapidjson::Value* ca = base::member(json, "CAConfig");
    return ca ? base::number(*ca, "ForceRotate") : 0;
  };
  bool rotate = force(spec) != force(present);
  if (rotate && agent_.config().authorities.size() > 1)
    throw AgentError(503, "a CA rotation is already in progress");
  std::string merged = mergedSpec(spec, agent_.config().options.spec);
  bool worker = rotates(docker::parseQuery(match.query), "rotateWorkerToken");
  bool manager = rotates(docker::parseQuery(match.query), "rotateManagerToken");
  agent_.changeConfig([&](cluster::ClusterConfig& config) {
    config.options.spec = merged;
    if (worker) config.workerSecret = cluster::makeTokenSecret().reveal();
    if (manager) config.managerSecret = cluster::makeTokenSecret().reveal();
  });
  if (rotate) agent_.rotateAuthority();
  co_return Reply();
}

base::Task<SwarmApi::Reply> SwarmApi::leave(RouteMatch match, std::string) {
  bool last = agent_.nodes().size() == 1;
  if (last && !docker::parseQuery(match.query).flag("force"))
    throw AgentError(503,
                     "You are attempting to leave the swarm on its last node. Leaving erases all "
                     "current state of the swarm. Use `--force` to ignore this message.");
  co_await agent_.leave();
  co_return Reply();
}

base::Task<SwarmApi::Reply> SwarmApi::inspect(RouteMatch, std::string) {
  base::JsonWriter json;
  json.object();
  putCluster(json, agent_, true);
  co_return Reply{200, json.endObject().text()};
}

base::Task<SwarmApi::Reply> SwarmApi::unlockKey(RouteMatch, std::string) {
  co_return Reply{200, R"({"UnlockKey":""})"};
}

// ---- nodes

base::Task<SwarmApi::Reply> SwarmApi::nodeList(RouteMatch match, std::string) {
  std::optional<docker::FilteredQuery> parsed = docker::parseFilteredQuery(match.query);
  if (!parsed) throw AgentError(400, "invalid filters");
  for (const docker::ListFilter& filter : parsed->filters) {
    static const std::set<std::string> known = {"id",         "name",  "role",
                                                "membership", "label", "node.label"};
    if (!known.contains(filter.name)) throw AgentError(400, "Invalid filter '" + filter.name + "'");
  }
  base::JsonWriter json;
  json.list();
  for (const NodeView& view : agent_.nodeViews()) {
    if (passes(*parsed, view)) putNode(json, agent_, view);
  }
  co_return Reply{200, json.endList().text()};
}

base::Task<SwarmApi::Reply> SwarmApi::inspectNode(RouteMatch match, std::string) {
  NodeView view = findNode(match.object);
  base::JsonWriter json;
  putNode(json, agent_, view);
  co_return Reply{200, json.text()};
}

base::Task<SwarmApi::Reply> SwarmApi::removeNode(RouteMatch match, std::string) {
  agent_.removeNode(findNode(match.object).id, docker::parseQuery(match.query).flag("force"));
  co_return Reply();
}

// By id, then name, then a prefix of one id; "self" is this one.
NodeView SwarmApi::findNode(std::string_view object) const {
  std::vector<NodeView> views = agent_.nodeViews();
  std::vector<NodeView> named, prefixed;
  for (NodeView& view : views) {
    if (view.id.text() == object || (object == "self" && view.self)) return view;
    if (view.name == object) named.push_back(view);
    if (view.id.text().starts_with(object)) prefixed.push_back(view);
  }
  for (std::vector<NodeView>* found : {&named, &prefixed}) {
    if (found->size() == 1) return found->front();
    if (found->size() > 1)
      throw AgentError(400, "node " + std::string(object) + " is ambiguous (" +
                                std::to_string(found->size()) + " matches found)");
  }
  throw AgentError(404, "node " + std::string(object) + " not found");
}

base::Task<SwarmApi::Reply> SwarmApi::updateNode(RouteMatch match, std::string body) {
  NodeView view = findNode(match.object);
  rapidjson::Document spec = base::parseJson(understood(body, docker::nodeSpecType));
  std::string_view role = base::text(spec, "Role");
  if (!role.empty() && role != "manager")
    throw AgentError(400,
                     "drover has no managers and workers: every node is equal, so there is "
                     "nothing to promote or demote");
  std::string availability = availabilityOf(base::text(spec, "Availability"));
  std::map<std::string, std::string> labels;
  const rapidjson::Value* given = base::member(spec, "Labels");
  if (given && given->IsObject()) {
    for (const auto& each : given->GetObject()) {
      if (each.value.IsString()) labels.emplace(base::asText(each.name), base::asText(each.value));
    }
  }
  // What the node has already stays, whoever let it in.
  for (const auto& [key, value] : labels) {
    auto present = view.record.labels.find(key);
    if (present != view.record.labels.end() && present->second == value) continue;
    std::optional<labels::Problem> problem = labels::problemOfNodeLabel(key, value);
    if (problem) throw AgentError(400, problem->message());
  }
  co_await agent_.updateNode(view.id, std::move(availability), std::move(labels));
  co_return Reply();
}

// ---- what there is none of

base::Task<SwarmApi::Reply> SwarmApi::emptyList(RouteMatch, std::string) {
  co_return Reply{200, "[]"};
}

base::Task<SwarmApi::Reply> SwarmApi::missing(RouteMatch match, std::string) {
  std::string_view kinds = match.route().pattern.substr(1);
  std::string kind(kinds.substr(0, kinds.find('/') - 1));
  throw AgentError(404, kind + " " + std::string(match.object) + " not found");
  co_return Reply();
}

base::Task<SwarmApi::Reply> SwarmApi::unsupported(RouteMatch, std::string) {
  throw AgentError(501,
                   "drover has no services, secrets and configs; use \"docker run\" or Compose, "
                   "whose containers are placed on all nodes");
  co_return Reply();
}

// ---- info

base::Task<> SwarmApi::hostInfo(Exchange& exchange, RouteMatch match) {
  if (!isWaiting()) {
    co_await local_.passThrough(exchange, match);
    co_return;
  }
  std::string target(exchange.request().target());
  base::HttpReply reply =
      co_await engine_.call(base::httpGet(target, catalog::listTimeout, maxBody_));
  std::optional<docker::JsonObject> info = docker::JsonObject::parse(reply.body);
  std::string body = reply.body;
  if (reply.status == 200 && info) {
    info->set("Swarm", infoSection());
    std::string warning = "WARNING: " + agent_.waitsForStore();
    warning += "; this host is served alone until its state directory can be written";
    body = scheduler::withWarnings(info->text(), {warning});
  }
  co_await sendAnswer(exchange, reply.status, reply.head, body);
}

std::string SwarmApi::infoSection() const {
  base::JsonWriter json;
  json.object();
  if (isWaiting() && shown_) {
    json.member("NodeID", "").member("NodeAddr", "").member("LocalNodeState", "pending");
    json.member("ControlAvailable", false).member("Error", agent_.waitsForStore());
    return json.endObject().text();
  }
  if (!agent_.clustered() || !shown_) {
    json.member("NodeID", "").member("NodeAddr", "").member("LocalNodeState", "inactive");
    json.member("ControlAvailable", false).member("Error", "");
    return json.endObject().text();
  }
  std::vector<NodeView> views = agent_.nodeViews();
  std::erase_if(views, [](const NodeView& view) { return view.status == Status::left; });
  for (const NodeView& view : views) {
    if (!view.self) continue;
    json.member("NodeID", view.id.text()).member("NodeAddr", view.api.host());
  }
  json.member("LocalNodeState", "active").member("ControlAvailable", true);
  json.member("Error", agent_.error()).list("RemoteManagers");
  for (const NodeView& view : views) {
    json.object().member("NodeID", view.id.text()).member("Addr", view.api.text()).endObject();
  }
  json.endList().member("Nodes", views.size()).member("Managers", views.size());
  json.object("Cluster");
  putCluster(json, agent_, false);
  return json.endObject().endObject().text();
}

}  // namespace proxy
