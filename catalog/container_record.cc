#include "catalog/container_record.h"

#include <algorithm>

#include "base/json.h"
#include "docker/asked_image.h"
#include "docker/merge_json.h"

namespace catalog {
namespace {

using base::member;
using base::text;
using rapidjson::Value;

constexpr const char* ours = "Drover";
constexpr const char* reservation = "Reservation";
// Of one container; an engine's own entry does not come near.
constexpr size_t maxParts = 4096;

// "/web"; "/other/alias" is a link's name for it.
void takeNames(ContainerFacts& facts, const Value& entry) {
  for (const std::string& name : base::texts(entry, "Names")) {
    if (!name.starts_with('/')) continue;
    bool isLink = name.find('/', 1) != std::string::npos;
    std::vector<std::string>& names = isLink ? facts.links : facts.names;
    if (names.size() < maxParts) names.push_back(name.substr(1));
  }
}

LabelList labelsOf(const Value& entry) {
  LabelList labels;
  const Value* given = member(entry, "Labels");
  if (!given || !given->IsObject()) return labels;
  for (const auto& each : given->GetObject()) {
    if (each.value.IsString() && labels.size() < maxParts)
      labels.emplace_back(base::asText(each.name), base::asText(each.value));
  }
  std::sort(labels.begin(), labels.end());
  return labels;
}

std::vector<HostPort> publishedPorts(const Value& entry) {
  std::vector<HostPort> ports;
  const Value* given = member(entry, "Ports");
  if (!given || !given->IsArray()) return ports;
  for (const Value& each : given->GetArray()) {
    uint64_t port = base::number(each, "PublicPort");
    if (port == 0 || port > 65535 || ports.size() == maxParts) continue;
    ports.push_back({std::string(text(each, "IP")), static_cast<uint16_t>(port),
                     std::string(text(each, "Type"))});
  }
  return ports;
}

void takeMounts(ContainerFacts& facts, const Value& entry) {
  const Value* mounts = member(entry, "Mounts");
  if (!mounts || !mounts->IsArray()) return;
  for (const Value& each : mounts->GetArray()) {
    std::string_view type = text(each, "Type");
    std::string_view name = text(each, type == "volume" ? "Name" : "Source");
    std::vector<std::string>& all = type == "volume" ? facts.volumes : facts.binds;
    bool counts = (type == "volume" || type == "bind") && !name.empty();
    if (counts && all.size() < maxParts) all.emplace_back(name);
  }
}

}  // namespace

const std::string* findLabel(const LabelList& labels, std::string_view key) {
  auto found =
      std::lower_bound(labels.begin(), labels.end(), key,
                       [](const auto& each, std::string_view k) { return each.first < k; });
  return found != labels.end() && found->first == key ? &found->second : nullptr;
}

std::string containerRecord(std::string_view entry, std::string_view reserves) {
  std::string record(entry);
  bool object = record.size() > 2 && record.ends_with('}');
  if (reserves.empty() || !object) return record;
  record.pop_back();
  record.append(",\"").append(ours).append("\":").append(reserves).append("}");
  return record;
}

std::string pendingRecord(std::string_view id, const std::string& name, const ContainerFacts& asked,
                          const std::string& token) {
  base::JsonWriter entry;
  entry.object().member("Id", id).member("Image", asked.image).member("State", "created");
  if (!name.empty()) entry.members("Names", {"/" + name});
  if (!token.empty()) entry.member(reservation, token);
  entry.object("Labels");
  for (const auto& [key, value] : asked.labels) entry.member(key, value);
  entry.endObject().endObject();
  return containerRecord(entry.text(), encode(asked.reserves));
}

std::string reservationOf(std::string_view pendingRecord) {
  return std::string(text(base::parseJson(pendingRecord), reservation));
}

std::string pendingId(const cluster::NodeId& owner, std::string_view number) {
  return std::string(pendingRecords).append(owner.text()).append("/").append(number);
}

std::optional<PendingFacts> pendingFacts(const cluster::NodeId& owner, std::string_view number,
                                         std::string_view record) {
  std::optional<ContainerFacts> container = containerFacts(pendingId(owner, number), record);
  if (!container) return std::nullopt;
  return PendingFacts{std::move(*container), reservationOf(record)};
}

std::optional<ContainerFacts> containerFacts(std::string_view id, std::string_view record) {
  rapidjson::Document entry = base::parseJson(record);
  if (id.empty() || text(entry, "Id") != id) return std::nullopt;
  ContainerFacts facts;
  takeNames(facts, entry);
  facts.created = static_cast<int64_t>(base::number(entry, "Created"));
  facts.image = text(entry, "Image");
  facts.imageId = text(entry, "ImageID");
  facts.labels = labelsOf(entry);
  const std::string* asked = findLabel(facts.labels, docker::askedImageLabel);
  if (asked && !asked->empty() && facts.image.starts_with("sha256:")) facts.image = *asked;
  takeMounts(facts, entry);
  std::string_view state = text(entry, "State");
  facts.state = state;
  facts.running = state == "running" || state == "paused" || state == "restarting";
  if (std::optional<docker::JsonObject> object = docker::JsonObject::parse(record);
      object && state != "dead")
    facts.reserves = decodeResourceRequest(object->find(ours));
  if (facts.running) facts.ports = publishedPorts(entry);
  // Before its first run, and between two of one that restarts, the engine shows none; of what is
  // on the host's network it never does.
  const Value* host = member(entry, "HostConfig");
  bool isOnHost = facts.running && host && text(*host, "NetworkMode") == "host";
  bool isUnseen = isOnHost || state == "restarting" || state == "created";
  if (isUnseen && facts.ports.empty()) facts.ports = facts.reserves.ports;
  return facts;
}

ContainerFacts requestedFacts(const docker::CreateRequest& request) {
  ContainerFacts facts;
  facts.image = request.image();
  facts.labels = request.labels();
  if (facts.labels.size() > maxParts) facts.labels.resize(maxParts);
  std::sort(facts.labels.begin(), facts.labels.end());
  facts.state = "created";
  facts.reserves = reservesOf(request);
  return facts;
}

std::string listedContainer(std::string_view record) {
  std::optional<docker::JsonObject> object = docker::JsonObject::parse(record);
  if (!object || object->find(ours).empty()) return std::string(record);
  std::string entry = "{";
  for (const docker::JsonMember& each : object->members()) {
    if (each.name == ours) continue;
    if (entry.size() > 1) entry.push_back(',');
    entry.append("\"").append(each.name).append("\":").append(each.value);
  }
  return entry + "}";
}

}  // namespace catalog
