#include "catalog/network_record.h"

#include "base/json.h"

namespace catalog {
namespace {

bool isBuiltIn(std::string_view name) {
  return name == "\"bridge\"" || name == "\"host\"" || name == "\"none\"";
}

// Without its driver's options.
std::string addressesOf(const docker::JsonObject& network) {
  std::optional<docker::JsonObject> ipam = docker::JsonObject::parse(network.find("IPAM"));
  return ipam ? leanObject(*ipam, {"Config"}) : "{}";
}

}  // namespace

std::optional<Records> networkRecords(std::string_view list) {
  std::optional<std::vector<std::string_view>> elements = docker::jsonElements(list);
  if (!elements) return std::nullopt;
  Records records;
  for (std::string_view each : *elements) {
    std::optional<docker::JsonObject> network = docker::JsonObject::parse(each);
    std::optional<std::string> id = network ? plainString(network->find("Id")) : std::nullopt;
    if (!id) return std::nullopt;
    if (isBuiltIn(network->find("Name")) || id->size() > maxRecordName) continue;
    if (records.size() == maxObjectRecords) break;
    network->set("IPAM", addressesOf(*network));
    std::string lean = network->text();
    records[*id] = leanRecord(*docker::JsonObject::parse(lean),
                              {"Name", "Created", "Scope", "Driver", "EnableIPv6", "IPAM",
                               "Internal", "Attachable", "Ingress", "Labels"},
                              {"Name", "Created", "Scope", "Driver"});
  }
  return records;
}

std::optional<NetworkFacts> networkFacts(std::string_view record) {
  if (record.size() > maxObjectRecord) return std::nullopt;
  rapidjson::Document json = base::parseJson(record);
  std::string_view name = base::text(json, "Name");
  if (name.empty() || name.size() > maxRecordName) return std::nullopt;
  return NetworkFacts{std::string(name)};
}

std::string listedNetwork(std::string_view id, std::string_view record) {
  std::optional<docker::JsonObject> network = docker::JsonObject::parse(record);
  if (!network) return "{}";
  network->set("Id", docker::jsonString(id));
  for (std::string_view flag : {"EnableIPv6", "Internal", "Attachable", "Ingress", "ConfigOnly"}) {
    if (network->find(flag).empty()) network->set(flag, "false");
  }
  for (std::string_view object : {"IPAM", "Containers", "Options", "Labels"}) {
    if (network->find(object).empty()) network->set(object, "{}");
  }
  network->set("ConfigFrom", "{\"Network\":\"\"}");
  return network->text();
}

}  // namespace catalog
