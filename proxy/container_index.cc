#include "proxy/container_index.h"

#include "base/json.h"

namespace proxy {
namespace {

constexpr size_t removedMost = 4096;

}  // namespace

bool ContainerIndex::put(const cluster::NodeId& owner, const std::string& id,
                         std::string_view listed, uint64_t version) {
  rapidjson::Document json = base::parseJson(listed);
  if (base::text(json, "Id") != id || wasRemoved(id)) return false;
  Entry entry;
  entry.owner = owner;
  entry.version = version;
  entry.created = static_cast<int64_t>(base::number(json, "Created"));
  for (const std::string& name : base::texts(json, "Names")) {
    // "/web"; "/other/alias" is a link's name for it.
    if (name.starts_with('/') && name.find('/', 1) == std::string::npos)
      entry.names.push_back(name.substr(1));
  }
  auto [place, fresh] = byId_.try_emplace(id);
  if (!fresh) {
    dropNames(*place);
    counts_[place->second.owner]--;
  }
  place->second = std::move(entry);
  counts_[owner]++;
  for (const std::string& name : place->second.names) byName_.emplace(name, &*place);
  return true;
}

void ContainerIndex::expect(const cluster::NodeId& owner, const std::string& id,
                            const std::string& name) {
  auto [place, fresh] = byId_.try_emplace(id);
  if (!fresh) return;
  place->second.owner = owner;
  counts_[owner]++;
  if (name.empty()) return;
  place->second.names.push_back(name);
  byName_.emplace(name, &*place);
}

void ContainerIndex::unexpect(const cluster::NodeId& owner, const std::string& id) {
  auto place = byId_.find(id);
  if (place != byId_.end() && place->second.version == 0) erase(owner, id);
}

void ContainerIndex::erase(const cluster::NodeId& owner, const std::string& id) {
  auto place = byId_.find(id);
  if (place == byId_.end() || place->second.owner != owner) return;
  dropNames(*place);
  counts_[owner]--;
  byId_.erase(place);
}

void ContainerIndex::remove(const cluster::NodeId& owner, const std::string& id) {
  erase(owner, id);
  if (id.empty() || !removed_.insert(id).second) return;
  removedOrder_.push_back(id);
  if (removedOrder_.size() <= removedMost) return;
  removed_.erase(removedOrder_.front());
  removedOrder_.pop_front();
}

void ContainerIndex::clear() {
  removed_.clear();
  removedOrder_.clear();
  byName_.clear();
  byId_.clear();
  counts_.clear();
}

void ContainerIndex::dropNames(const Place& place) {
  for (const std::string& name : place.second.names) {
    auto [begin, end] = byName_.equal_range(name);
    for (auto each = begin; each != end; ++each) {
      if (each->second != &place) continue;
      byName_.erase(each);
      break;
    }
  }
}

ContainerIndex::Found ContainerIndex::find(std::string_view object) const {
  if (object.starts_with('/')) object.remove_prefix(1);
  if (object.empty()) return {};
  auto at = byId_.lower_bound(object);
  if (at != byId_.end() && at->first == object) return {&*at, false};
  if (auto name = byName_.find(object); name != byName_.end()) return {name->second, false};
  if (at == byId_.end() || !at->first.starts_with(object)) return {};
  auto next = std::next(at);
  bool several = next != byId_.end() && next->first.starts_with(object);
  return {several ? nullptr : &*at, several};
}

std::vector<const ContainerIndex::Place*> ContainerIndex::named(std::string_view name) const {
  std::vector<const Place*> found;
  auto [begin, end] = byName_.equal_range(name);
  for (auto each = begin; each != end; ++each) found.push_back(each->second);
  return found;
}

size_t ContainerIndex::countOf(const cluster::NodeId& owner) const {
  auto found = counts_.find(owner);
  return found == counts_.end() ? 0 : found->second;
}

}  // namespace proxy
