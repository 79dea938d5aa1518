#include "proxy/node_facts.h"

#include <map>
#include <string>
#include <vector>

#include "base/json.h"

namespace proxy {
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

}  // namespace

std::optional<cluster::NodeRecord> nodeFacts(std::string_view info, std::string_view version) {
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
  record.containers = base::number(facts, "Containers");
  record.running = base::number(facts, "ContainersRunning");
  return record;
}

}  // namespace proxy
