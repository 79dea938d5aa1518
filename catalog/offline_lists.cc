#include "catalog/offline_lists.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "base/json.h"
#include "catalog/container_record.h"
#include "catalog/network_record.h"
#include "catalog/object_filters.h"
#include "catalog/volume_record.h"

namespace catalog {

std::string recordedContainers(const cluster::Records& records, const ContainerIndex& index,
                               const cluster::NodeId& node) {
  std::vector<std::pair<uint64_t, std::string>> entries;
  records.eachOf(node, containerRecords,
                 [&](const std::string& key, const cluster::Record& record) {
                   if (index.wasRemoved(key.substr(containerRecords.size()))) return;
                   entries.emplace_back(base::number(base::parseJson(record.value), "Created"),
                                        listedContainer(record.value));
                 });
  std::stable_sort(entries.begin(), entries.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::string list = "[";
  for (const auto& [created, json] : entries) {
    if (list.size() > 1) list.push_back(',');
    list.append(json);
  }
  return list + "]";
}

std::optional<std::string> recordedHeld(docker::ObjectKind kind, const cluster::Records& records,
                                        const ContainerIndex& index, const cluster::NodeId& node,
                                        const docker::FilteredQuery& query) {
  std::set<std::string_view> used;
  for (const auto& [id, entry] : index.of(node))
    used.insert(entry->second.volumes.begin(), entry->second.volumes.end());
  std::string list;
  records.eachOf(
      node, docker::recordsOf(kind), [&](const std::string& key, const cluster::Record& record) {
        std::string_view name = std::string_view(key).substr(docker::recordsOf(kind).size());
        std::string listed = kind == docker::ObjectKind::network ? listedNetwork(name, record.value)
                                                                 : listedVolume(name, record.value);
        if (!matchesHeld(kind, listed, query.filters, used.contains(name))) return;
        list += (list.empty() ? "" : ",") + listed;
      });
  if (list.empty()) return std::nullopt;
  list = "[" + list + "]";
  return kind == docker::ObjectKind::volume ? "{\"Volumes\":" + list + ",\"Warnings\":null}" : list;
}

}  // namespace catalog
