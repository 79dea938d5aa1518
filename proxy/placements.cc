#include "proxy/placements.h"

#include <algorithm>

#include "proxy/world_facts.h"

namespace proxy {
namespace {

// Ports for the wishes, the lowest that are free: those the container is likely to get.
std::vector<labels::PortUse> likelyPorts(const std::vector<labels::PortWish>& wishes,
                                         std::vector<labels::PortUse> taken) {
  std::vector<labels::PortUse> ports;
  for (const labels::PortWish& wish : wishes) {
    bool drawn = wish.first == labels::PortWish::randomFirst;
    for (uint32_t port = wish.first; port <= wish.last && !drawn; port++) {
      labels::PortUse use{static_cast<uint16_t>(port), wish.protocol, wish.ip};
      bool isFree = std::none_of(taken.begin(), taken.end(), [&](const labels::PortUse& other) {
        return other.port == use.port && other.protocol == use.protocol &&
               labels::overlap(other.ip, use.ip);
      });
      if (!isFree) continue;
      taken.push_back(use);
      ports.push_back(std::move(use));
      break;
    }
  }
  return ports;
}

}  // namespace

void Placements::containerChanged(const cluster::NodeId& owner, const std::string& id,
                                  std::string_view record) {
  std::optional<labels::Container> container = containerFact(owner, id, record);
  if (!container) return;
  if (!told_.contains(owner)) takeNodes();
  expected_.erase(id);
  if (!world_.putContainer(std::move(*container))) early_[owner][id] = record;
}

void Placements::containerErased(const cluster::NodeId& owner, const std::string& id) {
  if (auto early = early_.find(owner); early != early_.end()) early->second.erase(id);
  const labels::Container* container = world_.container(id);
  if (!container || container->id != id || container->node != owner.text()) return;
  world_.eraseContainer(id);
  expected_.erase(id);
}

void Placements::forget(const std::string& id) {
  if (expected_.erase(id)) world_.eraseContainer(id);
}

void Placements::clear() {
  world_ = labels::World();
  told_.clear();
  early_.clear();
  expected_.clear();
}

void Placements::Reservation::stands(const std::string& id) {
  if (!owner_) return;
  Placements& owner = *std::exchange(owner_, nullptr);
  const labels::Container* reserved = owner.world_.container(key_);
  const labels::Container* recorded = owner.world_.container(id);
  labels::Container container = *reserved;
  owner.world_.eraseContainer(key_);
  if (recorded && recorded->id == id) return;
  container.id = id;
  owner.expected_.insert(id);
  owner.world_.putContainer(std::move(container));
}

labels::Placement Placements::place(const labels::Policy& policy, const std::string& name,
                                    bool explain) {
  takeNodes();
  labels::Options options;
  options.here = agent_.self().text();
  options.name = name;
  options.strategy = defaults_.strategy;
  options.overcommit = defaults_.overcommit;
  options.seed = ++lastReservation_;
  options.explain = explain;
  return labels::place(policy, world_, options);
}

Placements::Reservation Placements::reserve(const std::string& node, const labels::Policy& policy,
                                            const std::string& name) {
  labels::Container container;
  container.id = "reserved/" + std::to_string(++lastReservation_);
  container.name = name;
  container.node = node;
  container.image = policy.image;
  container.labels = policy.labels;
  container.reserved = policy.reserve;
  if (const labels::NodeState* state = world_.node(node))
    container.ports = likelyPorts(policy.ports, state->ports);
  std::string key = container.id;
  world_.putContainer(std::move(container));
  return Reservation(*this, std::move(key));
}

Placements::Admission Placements::admit(labels::Policy policy, const std::string& name) {
  policy.node = agent_.self().text();
  labels::Placement placement = place(policy, name, true);
  Admission admission;
  if (placement.candidates.empty()) {
    admission.refusedBy = "placement";
    admission.why = placement.missing.empty() ? "cannot run this container"
                                              : "does not know container " + placement.missing;
    for (const labels::Rejection& each : placement.rejected) {
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

// The nodes as membership and their records have them now.
void Placements::takeNodes() {
  std::set<cluster::NodeId> present;
  for (const cluster::NodeView& view : agent_.nodeViews()) {
    if (view.status == cluster::Status::left) continue;
    present.insert(view.id);
    std::pair<uint64_t, cluster::Status> fresh(view.version, view.status);
    auto [told, isNew] = told_.try_emplace(view.id);
    if (!isNew && told->second == fresh) continue;
    told->second = fresh;
    world_.putNode(nodeFact(view));
    auto early = early_.extract(view.id);
    if (!early) continue;
    for (const auto& [id, record] : early.mapped()) containerChanged(view.id, id, record);
  }
  std::erase_if(told_, [&](const auto& told) {
    if (present.contains(told.first)) return false;
    world_.eraseNode(told.first.text());
    early_.erase(told.first);
    return true;
  });
}

}  // namespace proxy
