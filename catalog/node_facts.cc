#include "catalog/node_facts.h"

#include <map>
#include <string>
#include <vector>

#include "base/json.h"

namespace catalog {
namespace {

std::map<std::string, std::string> labelsOf(const std::vector<std::string>& pairs) {
  std::map<std::string, std::string> labels;
  for (const std::string& each : pairs) {
    size_t equals = each.find('=');
    labels[each.substr(0, equals)] =
        equals == std::string::npos ? std::string() : each.substr(equals + 1);
  }
  return labels;
}

// What the engine lists is what it has used; of managed plugins it may have others. "none" is no
// plugin, but can always be asked for.
std::map<std::string, std::vector<std::string>> pluginsOf(const rapidjson::Value& facts,
                                                          const rapidjson::Value& managed) {
  std::map<std::string, std::vector<std::string>> plugins;
  const rapidjson::Value* listed = base::member(facts, "Plugins");
  if (!listed) return plugins;
  for (const char* kind : {"Volume", "Network", "Log"}) {
    if (base::member(*listed, kind)) plugins[kind] = base::texts(*listed, kind);
  }
  if (plugins.contains("Log")) plugins["Log"].push_back("none");
  if (managed.IsArray()) {
    for (const rapidjson::Value& each : managed.GetArray()) {
      const rapidjson::Value* config = base::member(each, "Config");
      const rapidjson::Value* interface = config ? base::member(*config, "Interface") : nullptr;
      if (!interface || !base::isTrue(each, "Enabled")) continue;
      for (const std::string& type : base::texts(*interface, "Types")) {
        std::string name(base::text(each, "Name"));
        if (type.starts_with("docker.volumedriver/")) plugins["Volume"].push_back(name);
        if (type.starts_with("docker.logdriver/")) plugins["Log"].push_back(name);
      }
    }
  }
  const rapidjson::Value* runtimes = base::member(facts, "Runtimes");
  if (!runtimes || !runtimes->IsObject()) return plugins;
  for (const auto& each : runtimes->GetObject())
    plugins["Runtime"].emplace_back(base::asText(each.name));
  return plugins;
}

}  // namespace

std::optional<cluster::NodeRecord> nodeFacts(std::string_view info, std::string_view version,
                                             std::string_view plugins) {
  rapidjson::Document facts = base::parseJson(info);
  rapidjson::Document versions = base::parseJson(version);
  if (!facts.IsObject() || !versions.IsObject()) return std::nullopt;
  cluster::NodeRecord record;
  record.hostname = base::text(facts, "Name");
  record.os = base::text(facts, "OSType");
  record.architecture = base::text(facts, "Architecture");
  record.operatingSystem = base::text(facts, "OperatingSystem");
  record.kernel = base::text(facts, "KernelVersion");
  record.storageDriver = base::text(facts, "Driver");
  record.engineId = base::text(facts, "ID");
  record.engineVersion = base::text(facts, "ServerVersion");
  record.engineLabels = labelsOf(base::texts(facts, "Labels"));
  record.apiVersion = base::text(versions, "ApiVersion");
  record.minApiVersion = base::text(versions, "MinAPIVersion");
  record.cpus = base::number(facts, "NCPU");
  record.memory = base::number(facts, "MemTotal");
  record.plugins = pluginsOf(facts, base::parseJson(plugins));
  record.containers = base::number(facts, "Containers");
  record.running = base::number(facts, "ContainersRunning");
  return record;
}

}  // namespace catalog
