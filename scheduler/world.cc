#include "scheduler/world.h"

#include "docker/image_reference.h"
#include "labels/fields.h"
#include "labels/words.h"
#include "scheduler/platform.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace scheduler {
namespace {

std::string joined(std::string_view prefix, std::string_view key) {
  return std::string(prefix) + std::string(key);
}

std::string decimal(double number) {
  char text[32];
  auto end = std::to_chars(std::begin(text), std::end(text), number).ptr;
  return {std::begin(text), end};
}

// What an image is called: its id, its names, and their repositories.
std::set<std::string> namesOf(const Image& image) {
  std::set<std::string> names{image.id};
  for (const std::string& name : image.names) {
    names.insert(docker::listedImageName(name));
    names.insert(docker::imageRepository(name));
  }
  names.erase("");
  return names;
}

}  // namespace

void eachValue(const NodeInfo& state, const VisitValue& visit) {
  const Node& node = state.facts;
  visit(labels::field::node, node.name);
  if (node.id != node.name) visit(labels::field::node, node.id);
  visit("node.name", node.name);
  visit("node.id", node.id);
  const std::pair<std::string_view, std::string> facts[] = {
      {"node.ip", node.ip},
      {"node.os", node.os},
      {"node.distribution", node.distribution},
      {"node.kernel", node.kernel},
      {"node.arch", state.platform.substr(state.platform.find('/') + 1)},
      {"node.engine", node.engineVersion},
      {"node.storage", node.storageDriver},
      {"node.zone", state.rules.zone},
      {"node.cpus", decimal(static_cast<double>(node.has.nanoCpus) / 1e9)},
      {"node.memory", std::to_string(node.has.memory)},
  };
  for (const auto& [field, value] : facts) {
    if (!value.empty()) visit(field, value);
  }
  for (const auto& [key, value] : node.labels) {
    visit(joined(labels::field::nodeLabel, key), value);
    visit(joined(labels::field::anyLabel, key), value);
  }
  for (const auto& [key, value] : node.engineLabels) {
    visit(joined(labels::field::engineLabel, key), value);
    if (!node.labels.contains(key)) visit(joined(labels::field::anyLabel, key), value);
  }
  for (const auto& [kind, names] : node.plugins) {
    for (const std::string& name : names) visit(joined(labels::field::plugin, kind), name);
  }
}

void eachValue(const Container& container, const VisitValue& visit) {
  if (!container.name.empty()) visit(labels::field::container, container.name);
  std::string image = docker::listedImageName(container.image),
              repository = docker::imageRepository(container.image);
  visit("container.image", image);
  if (repository != image) visit("container.image", repository);
  std::string key(labels::field::containerLabel);
  for (const auto& [name, value] : container.labels) {
    key.resize(labels::field::containerLabel.size());
    visit(key += name, value);
  }
  labels::Identity identity = labels::identityOf(container.labels);
  visit(labels::field::group, labels::groupOf(identity, container.image));
  if (!identity.project.empty()) visit(labels::field::project, identity.project);
  std::string service = identity.fullService();
  if (!service.empty()) {
    visit(labels::field::service, service);
    visit(labels::field::unit, identity.unit(identity.service));
  }
  for (const std::string& unit : labels::sidekickUnits(container.labels))
    visit(labels::field::claims, unit);
  for (const std::string& volume : container.volumes) {
    visit(labels::field::volume, volume);
    visit(labels::field::volumeHome, volume);
  }
}

void World::note(bool isThere, std::string_view field, std::string_view value, Slot node) {
  auto found = fields_.find(field);
  if (isThere) {
    if (found == fields_.end()) found = fields_.try_emplace(std::string(field)).first;
    found->second.add(value, node);
  } else if (found != fields_.end()) {
    found->second.remove(value, node);
    if (found->second.empty()) fields_.erase(found);
  }
}

void World::indexNode(const NodeInfo& state, bool isThere) {
  eachValue(state, [&](std::string_view field, std::string_view value) {
    note(isThere, field, value, state.slot);
  });
}

