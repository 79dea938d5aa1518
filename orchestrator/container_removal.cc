#include "orchestrator/container_removal.h"

#include <algorithm>

#include "base/json.h"
#include "docker/query.h"
#include "labels/decode.h"
#include "labels/text.h"

namespace orchestrator {
namespace {

constexpr std::string_view cleanupLabel = "io.rancher.container.volume_cleanup_strategy";

}  // namespace

std::optional<labels::VolumeCleanup> volumeCleanup(const catalog::LabelList& labels) {
  for (const auto& [key, value] : labels) {
    if (!labels::equalIgnoringCase(key, cleanupLabel)) continue;
    labels::Decoded decoded = labels::decode(labels::Labels{{key, value}});
    if (!decoded.problem) return decoded.policy.volumeCleanup;
  }
  return std::nullopt;
}

std::optional<labels::VolumeCleanup> volumeCleanup(std::string_view inspection) {
  rapidjson::Document json = base::parseJson(inspection);
  const rapidjson::Value* config = base::member(json, "Config");
  const rapidjson::Value* given = config ? base::member(*config, "Labels") : nullptr;
  catalog::LabelList labels;
  if (given && given->IsObject()) {
    for (const auto& each : given->GetObject()) {
      if (each.value.IsString())
        labels.emplace_back(base::asText(each.name), base::asText(each.value));
    }
  }
  return volumeCleanup(labels);
}

bool removesLink(std::string_view query) {
  return docker::parseQuery(query).flag("link");
}

std::string removalTarget(std::string_view target, labels::VolumeCleanup cleanup) {
  size_t question = std::min(target.find('?'), target.size());
  std::string_view text = target.substr(std::min(question + 1, target.size()));
  docker::Query query = docker::parseQuery(text);
  if (!query.fault.empty()) return std::string(target);
  query.erase("v");
  query.add("v", cleanup == labels::VolumeCleanup::none ? "0" : "1");
  return std::string(target.substr(0, question)) + "?" + query.text();
}

std::vector<std::string> localVolumes(std::string_view inspection) {
  rapidjson::Document json = base::parseJson(inspection);
  std::vector<std::string> names;
  const rapidjson::Value* mounts = base::member(json, "Mounts");
  if (!mounts || !mounts->IsArray()) return names;
  for (const rapidjson::Value& each : mounts->GetArray()) {
    bool isLocal = base::text(each, "Type") == "volume" && base::text(each, "Driver") == "local";
    std::string_view name = base::text(each, "Name");
    if (isLocal && !name.empty()) names.emplace_back(name);
  }
  return names;
}

}  // namespace orchestrator
