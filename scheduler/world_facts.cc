#include "scheduler/world_facts.h"

#include <algorithm>

#include "base/json.h"
#include "catalog/global_labels.h"
#include "labels/decode.h"

namespace scheduler {
namespace {

Availability availabilityOf(std::string_view word) {
  if (word == "pause") return Availability::pause;
  if (word == "drain") return Availability::drain;
  return Availability::active;
}

labels::Labels copied(const std::map<std::string, std::string>& from) {
  return {from.begin(), from.end()};
}

// Why nothing can run there; empty if all is well.
std::string troubleOf(const cluster::NodeView& view) {
  if (view.status == cluster::Status::failed) return "is down";
  if (view.status == cluster::Status::left) return "has left";
  return view.record.engineError;
}

labels::PortUse portFact(const catalog::HostPort& port) {
  return {port.port, labels::findProtocol(port.protocol).value_or(labels::Protocol::tcp), port.ip};
}

labels::Resources reservedBy(const catalog::ResourceRequest& reserves) {
  labels::Resources reserved;
  reserved.nanoCpus = reserves.nanoCpus;
  reserved.memory = reserves.memory;
  reserved.pids = reserves.pids;
  for (const catalog::DeviceRequest& each : reserves.devices) {
    uint64_t count = each.ids.size();
    if (count == 0) count = each.count < 0 ? labels::Resources::all : uint64_t(each.count);
    std::string kind = "gpu";
    if (!each.capabilities.empty() && !each.capabilities[0].empty()) kind = each.capabilities[0][0];
    if (each.driver == "cdi" && !each.ids.empty())
      kind = each.ids[0].substr(0, each.ids[0].find('='));
    if (count > 0) reserved += labels::Resources{.generic = {{kind, count}}};
  }
  return reserved;
}

// What its labels set aside counts instead of its limits, as when it was placed.
void takeReserveLabel(Container& container) {
  constexpr const char* name = "io.drover.reserve";
  auto label = container.labels.find(name);
  if (label == container.labels.end()) return;
  base::JsonWriter body;
  body.object().object("HostConfig");
  body.member("NanoCpus", container.reserved.nanoCpus);
  body.member("Memory", container.reserved.memory);
  body.member("PidsLimit", container.reserved.pids).endObject();
  body.object("Labels").member(name, label->second).endObject().endObject();
  labels::Resources said = labels::decode(body.text()).policy.reserve;
  said.generic.insert(container.reserved.generic.begin(), container.reserved.generic.end());
  container.reserved = std::move(said);
}

}  // namespace

Node nodeFact(const cluster::NodeView& view) {
  const cluster::NodeRecord& record = view.record;
  Node node;
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
  for (const auto& [kind, names] : record.plugins)
    node.plugins[kind].insert(names.begin(), names.end());
  node.load = static_cast<double>(std::min<uint64_t>(record.load, 100)) / 100;
  node.availability = availabilityOf(record.availability);
  node.trouble = troubleOf(view);
  return node;
}

Container containerFact(const cluster::NodeId& owner, const std::string& id,
                        const catalog::ContainerFacts& facts) {
  Container container;
  container.id = id;
  container.node = owner.text();
  container.image = facts.image;
  if (!facts.names.empty()) container.name = facts.names.front();
  for (const auto& [key, value] : facts.labels)
    container.labels.emplace(catalog::shownLabel(key), value);
  container.running = facts.running;
  for (const catalog::HostPort& each : facts.ports) container.ports.push_back(portFact(each));
  container.volumes = facts.volumes;
  container.binds = facts.binds;
  container.reserved = reservedBy(facts.reserves);
  takeReserveLabel(container);
  return container;
}

}  // namespace scheduler
