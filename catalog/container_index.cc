#include "catalog/container_index.h"

#include <algorithm>
#include <optional>

namespace catalog {
namespace {

constexpr size_t maxRemoved = 4096;

}  // namespace

void ContainerIndex::follow(RecordFeed& feed) {
  feed.onMembership({nullptr, [this] { clear(); }});
  feed.on(containerKind,
          {[this](const FedRecord<ContainerFacts>& record) {
             put(record.owner, record.name, record.value, record.version);
           },
           [this](const cluster::NodeId& owner, const std::string& id) { erase(owner, id); }});
}

bool ContainerIndex::put(const cluster::NodeId& owner, const std::string& id, ContainerFacts facts,
                         uint64_t version) {
  if (wasRemoved(id)) return false;
  auto [entry, fresh] = byId_.try_emplace(id);
  if (!fresh) disown(*entry);
  static_cast<ContainerFacts&>(entry->second) = std::move(facts);
  entry->second.version = version;
  own(*entry, owner);
  return true;
}

void ContainerIndex::expect(const cluster::NodeId& owner, const std::string& id,
                            const std::string& name, ContainerFacts facts) {
  auto [entry, fresh] = byId_.try_emplace(id);
  if (!fresh) return;
  static_cast<ContainerFacts&>(entry->second) = std::move(facts);
  entry->second.names.clear();
  if (!name.empty()) entry->second.names.push_back(name);
  own(*entry, owner);
}

void ContainerIndex::unexpect(const cluster::NodeId& owner, const std::string& id) {
  auto entry = byId_.find(id);
  if (entry != byId_.end() && entry->second.version == 0) erase(owner, id);
}

void ContainerIndex::erase(const cluster::NodeId& owner, const std::string& id) {
  auto entry = byId_.find(id);
  if (entry == byId_.end() || entry->second.owner != owner) return;
  disown(*entry);
  byId_.erase(entry);
}

void ContainerIndex::remove(const cluster::NodeId& owner, const std::string& id) {
  erase(owner, id);
  if (id.empty() || !removed_.insert(id).second) return;
  removedOrder_.push_back(id);
  if (removedOrder_.size() <= maxRemoved) return;
  removed_.erase(removedOrder_.front());
  removedOrder_.pop_front();
}

void ContainerIndex::clear() {
  owned_.clear();
  globals_.clear();
  removed_.clear();
  removedOrder_.clear();
  byName_.clear();
  byLink_.clear();
  byId_.clear();
}

void ContainerIndex::own(Entry& entry, const cluster::NodeId& owner) {
  entry.second.owner = owner;
  dropFormer(entry);
  owned_[owner].emplace(entry.first, &entry);
  for (const std::string& name : entry.second.names) byName_.emplace(name, &entry);
  for (const std::string& link : entry.second.links) byLink_.emplace(link, &entry);
  const std::vector<std::string>& names = entry.second.names;
  std::optional<GlobalMark> mark =
      globalMark(entry.second.labels, names.empty() ? std::string() : names.front());
  if (mark) globals_.try_emplace(entry.first, &entry, std::move(*mark));
}

void ContainerIndex::disown(const Entry& entry) {
  dropNames(entry);
  globals_.erase(entry.first);
  auto owned = owned_.find(entry.second.owner);
  owned->second.erase(entry.first);
  if (owned->second.empty()) owned_.erase(owned);
}

// An engine has a name once: of its containers the one with the latest word has it.
void ContainerIndex::dropFormer(const Entry& entry) {
  const Container& latest = entry.second;
  for (const std::string& name : latest.names) {
    auto [each, end] = byName_.equal_range(name);
    while (each != end) {
      Container& other = each->second->second;
      bool former = each->second != &entry && other.owner == latest.owner && other.version > 0 &&
                    (latest.version == 0 || other.version < latest.version);
      if (former) std::erase(other.names, name);
      each = former ? byName_.erase(each) : std::next(each);
    }
  }
}

void ContainerIndex::dropNames(const Entry& entry) {
  auto drop = [&](auto& all, const std::string& name) {
    auto [begin, end] = all.equal_range(name);
    auto own = std::find_if(begin, end, [&](const auto& each) { return each.second == &entry; });
    if (own != end) all.erase(own);
  };
  for (const std::string& name : entry.second.names) drop(byName_, name);
  for (const std::string& link : entry.second.links) drop(byLink_, link);
}

ContainerIndex::Found ContainerIndex::find(std::string_view object) const {
  if (object.starts_with('/')) object.remove_prefix(1);
  if (object.empty()) return {};
  auto at = byId_.lower_bound(object);
  if (at != byId_.end() && at->first == object) return {&*at, false};
  auto [named, namedEnd] = byName_.equal_range(object);
  if (named != namedEnd) {
    // One that we just made comes before the records of other nodes, which may be out of date.
    auto expected = std::find_if(named, namedEnd,
                                 [](const auto& each) { return each.second->second.version == 0; });
    return {(expected == namedEnd ? named : expected)->second, false};
  }
  if (auto link = byLink_.find(object); link != byLink_.end()) return {link->second, false};
  if (at == byId_.end() || !at->first.starts_with(object)) return {};
  auto next = std::next(at);
  bool several = next != byId_.end() && next->first.starts_with(object);
  return {several ? nullptr : &*at, several};
}

std::vector<const ContainerIndex::Entry*> ContainerIndex::named(std::string_view name) const {
  std::vector<const Entry*> found;
  auto [begin, end] = byName_.equal_range(name);
  for (auto each = begin; each != end; ++each) found.push_back(each->second);
  return found;
}

const ContainerIndex::Owned& ContainerIndex::of(const cluster::NodeId& owner) const {
  static const Owned none;
  auto found = owned_.find(owner);
  return found == owned_.end() ? none : found->second;
}

}  // namespace catalog
