#include "cluster/agent/admission.h"

#include "base/json.h"
#include "cluster/agent_error.h"
#include "cluster/ca/certificates.h"
#include "cluster/wire_version.h"

namespace cluster {
namespace {

void put(base::JsonWriter& json, const Member& member) {
  json.member("id", member.id.text()).member("name", member.name);
  json.member("ip", member.gossip.host()).member("gossipPort", member.gossip.port);
  json.member("apiPort", member.apiPort);
}

void put(base::JsonWriter& json, uint32_t version, uint32_t oldestReader) {
  json.member("wireVersion", version).member("oldestReader", oldestReader);
}

WireFit fitOf(const rapidjson::Value& json) {
  return wireFit(base::number(json, "wireVersion"), base::number(json, "oldestReader"));
}

// For refusals: what the other one says, beside what we have.
std::string versionsOf(const rapidjson::Value& json) {
  return "version " + std::to_string(base::number(json, "wireVersion")) +
         " of the wire format there, " + std::to_string(wireVersion) + " here";
}

std::optional<Endpoint> endpoint(const rapidjson::Value& json, const char* port) {
  uint64_t number = base::number(json, port);
  if (number == 0 || number > 65535) return std::nullopt;
  return Endpoint::parse(std::string(base::text(json, "ip")), static_cast<uint16_t>(number));
}

std::optional<Member> take(const rapidjson::Value& json) {
  std::optional<NodeId> id = NodeId::parse(base::text(json, "id"));
  std::optional<Endpoint> gossip = endpoint(json, "gossipPort");
  std::optional<Endpoint> api = endpoint(json, "apiPort");
  if (!id || !gossip || !api) return std::nullopt;
  Member member;
  member.id = *id;
  member.name = base::text(json, "name");
  member.gossip = *gossip;
  member.apiPort = api->port;
  member.wireVersion = wireVersion;
  return member;
}

}  // namespace

std::string encodeCluster(const std::string& id) {
  base::JsonWriter json;
  json.object().member("id", id);
  put(json, wireVersion, wireOldestReader);
  return json.endObject().text();
}

std::string decodeCluster(std::string_view json, const std::string& remote) {
  rapidjson::Document document = base::parseJson(json);
  std::string id(base::text(document, "id"));
  if (!NodeId::parse(id)) throw AgentError(503, remote + " does not answer as a droverd does");
  std::string versions = versionsOf(document);
  switch (fitOf(document)) {
    case WireFit::tooNew:
      throw AgentError(400, remote + " has a droverd that is too new for the one here (" +
                                versions + "); install the same release here");
    case WireFit::tooOld:
      throw AgentError(400, remote + " has a droverd that is too old for the one here (" +
                                versions + "); update the cluster's nodes first");
    case WireFit::good:
      break;
  }
  return id;
}

std::string encode(const JoinRequest& request) {
  base::JsonWriter json;
  json.object().member("secret", request.secret.reveal());
  json.member("certificateRequest", request.certificateRequest);
  put(json, request.joiner);
  put(json, wireVersion, wireOldestReader);
  return json.endObject().text();
}

std::string encode(const Admission& admission) {
  base::JsonWriter json;
  json.object().member("certificate", admission.certificate);
  json.member("config", encode(admission.config)).list("members");
  for (const Member& each : admission.members) {
    json.object();
    put(json, each);
    json.endObject();
  }
  json.endList().list("removed");
  for (const NodeId& each : admission.removed) json.value(each.text());
  return json.endList().endObject().text();
}

std::optional<Admission> decodeAdmission(std::string_view json, const std::string& cluster) {
  rapidjson::Document document = base::parseJson(json);
  std::optional<ClusterConfig> config = decodeConfig(base::text(document, "config"));
  if (!config || config->id != cluster) return std::nullopt;
  Admission admission;
  admission.certificate = base::text(document, "certificate");
  admission.config = std::move(*config);
  if (const rapidjson::Value* list = base::member(document, "members"); list && list->IsArray()) {
    for (const rapidjson::Value& each : list->GetArray()) {
      std::optional<Member> member = take(each);
      if (member) admission.members.push_back(std::move(*member));
    }
  }
  for (const std::string& each : base::texts(document, "removed")) {
    if (std::optional<NodeId> gone = NodeId::parse(each)) admission.removed.insert(*gone);
  }
  return admission;
}

Member joinerOf(std::string_view request, const ClusterConfig& config,
                const std::set<NodeId>& removed) {
  rapidjson::Document json = base::parseJson(request);
  Secret presented(base::text(json, "secret"));
  bool invited = !presented.empty() &&
                 (presented.equals(config.workerSecret) || presented.equals(config.managerSecret));
  if (!invited)
    throw AgentError(403,
                     "this join token is not valid here, or no longer; get the present one "
                     "with \"docker swarm join-token worker\" on a node of the cluster");
  std::optional<Member> joiner = take(json);
  if (!joiner) throw AgentError(400, "cannot parse the request to join");
  switch (fitOf(json)) {
    case WireFit::tooOld:
      throw AgentError(400, "this cluster's droverd is too new for the one that wants to join (" +
                                versionsOf(json) + "); install the same release there");
    case WireFit::tooNew:
      throw AgentError(400, "this cluster's droverd is too old for the one that wants to join (" +
                                versionsOf(json) + "); update the cluster's nodes first");
    case WireFit::good:
      break;
  }
  if (removed.contains(joiner->id))
    throw AgentError(403, "node " + std::string(joiner->id.text()) + " was removed");
  return std::move(*joiner);
}

std::string certify(std::string_view request, const Member& joiner, const ClusterConfig& config,
                    WallTime now) {
  rapidjson::Document json = base::parseJson(request);
  Credentials authority{config.authorities.front(), Secret(config.authorityKey)};
  Terms terms{.node = joiner.id,
              .cluster = config.id,
              .addresses = {joiner.gossip},
              .hostnames = {joiner.name},
              .now = now,
              .life = certificateLifeOf(config)};
  try {
    return signRequest(std::string(base::text(json, "certificateRequest")), authority, terms);
  } catch (const CertificateError& wrong) {
    throw AgentError(400, wrong.what());
  }
}

}  // namespace cluster
