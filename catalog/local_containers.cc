#include "catalog/local_containers.h"

#include "base/json.h"
#include "catalog/container_record.h"
#include "catalog/container_spec.h"

namespace catalog {
namespace {

uint64_t saturated(uint64_t a, uint64_t b) {
  uint64_t sum = a + b;
  return sum < a ? UINT64_MAX : sum;
}

}  // namespace

void LocalContainers::clear() {
  known_.clear();
  specs_.clear();
}

std::optional<LocalContainers::Told> LocalContainers::read(std::string_view id,
                                                           std::string_view json) {
  std::optional<ResourceRequest> reserves = reservesOf(json);
  if (!reserves) return std::nullopt;
  Told told{encode(*reserves), reserves->nanoCpus, reserves->memory, specOf(id, json)};
  if (told.spec && told.spec->size() > maxSpecSize) told.spec->clear();
  return told;
}

void LocalContainers::inspected(const std::string& id, Told told, bool isOld) {
  known_[id] = {std::move(told.reserves), told.nanoCpus, told.memory, isOld};
  if (told.spec) specs_[id] = std::move(*told.spec);
}

void LocalContainers::event(std::string_view json) {
  rapidjson::Document event = base::parseJson(json);
  std::string_view type = base::text(event, "Type");
  std::string_view action = base::text(event, "Action");
  const rapidjson::Value* actor = base::member(event, "Actor");
  if (!actor) return;
  std::string_view id;
  if (type == "container" && (action == "update" || action == "rename"))
    id = base::text(*actor, "ID");
  if (type == "network") {
    const rapidjson::Value* attributes = base::member(*actor, "Attributes");
    if (attributes) id = base::text(*attributes, "container");
  }
  if (!id.empty()) events_++;
  if (auto known = known_.find(id); known != known_.end()) known->second.doubtful = true;
}

std::vector<std::string> LocalContainers::unknown(
    const std::vector<docker::ContainerTable::Plain>& listed) const {
  std::vector<std::string> ids;
  for (const docker::ContainerTable::Plain& each : listed) {
    auto known = known_.find(each.id);
    if (known == known_.end() || known->second.doubtful) ids.push_back(each.id);
  }
  return ids;
}

LocalContainers::Made LocalContainers::make(std::vector<docker::ContainerTable::Plain> listed) {
  Made made;
  for (const docker::ContainerTable::Plain& each : listed) {
    auto found = known_.find(each.id);
    Known known = found == known_.end() ? Known() : found->second;
    made.records[each.id] = containerRecord(each.json, known.reserves);
    made.sums.containers++;
    if (each.running) made.sums.running++;
    if (each.dead) continue;
    made.sums.nanoCpus = saturated(made.sums.nanoCpus, known.nanoCpus);
    made.sums.memory = saturated(made.sums.memory, known.memory);
  }
  auto gone = [&](const auto& each) { return !made.records.contains(each.first); };
  std::erase_if(known_, gone);
  std::erase_if(specs_, gone);
  return made;
}

Records LocalContainers::takeSpecs() {
  Records taken;
  taken.swap(specs_);
  return taken;
}

}  // namespace catalog
