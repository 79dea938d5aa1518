#include "scheduler/scheduler.h"

#include <algorithm>

#include "scheduler/global.h"
#include "scheduler/world_facts.h"

namespace scheduler {
namespace {

// How the World names what is reserved by us; pending containers of others have their records' ids.
constexpr std::string_view reservations = "reserved/";

// The others do not hear of one whose labels are too much for a record.
bool fitsIntoRecord(const catalog::ContainerFacts& facts) {
  size_t sum = 0;
  for (const auto& [key, value] : facts.labels) sum += key.size() + value.size();
  return sum < cluster::maxRecordValue;
}

}  // namespace

void Scheduler::follow(catalog::RecordFeed& feed, const catalog::ContainerIndex& index) {
  using docker::ObjectKind;
  auto erases = [this](ObjectKind kind) {
    return [this, kind](const cluster::NodeId& owner, const std::string& id) {
      drop(owner, kind, id);
    };
  };
  feed.onMembership({nullptr, [this] { clear(); }});
  feed.on(catalog::containerKind,
          {[this, &index](const catalog::FedRecord<catalog::ContainerFacts>& record) {
             if (!index.wasRemoved(record.name))
               containerChanged(record.owner, record.name, record.value);
           },
           [this](const cluster::NodeId& owner, const std::string& id) {
             containerErased(owner, id);
           }});
  feed.on(catalog::pendingKind, {[this](const catalog::FedRecord<catalog::PendingFacts>& record) {
                                   pendingChanged(record.owner, record.name, record.value);
                                 },
                                 [this](const cluster::NodeId& owner, const std::string& number) {
                                   containerErased(owner, catalog::pendingId(owner, number));
                                 }});
  feed.on(catalog::networkKind, {[this](const catalog::FedRecord<catalog::NetworkFacts>& record) {
                                   networkChanged(record.owner, record.name, record.value);
                                 },
                                 erases(ObjectKind::network)});
  feed.on(catalog::volumeKind, {[this](const catalog::FedRecord<catalog::VolumeFacts>& record) {
                                  volumeChanged(record.owner, record.name, record.value);
                                },
                                erases(ObjectKind::volume)});
  feed.on(catalog::imageKind, {[this](const catalog::FedRecord<catalog::ImageFacts>& record) {
                                 imageChanged(record.owner, record.name, record.value);
                               },
                               erases(ObjectKind::image)});
}

void Scheduler::containerChanged(const cluster::NodeId& owner, const std::string& id,
                                 const catalog::ContainerFacts& facts) {
  Container container = containerFact(owner, id, facts);
  if (!told_.contains(owner)) takeNodes();
  expected_.erase(id);
  const Container* known = world_.container(id);
  bool isNew = !known || known->id != id;
  // The record may come before the answer to the create, and it should not count twice.
  if (isNew) dropReserved(owner.text(), container.name);
  // While it is removed the engine lists it without a name.
  if (!isNew && container.name.empty()) rememberBinds(*known);
  if (!world_.putContainer(std::move(container))) early_[owner][id] = facts;
}

void Scheduler::containerErased(const cluster::NodeId& owner, const std::string& id) {
  if (auto early = early_.find(owner); early != early_.end()) early->second.erase(id);
  const Container* container = world_.container(id);
  if (!container || container->id != id || container->node != owner.text()) return;
  rememberBinds(*container);
  world_.eraseContainer(id);
  expected_.erase(id);
}

void Scheduler::containerRemoved(const std::string& id) {
  if (const Container* container = world_.container(id)) rememberBinds(*container);
}

// Of a container that is going.
void Scheduler::rememberBinds(const Container& container) {
  const NodeInfo* node = world_.node(container.node);
  docker::RemovedBinds::Home home{container.node, node ? node->facts.name : "", container.binds};
  removedBinds_.removed(container.name, std::move(home), loop_.now());
}

void Scheduler::pendingChanged(const cluster::NodeId& owner, const std::string& number,
                               const catalog::PendingFacts& facts) {
  if (owner == nodes_.self()) return;
  std::string ours = std::string(nodes_.self().text()) + "/";
  if (facts.reservation.starts_with(ours)) {
    std::string reserved = std::string(reservations) + facts.reservation.substr(ours.size());
    release(reserved);
    // The answer to the create may have been faster.
    bool isExpected = std::any_of(expected_.begin(), expected_.end(),
                                  [&](const auto& each) { return each.second == reserved; });
    if (isExpected) return;
  }
  containerChanged(owner, catalog::pendingId(owner, number), facts.container);
}

void Scheduler::networkChanged(const cluster::NodeId& owner, const std::string& id,
                               const catalog::NetworkFacts& facts) {
  dropFound(owner, docker::ObjectKind::network);
  objectPublisher_[owner].networks[id] = {id, facts.name};
  stale_.emplace(owner, docker::ObjectKind::network);
}

void Scheduler::volumeChanged(const cluster::NodeId& owner, const std::string& name,
                              const catalog::VolumeFacts& facts) {
  dropFound(owner, docker::ObjectKind::volume);
  objectPublisher_[owner].volumes[name] = {name, facts.driver.empty() || facts.driver == "local"};
  stale_.emplace(owner, docker::ObjectKind::volume);
}

void Scheduler::imageChanged(const cluster::NodeId& owner, const std::string& id,
                             const catalog::ImageFacts& facts) {
  objectPublisher_[owner].images[id] = {id, facts.names};
  stale_.emplace(owner, docker::ObjectKind::image);
}

void Scheduler::found(catalog::Kind kind, const std::string& object,
                      const std::vector<cluster::Node>& nodes) {
  docker::ObjectKind held =
      kind == catalog::Kind::network ? docker::ObjectKind::network : docker::ObjectKind::volume;
  for (const cluster::Node& each : nodes) {
    Holding& holding = objectPublisher_[each.id];
    bool isNew = held == docker::ObjectKind::network
                     ? !holds(holding, object) &&
                           holding.networks.try_emplace(object, Network{object, object}).second
                     : holding.volumes.try_emplace(object, Volume{object}).second;
    if (!isNew) continue;
    found_[{each.id, held}].insert(object);
    stale_.emplace(each.id, held);
  }
}

// Whether it has the network by a record: by name, or by the beginning of its id.
bool Scheduler::holds(const Holding& holding, const std::string& network) {
  return std::any_of(holding.networks.begin(), holding.networks.end(), [&](const auto& each) {
    return each.second.name == network || each.first.starts_with(network);
  });
}

void Scheduler::missing(catalog::Kind kind, const std::string& object) {
  docker::ObjectKind held =
      kind == catalog::Kind::network ? docker::ObjectKind::network : docker::ObjectKind::volume;
  for (auto& [of, objects] : found_) {
    if (of.second == held && objects.erase(object)) drop(of.first, held, object);
  }
}

// What was only found; the node's records now tell.
void Scheduler::dropFound(const cluster::NodeId& owner, docker::ObjectKind kind) {
  auto found = found_.extract({owner, kind});
  if (!found) return;
  for (const std::string& each : found.mapped()) drop(owner, kind, each);
}

void Scheduler::drop(const cluster::NodeId& owner, docker::ObjectKind kind, const std::string& id) {
  auto holding = objectPublisher_.find(owner);
  if (holding == objectPublisher_.end()) return;
  if (kind == docker::ObjectKind::network) holding->second.networks.erase(id);
  if (kind == docker::ObjectKind::volume) holding->second.volumes.erase(id);
  if (kind == docker::ObjectKind::image) holding->second.images.erase(id);
  stale_.emplace(owner, kind);
}

void Scheduler::forget(const std::string& id) {
  if (expected_.erase(id)) world_.eraseContainer(id);
  withdrawIf([&](const Pending& pending) { return pending.container == id; });
}

void Scheduler::clear() {
  world_ = World();
  told_.clear();
  early_.clear();
  objectPublisher_.clear();
  stale_.clear();
  found_.clear();
  expected_.clear();
  reservedNames_.clear();
  pending_.clear();
}

// What is reserved there under this name, now that a container has it.
void Scheduler::dropReserved(std::string_view node, const std::string& name) {
  auto reserved = reservedNames_.find({std::string(node), name});
  if (reserved == reservedNames_.end()) return;
  world_.eraseContainer(reserved->second);
  reservedNames_.erase(reserved);
}

void Scheduler::release(const std::string& key) {
  world_.eraseContainer(key);
  std::erase_if(reservedNames_, [&](const auto& each) { return each.second == key; });
}

// Nothing came of it.
void Scheduler::giveUp(const std::string& key) {
  release(key);
  if (auto pending = pending_.extract(key)) withdraw(pending.mapped().record);
}

std::string Scheduler::Reservation::token() const {
  if (!owner_) return {};
  return std::string(owner_->nodes_.self().text()) + "/" + key_.substr(reservations.size());
}

void Scheduler::Reservation::commit(const std::string& id) {
  if (!owner_) return;
  Scheduler& owner = *std::exchange(owner_, nullptr);
  if (auto pending = owner.pending_.find(key_); pending != owner.pending_.end()) {
    pending->second.container = id;
    owner.published();
  }
  const Container* recorded = owner.world_.container(id);
  bool isRecorded = recorded && recorded->id == id;
  if (!isRecorded && owner.world_.container(key_)) {
    owner.expected_.emplace(id, key_);
    owner.world_.renameContainer(key_, id);
  }
  owner.release(key_);
}

Options Scheduler::options(const std::string& name) {
  Options options;
  options.here = nodes_.self().text();
  options.name = name;
  options.strategy = settings_.placementStrategy;
  options.overcommit = settings_.overcommitPercent / 100.0;
  options.seed = ++lastReservation_;
  return options;
}

Placement Scheduler::place(const labels::Policy& policy, const std::string& name, bool explain,
                           bool leaveToEngine) {
  takeNodes();
  takeHoldings();
  Options asked = options(name);
  asked.explain = explain;
  asked.leaveToEngine = leaveToEngine;
  if (std::string home = bindHome(policy, name); !home.empty()) asked.here = std::move(home);
  return scheduler::place(policy, world_, asked);
}

// The node whose directories are meant, as those of the container that is made again; empty if that
// is the one that was asked.
std::string Scheduler::bindHome(const labels::Policy& policy, const std::string& name) const {
  if (policy.binds.empty() || policy.bind) return {};
  std::string home;
  const Container* replaced = policy.replaces.empty() ? nullptr : world_.container(policy.replaces);
  const docker::RemovedBinds::Home* removed = removedBinds_.find(name, policy.binds, loop_.now());
  if (removed) home = removed->node;
  if (replaced && !replaced->binds.empty()) home = replaced->node;
  const NodeInfo* node = home.empty() ? nullptr : world_.node(home);
  bool takes =
      node && node->facts.availability == Availability::active && node->facts.trouble.empty();
  return takes ? home : std::string();
}

std::string Scheduler::otherBinds(const labels::Policy& policy, const std::string& name,
                                  const std::string& node) const {
  const docker::RemovedBinds::Home* removed = removedBinds_.find(name, loop_.now());
  if (policy.binds.empty() || policy.bind || !removed || removed->node == node) return {};
  const NodeInfo* now = world_.node(node);
  return "container " + name + " was on node " + removed->nodeName +
         " before; the directories of the host that it mounts are now those of node " +
         (now ? now->facts.name : node);
}

Scheduler::GlobalFit Scheduler::globalFit(const labels::Policy& policy) {
  takeNodes();
  std::string self(nodes_.self().text());
  const NodeInfo* here = world_.node(self);
  // Before our engine has told what it is, nothing can be said.
  if (!here || here->facts.os.empty()) return {false, true};
  Options asked = options("");
  std::vector<std::string> nodes = globalNodes(policy, world_, asked);
  bool takes = std::find(nodes.begin(), nodes.end(), self) != nodes.end();
  return {takes, keepsGlobal(policy, world_, asked, self)};
}

std::optional<Move> Scheduler::rebalance(std::span<const Movable> movables, Movers movers) {
  takeNodes();
  takeHoldings();
  Options asked = options("");
  return scheduler::rebalance(movables, world_, asked, movers);
}

std::vector<std::string> Scheduler::publishAddresses(const std::string& node) {
  takeNodes();
  const NodeInfo* state = world_.node(node);
  return state ? state->rules.ips : std::vector<std::string>();
}

Scheduler::Reservation Scheduler::reserve(const std::string& node, const labels::Policy& policy,
                                          const std::string& name) {
  Container container;
  container.id = std::string(reservations) + std::to_string(++lastReservation_);
  container.name = name;
  container.node = node;
  container.image = policy.image;
  container.labels = policy.labels;
  container.reserved = policy.reserve;
  if (const NodeInfo* state = world_.node(node))
    container.ports = labels::likelyPorts(policy.ports, state->ports);
  std::string key = container.id;
  if (!name.empty()) reservedNames_[{node, name}] = key;
  world_.putContainer(std::move(container));
  return Reservation(*this, std::move(key));
}

Scheduler::Admission Scheduler::admit(labels::Policy policy, const std::string& name,
                                      bool leaveToEngine) {
  policy.node = nodes_.self().text();
  Placement placement = place(policy, name, true, leaveToEngine);
  Admission admission;
  if (placement.candidates.empty()) {
    admission.refusedBy = "placement";
    admission.why = placement.missing.empty() ? "cannot run this container"
                                              : "does not know container " + placement.missing;
    for (const Rejection& each : placement.rejected) {
      if (each.id != policy.node) continue;
      admission.refusedBy = each.filter;
      admission.why = each.message;
    }
    return admission;
  }
  admission.publishAddress = placement.candidates.front().publishAddress;
  admission.reservation = reserve(policy.node, policy, name);
  return admission;
}

void Scheduler::announce(const Reservation& admitted, const std::string& name,
                         const catalog::ContainerFacts& asked, const std::string& token) {
  if (!nodes_.clustered() || !admitted.owner_ || !fitsIntoRecord(asked)) return;
  // The lowest number that is free, so that few records are ever used.
  std::set<std::string> taken;
  for (const auto& [key, pending] : pending_) taken.insert(pending.record);
  size_t number = 0;
  std::string record;
  do {
    record = std::string(catalog::pendingRecords) + std::to_string(number++);
  } while (taken.contains(record));
  std::string id = catalog::pendingId(nodes_.self(), record.substr(catalog::pendingRecords.size()));
  pending_[admitted.key_] = {record, ""};
  records_.put(record, catalog::pendingRecord(id, name, asked, token));
}

void Scheduler::published() {
  if (!nodes_.clustered()) return;
  withdrawIf([&](const Pending& pending) {
    std::string key = std::string(catalog::containerRecords) + pending.container;
    return !pending.container.empty() && records_.find(nodes_.self(), key);
  });
}

// One after the other: what is published may wake whoever announces another.
void Scheduler::withdrawIf(const std::function<bool(const Pending&)>& isOver) {
  for (;;) {
    auto over = std::find_if(pending_.begin(), pending_.end(),
                             [&](const auto& pending) { return isOver(pending.second); });
    if (over == pending_.end()) return;
    std::string record = std::move(over->second.record);
    pending_.erase(over);
    withdraw(record);
  }
}

void Scheduler::withdraw(const std::string& record) {
  if (nodes_.clustered()) records_.erase(record);
}

// What nodes hold, as their records have it now. A node's first records come all at once, so they
// are taken over once and not each by itself.
void Scheduler::takeHoldings() {
  auto values = [](const auto& map) {
    std::vector<typename std::decay_t<decltype(map)>::mapped_type> list;
    list.reserve(map.size());
    for (const auto& [key, value] : map) list.push_back(value);
    return list;
  };
  for (const auto& [owner, kind] : stale_) {
    const Holding& holding = objectPublisher_[owner];
    if (kind == docker::ObjectKind::network)
      world_.setNetworks(owner.text(), values(holding.networks));
    if (kind == docker::ObjectKind::volume)
      world_.setVolumes(owner.text(), values(holding.volumes));
    if (kind == docker::ObjectKind::image) world_.setImages(owner.text(), values(holding.images));
  }
  // Of a node that is not known yet it is taken over when it is.
  std::erase_if(stale_, [&](const auto& each) { return told_.contains(each.first); });
}

// The nodes as membership and their records have them now.
void Scheduler::takeNodes() {
  std::set<cluster::NodeId> present;
  for (const cluster::NodeView& view : nodes_.nodeViews()) {
    if (view.status == cluster::Status::left) continue;
    present.insert(view.id);
    std::pair<uint64_t, cluster::Status> fresh(view.version, view.status);
    auto [told, isNew] = told_.try_emplace(view.id);
    if (!isNew && told->second == fresh) continue;
    told->second = fresh;
    world_.putNode(nodeFact(view));
    if (isNew) {
      for (docker::ObjectKind kind : docker::allHeld) stale_.emplace(view.id, kind);
    }
    auto early = early_.extract(view.id);
    if (!early) continue;
    for (const auto& [id, facts] : early.mapped()) containerChanged(view.id, id, facts);
  }
  std::erase_if(told_, [&](const auto& told) {
    if (present.contains(told.first)) return false;
    world_.eraseNode(told.first.text());
    early_.erase(told.first);
    objectPublisher_.erase(told.first);
    return true;
  });
}

}  // namespace scheduler