void World::indexPorts(const Container& container, NodeInfo& state, bool isThere) {
  if (container.ports.empty()) return;
  labels::TakenPorts ports(container.ports);
  if (isThere) {
    std::vector<const Container*> holders(ports.size(), &container);
    labels::insertAt(state.portHolders, state.ports.insertAll(ports.uses()), std::move(holders));
    return;
  }
  std::vector<size_t> places;
  for (const labels::PortUse& each : ports.uses()) {
    size_t entry = state.ports.placeOf(each);
    if (!places.empty()) entry = std::max(entry, places.back() + 1);
    while (state.portHolders[entry] != &container) entry++;
    places.push_back(entry);
  }
  state.ports.eraseAll(places);
  labels::eraseAt(state.portHolders, places);
}

void World::indexValues(const Container& container, bool isThere) {
  Slot slot = state(container.node)->slot;
  eachValue(container, [&](std::string_view field, std::string_view value) {
    note(isThere, field, value, slot);
  });
}

// What it takes of its node.
void World::countUse(const Container& container, bool isThere) {
  NodeInfo& node = *state(container.node);
  indexPorts(container, node, isThere);
  if (isThere) {
    node.containers++;
    node.reserved += container.reserved;
  } else {
    node.containers--;
    node.reserved -= container.reserved;
  }
}

// Of thousands of nodes little is in the caches. So what a decision reads of each is asked of the
// memory some nodes before: first the node, then what it points to.
void World::fetchAhead(size_t slot) const {
  constexpr size_t node = 8, contents = 4, line = 64;
  if (slot + node < states_.size()) {
    const char* begin = reinterpret_cast<const char*>(&states_[slot + node]);
    for (size_t at = 0; at < sizeof(NodeInfo); at += line) __builtin_prefetch(begin + at);
  }
  if (slot + contents < states_.size()) {
    const NodeInfo& state = states_[slot + contents];
    state.ports.prefetch();
    for (const labels::Resources* each : {&state.has, &state.reserved}) {
      if (!each->generic.empty()) __builtin_prefetch(&*each->generic.begin());
    }
    __builtin_prefetch(state.facts.id.data());
  }
}

NodeInfo* World::state(std::string_view id) {
  auto found = nodes_.find(id);
  return found == nodes_.end() ? nullptr : found->second;
}

const NodeInfo* World::node(std::string_view id) const {
  auto found = nodes_.find(id);
  return found == nodes_.end() ? nullptr : found->second;
}

void World::putNode(Node node) {
  NodeInfo* found = state(node.id);
  if (found) {
    if (found->facts == node) return;
    indexNode(*found, false);
    found->reserved -= found->facts.reserved;
  } else if (!freeSlots_.empty()) {
    found = &states_[freeSlots_.back()];
    freeSlots_.pop_back();
  } else {
    found = &states_.add();
  }
  nodes_.insert_or_assign(node.id, found);
  found->facts = std::move(node);
  found->rules = labels::readNodeLabels(found->facts.labels, found->facts.engineLabels);
  found->platform = platformOf(found->facts.os, found->facts.architecture);
  found->has = found->facts.has;
  found->has += found->rules.resources;
  found->reserved += found->facts.reserved;
  indexNode(*found, true);
}

void World::eraseNode(std::string_view id) {
  NodeInfo* found = state(id);
  if (!found) return;
  std::vector<std::string> gone;
  for (const auto& [containerId, container] : containers_) {
    if (container.node == id) gone.push_back(containerId);
  }
  for (const std::string& each : gone) eraseContainer(each);
  setImages(id, {});
  setVolumes(id, {});
  setNetworks(id, {});
  indexNode(*found, false);
  nodes_.erase(nodes_.find(id));
  Slot slot = found->slot;
  *found = NodeInfo();
  found->slot = slot;
  freeSlots_.push_back(slot);
}

bool World::putContainer(Container container) {
  NodeInfo* target = state(container.node);
  if (!target) return false;
  if (auto known = containers_.find(container.id);
      known != containers_.end() && known->second == container)
    return true;
  auto former = containers_.extract(container.id);
  if (former) countUse(former.mapped(), false);
  std::string id = container.id;
  const Container& kept = containers_.try_emplace(id, std::move(container)).first->second;
  byName_.emplace(kept.name, &kept);
  countUse(kept, true);
  // The former goes after the new one came: what both say stays where it is.
  indexValues(kept, true);
  if (former) indexValues(former.mapped(), false);
  if (former) dropName(former.mapped());
  return true;
}

