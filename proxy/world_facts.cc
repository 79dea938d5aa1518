#include "proxy/world_facts.h"

#include "base/json.h"

namespace proxy {
namespace {

std::string_view withoutSlash(std::string_view name) {
  return name.starts_with('/') ? name.substr(1) : name;
}

labels::Availability availabilityOf(std::string_view word) {
  if (word == "pause") return labels::Availability::pause;
  if (word == "drain") return labels::Availability::drain;
  return labels::Availability::active;
}

labels::Labels copied(const std::map<std::string, std::string>& from) {
  return {from.begin(), from.end()};
}

// Why nothing can run there; empty if all is well.
std::string troubleOf(const cluster::NodeView& view) {
  if (view.status == cluster::Status::failed) return "is down";
  if (view.status == cluster::Status::left) return "has left";
  return view.record.lastError;
}

template <class Visit>
void eachElement(const rapidjson::Value& object, const char* name, Visit visit) {
  const rapidjson::Value* list = base::member(object, name);
  if (!list || !list->IsArray()) return;
  for (const rapidjson::Value& each : list->GetArray()) visit(each);
}

// The ports that the engine shows as bound.
void takePorts(const rapidjson::Value& entry, labels::Container& container) {
  eachElement(entry, "Ports", [&](const rapidjson::Value& each) {
    uint64_t port = base::number(each, "PublicPort");
    std::optional<labels::Protocol> protocol = labels::findProtocol(base::text(each, "Type"));
    if (port == 0 || port > UINT16_MAX || !protocol) return;
    container.ports.push_back(
        {static_cast<uint16_t>(port), *protocol, std::string(base::text(each, "IP"))});
  });
}

void takeVolumes(const rapidjson::Value& entry, labels::Container& container) {
  eachElement(entry, "Mounts", [&](const rapidjson::Value& each) {
    std::string_view driver = base::text(each, "Driver");
    if (base::text(each, "Type") == "volume" && (driver.empty() || driver == "local"))
      container.volumes.emplace_back(base::text(each, "Name"));
  });
}

}  // namespace

labels::Node nodeFact(const cluster::NodeView& view) {
  const cluster::NodeRecord& record = view.record;
  labels::Node node;
  node.id = view.id.text();
  node.name = view.name;
  node.ip = view.api.host();
  node.labels = copied(record.labels);
  node.engineLabels = copied(record.engineLabels);
  node.os = record.os;
  node.distribution = record.operatingSystem;
  node.kernel = record.kernel;
  node.architecture = record.architecture;
  node.engineVersion = record.engineVersion;
  node.storageDriver = record.storageDriver;
  node.has.nanoCpus = record.cpus * 1'000'000'000;
  node.has.memory = record.memory;
  node.availability = availabilityOf(record.availability);
  node.trouble = troubleOf(view);
  return node;
}

std::optional<labels::Container> containerFact(const cluster::NodeId& owner, std::string_view id,
                                               std::string_view record) {
  rapidjson::Document entry = base::parseJson(record);
  if (base::text(entry, "Id") != id) return std::nullopt;
  labels::Container container;
  container.id = id;
  container.node = owner.text();
  container.image = base::text(entry, "Image");
  for (const std::string& name : base::texts(entry, "Names")) {
    if (name.find('/', 1) == std::string::npos) container.name = withoutSlash(name);
  }
  const rapidjson::Value* labels = base::member(entry, "Labels");
  if (labels && labels->IsObject()) {
    for (const auto& each : labels->GetObject()) {
      if (each.value.IsString())
        container.labels.emplace(base::asText(each.name), base::asText(each.value));
    }
  }
  std::string_view state = base::text(entry, "State");
  container.running = state == "running" || state == "paused" || state == "restarting";
  takePorts(entry, container);
  takeVolumes(entry, container);
  return container;
}

}  // namespace proxy
