#include "orchestrator/volume_conflicts.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/json.h"
#include "catalog/volume_record.h"

namespace orchestrator {
namespace {

// A record of a volume may come before that of the container it was made for, and after that of the
// next volume of its name.
constexpr base::milliseconds patience(3'000);

bool isGlobal(const cluster::Records& records, const cluster::NodeId& node,
              const std::string& name) {
  const cluster::Record* record =
      records.find(node, std::string(docker::recordsOf(docker::ObjectKind::volume)) + name);
  return record && base::text(base::parseJson(record->value), "Scope") == "global";
}

std::string namesOf(const VolumeConflict& conflict, const cluster::Nodes& all) {
  std::vector<std::string> names;
  for (const cluster::Node& each : all.nodes()) {
    bool has =
        std::find(conflict.nodes.begin(), conflict.nodes.end(), each.id) != conflict.nodes.end();
    if (has) names.push_back(each.name);
  }
  return inWords(std::move(names));
}

}  // namespace

std::string inWords(std::vector<std::string> nodes) {
  std::sort(nodes.begin(), nodes.end());
  std::string words;
  for (const std::string& each : nodes) words += (words.empty() ? "" : " and ") + each;
  return words;
}

std::vector<VolumeConflict> volumeConflicts(const catalog::ObjectIndex& objects,
                                            const cluster::Records& records,
                                            const catalog::ContainerIndex& index) {
  std::vector<VolumeConflict> conflicts;
  std::map<std::string, std::vector<cluster::NodeId>> shared =
      objects.shared(docker::ObjectKind::volume);
  if (shared.empty()) return conflicts;
  std::set<std::pair<cluster::NodeId, std::string>> ofGlobals;
  for (const auto& [id, global] : index.globals()) {
    const catalog::ContainerIndex::Container& entry = global.first->second;
    for (const std::string& volume : entry.volumes) ofGlobals.emplace(entry.owner, volume);
  }
  for (auto& [name, nodes] : shared) {
    if (isGlobal(records, nodes.front(), name)) continue;
    std::erase_if(nodes, [&, &volume = name](const cluster::NodeId& each) {
      return ofGlobals.contains({each, volume});
    });
    if (nodes.size() > 1) conflicts.push_back({name, std::move(nodes)});
  }
  return conflicts;
}

std::vector<std::string> volumeWarnings(const cluster::Nodes& nodes,
                                        const cluster::Records& records,
                                        const catalog::ObjectIndex& objects,
                                        const catalog::ContainerIndex& index) {
  std::vector<std::string> warnings;
  for (const VolumeConflict& each : volumeConflicts(objects, records, index)) {
    warnings.push_back("WARNING: volume " + each.name + " is on nodes " + namesOf(each, nodes) +
                       "; keep one of them");
  }
  return warnings;
}

void VolumeConflicts::follow(catalog::RecordFeed& feed) {
  feed.on(catalog::volumeKind,
          {[this](const catalog::FedRecord<catalog::VolumeFacts>&) { changed(); }});
}

void VolumeConflicts::changed() {
  if (std::exchange(set_, true)) return;
  timer_.start(patience, [this] {
    set_ = false;
    tell();
  });
}

void VolumeConflicts::tell() {
  if (!nodes_.clustered()) return;
  std::set<std::string> present;
  for (const VolumeConflict& each : volumeConflicts(objects_, records_, index_)) {
    bool isOurs =
        std::find(each.nodes.begin(), each.nodes.end(), nodes_.self()) != each.nodes.end();
    if (!isOurs) continue;
    present.insert(each.name);
    if (told_.contains(each.name)) continue;
    log_.warn("several nodes have a volume of the same name",
              {{"volume", each.name}, {"nodes", namesOf(each, nodes_)}});
  }
  told_ = std::move(present);
}

}  // namespace orchestrator