void World::renameContainer(std::string_view id, const std::string& fresh) {
  auto found = containers_.find(id);
  if (found == containers_.end() || containers_.contains(fresh)) return;
  auto moved = containers_.extract(found);
  moved.key() = moved.mapped().id = fresh;
  containers_.insert(std::move(moved));
}

void World::eraseContainer(std::string_view id) {
  auto found = containers_.find(id);
  if (found == containers_.end()) return;
  countUse(found->second, false);
  indexValues(found->second, false);
  dropName(found->second);
  containers_.erase(found);
}

void World::dropName(const Container& container) {
  auto [begin, end] = byName_.equal_range(container.name);
  byName_.erase(
      std::find_if(begin, end, [&](const auto& each) { return each.second == &container; }));
}

void World::setImages(std::string_view node, std::vector<Image> images) {
  NodeInfo* found = state(node);
  if (!found || found->images == images) return;
  for (const Image& image : found->images) {
    for (const std::string& name : namesOf(image))
      note(false, labels::field::image, name, found->slot);
  }
  found->images = std::move(images);
  for (const Image& image : found->images) {
    for (const std::string& name : namesOf(image))
      note(true, labels::field::image, name, found->slot);
  }
}

void World::setVolumes(std::string_view node, std::vector<Volume> volumes) {
  NodeInfo* found = state(node);
  if (!found || found->volumes == volumes) return;
  auto noteAll = [&](bool isThere) {
    for (const Volume& volume : found->volumes) {
      note(isThere, labels::field::volume, volume.name, found->slot);
      if (volume.local) note(isThere, labels::field::volumeHome, volume.name, found->slot);
    }
  };
  noteAll(false);
  found->volumes = std::move(volumes);
  noteAll(true);
}

void World::setNetworks(std::string_view node, std::vector<Network> networks) {
  NodeInfo* found = state(node);
  if (!found || found->networks == networks) return;
  auto noteAll = [&](bool isThere) {
    for (const Network& network : found->networks) {
      note(isThere, labels::field::network, network.name, found->slot);
      if (network.id != network.name)
        note(isThere, labels::field::network, network.id, found->slot);
    }
  };
  noteAll(false);
  found->networks = std::move(networks);
  noteAll(true);
}

const Container* World::container(std::string_view idOrName) const {
  if (idOrName.starts_with('/')) idOrName.remove_prefix(1);
  if (idOrName.empty()) return nullptr;
  auto found = containers_.lower_bound(idOrName);
  if (found != containers_.end() && found->first == idOrName) return &found->second;
  auto [begin, end] = byName_.equal_range(idOrName);
  if (begin != end) return std::next(begin) == end ? begin->second : nullptr;
  if (found == containers_.end() || !found->first.starts_with(idOrName)) return nullptr;
  auto next = std::next(found);
  bool isUnique = next == containers_.end() || !next->first.starts_with(idOrName);
  return isUnique ? &found->second : nullptr;
}

std::vector<uint32_t> World::count(const labels::Rule& rule) const {
  std::vector<uint32_t> perNode(slots());
  if (rule.keyCase == labels::Case::matters) {
    if (auto found = fields_.find(rule.field); found != fields_.end())
      found->second.count(rule, perNode);
  } else {
    for (const auto& [name, index] : fields_) {
      if (labels::equalIgnoringCase(name, rule.field)) index.count(rule, perNode);
    }
  }
  if (rule.field == labels::field::container) countIds(rule, perNode);
  return perNode;
}

// Containers that the rule names by their ids.
void World::countIds(const labels::Rule& rule, std::vector<uint32_t>& perNode) const {
  constexpr size_t shortId = 12;
  for (const labels::Pattern& each : rule.values) {
    if (each.kind() != labels::Pattern::Kind::literal || each.text().size() < shortId) continue;
    const Container* found = container(each.text());
    if (found && found->name != each.text()) perNode[node(found->node)->slot]++;
  }
}

std::span<const ValueIndex::Count> World::find(std::string_view field,
                                               std::string_view value) const {
  const ValueIndex* index = values(field);
  return index ? index->find(value) : std::span<const ValueIndex::Count>();
}

const ValueIndex* World::values(std::string_view field) const {
  auto found = fields_.find(field);
  return found == fields_.end() ? nullptr : &found->second;
}

}  // namespace scheduler
