#include "catalog/object_index.h"

#include <algorithm>
#include <utility>

#include "catalog/image_record.h"
#include "catalog/network_record.h"
#include "catalog/volume_record.h"
#include "docker/image_reference.h"

namespace catalog {
namespace {

constexpr std::string_view digestOfImage = "sha256:";

}  // namespace

void ObjectIndex::follow(RecordFeed& feed) {
  using docker::ObjectKind;
  auto erases = [this](ObjectKind kind) {
    return [this, kind](const cluster::NodeId& owner, const std::string& id) {
      erase(kind, owner, id);
    };
  };
  feed.onMembership({nullptr, [this] { clear(); }});
  feed.on(networkKind, {[this](const FedRecord<NetworkFacts>& record) {
                          put(ObjectKind::network, record.owner, record.name, {record.value.name});
                        },
                        erases(ObjectKind::network)});
  feed.on(volumeKind, {[this](const FedRecord<VolumeFacts>& record) {
                         put(ObjectKind::volume, record.owner, record.name, {});
                       },
                       erases(ObjectKind::volume)});
  feed.on(imageKind, {[this](const FedRecord<ImageFacts>& record) {
                        put(ObjectKind::image, record.owner, record.name, record.value.names);
                        tags_.putImage(record.owner, record.name, record.value);
                      },
                      [this](const cluster::NodeId& owner, const std::string& id) {
                        erase(ObjectKind::image, owner, id);
                        tags_.eraseImage(owner, id);
                      }});
  feed.on(tagKind, {[this](const FedRecord<TagMeaning>& record) {
                      tags_.put(record.owner, record.name, record.value);
                    },
                    [this](const cluster::NodeId& owner, const std::string& tag) {
                      tags_.erase(owner, tag);
                    }});
}

// A volume's name is its id.
void ObjectIndex::put(docker::ObjectKind kind, const cluster::NodeId& owner, const std::string& id,
                      std::vector<std::string> names) {
  erase(kind, owner, id);
  Kept& kept = of(kind);
  auto object = kept.objects.try_emplace(id).first;
  for (const std::string& name : names) kept.names.emplace(name, &*object);
  object->second[owner] = std::move(names);
}

void ObjectIndex::erase(docker::ObjectKind kind, const cluster::NodeId& owner,
                        const std::string& id) {
  Kept& kept = of(kind);
  auto object = kept.objects.find(id);
  if (object == kept.objects.end()) return;
  auto holder = object->second.find(owner);
  if (holder == object->second.end()) return;
  dropNames(kept, *object, holder->second);
  object->second.erase(holder);
  if (object->second.empty()) kept.objects.erase(object);
}

void ObjectIndex::clear() {
  for (Kept& each : kept_) each = Kept();
  tags_.clear();
}

// One of each, since other nodes may have the same object under the same name.
void ObjectIndex::dropNames(Kept& kept, const Object& object,
                            const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    auto [begin, end] = kept.names.equal_range(name);
    auto own = std::find_if(begin, end, [&](const auto& each) { return each.second == &object; });
    if (own != end) kept.names.erase(own);
  }
}

const ObjectIndex::Object* ObjectIndex::byId(docker::ObjectKind kind,
                                             std::string_view begin) const {
  if (begin.empty() || kind == docker::ObjectKind::volume) return nullptr;
  std::string prefix(begin);
  if (kind == docker::ObjectKind::image && !begin.starts_with(digestOfImage))
    prefix = std::string(digestOfImage) + prefix;
  const Kept& kept = of(kind);
  auto at = kept.objects.lower_bound(prefix);
  if (at == kept.objects.end() || !at->first.starts_with(prefix)) return nullptr;
  auto next = std::next(at);
  bool several = next != kept.objects.end() && next->first.starts_with(prefix);
  return several ? nullptr : &*at;
}

std::vector<cluster::NodeId> ObjectIndex::holders(docker::ObjectKind kind,
                                                  std::string_view object) const {
  const Kept& kept = of(kind);
  std::set<cluster::NodeId> found;
  auto all = [&](const Object& holding) {
    for (const auto& [node, names] : holding.second) found.insert(node);
  };
  if (auto exact = kept.objects.find(object); exact != kept.objects.end()) all(*exact);
  if (found.empty()) {
    std::string name =
        kind == docker::ObjectKind::image ? docker::listedImageName(object) : std::string(object);
    auto [begin, end] = kept.names.equal_range(name);
    for (auto each = begin; each != end; ++each) {
      for (const auto& [node, names] : each->second->second) {
        if (std::find(names.begin(), names.end(), name) != names.end()) found.insert(node);
      }
    }
  }
  if (found.empty()) {
    if (const Object* one = byId(kind, object)) all(*one);
  }
  return {found.begin(), found.end()};
}

std::vector<std::string> ObjectIndex::named(docker::ObjectKind kind, std::string_view name) const {
  std::set<std::string> ids;
  std::string known =
      kind == docker::ObjectKind::image ? docker::listedImageName(name) : std::string(name);
  auto [begin, end] = of(kind).names.equal_range(known);
  for (auto each = begin; each != end; ++each) ids.insert(each->second->first);
  if (ids.empty()) {
    if (const Object* one = byId(kind, name)) ids.insert(one->first);
  }
  return {ids.begin(), ids.end()};
}

std::map<std::string, std::vector<cluster::NodeId>> ObjectIndex::shared(
    docker::ObjectKind kind) const {
  std::map<std::string, std::vector<cluster::NodeId>> found;
  for (const auto& [id, holders] : of(kind).objects) {
    if (holders.size() < 2) continue;
    std::vector<cluster::NodeId>& nodes = found[id];
    for (const auto& [node, names] : holders) nodes.push_back(node);
  }
  return found;
}

size_t ObjectIndex::distinct(docker::ObjectKind kind,
                             const std::set<cluster::NodeId>& nodes) const {
  const Kept& kept = of(kind);
  return static_cast<size_t>(
      std::count_if(kept.objects.begin(), kept.objects.end(), [&](const Object& object) {
        return std::any_of(object.second.begin(), object.second.end(),
                           [&](const auto& each) { return nodes.contains(each.first); });
      }));
}

}  // namespace catalog
