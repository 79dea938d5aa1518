#include "catalog/volume_record.h"

#include "base/json.h"

namespace catalog {

std::optional<Records> volumeRecords(std::string_view list) {
  std::optional<docker::JsonObject> answer = docker::JsonObject::parse(list);
  if (!answer) return std::nullopt;
  Records records;
  std::string_view volumes = answer->find("Volumes");
  if (volumes == "null" || volumes.empty()) return records;
  std::optional<std::vector<std::string_view>> elements = docker::jsonElements(volumes);
  if (!elements) return std::nullopt;
  for (std::string_view each : *elements) {
    std::optional<docker::JsonObject> volume = docker::JsonObject::parse(each);
    std::optional<std::string> name = volume ? plainString(volume->find("Name")) : std::nullopt;
    if (!name) return std::nullopt;
    if (name->empty() || name->size() > maxRecordName) continue;
    if (records.size() == maxObjectRecords) break;
    records[*name] = leanRecord(*volume, {"CreatedAt", "Driver", "Scope", "Labels"},
                                {"CreatedAt", "Driver", "Scope"});
  }
  return records;
}

std::optional<VolumeFacts> volumeFacts(std::string_view record) {
  if (record.size() > maxObjectRecord) return std::nullopt;
  return VolumeFacts{std::string(base::text(base::parseJson(record), "Driver"))};
}

std::string listedVolume(std::string_view name, std::string_view record) {
  std::optional<docker::JsonObject> volume = docker::JsonObject::parse(record);
  if (!volume) return "{}";
  volume->set("Name", docker::jsonString(name));
  volume->set("Mountpoint", "\"\"");
  if (volume->find("Labels").empty()) volume->set("Labels", "null");
  volume->set("Options", "null");
  volume->set("Status", "{\"Node\":\"down\"}");
  return volume->text();
}

}  // namespace catalog
