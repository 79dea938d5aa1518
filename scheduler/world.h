#pragma once

// The cluster as placement sees it: its nodes, and what is on them. Kept by small changes, each of
// which costs some microseconds, and laid out for decisions:
//
// - Everything a rule can ask for is an index from values to nodes (value_index.h), one for each
//   field: "node.label.zone", "container.label.app", "image", ... So a rule costs what its values
//   cost, and not a look at each container or node.
// - What is summed up per node is kept as a sum: containers, reservations, ports.
// - A node has a slot, a small number. A decision keeps what it knows of nodes in arrays by slot.
//
// Nothing that is decided may depend on slots, or on the order in which the World was told things.

#include "labels/identity.h"
#include "labels/node_rules.h"
#include "scheduler/facts.h"
#include "scheduler/value_index.h"

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace scheduler {

// A node and what adds up on it. What every decision reads comes first and lies together.
struct NodeInfo {
  Slot slot = 0;
  uint64_t containers = 0;
  labels::TakenPorts ports;
  labels::Resources has;  // of the facts and of the labels
  labels::Resources reserved;
  std::string platform;     // os/architecture, as images name it
  labels::NodeRules rules;  // of its labels
  Node facts;
  std::vector<const Container*> portHolders;  // whose each of the ports is
  std::vector<Image> images;
  std::vector<Volume> volumes;
  std::vector<Network> networks;
};

// They stay where they are, and neighbours lie side by side.
class NodeStates {
 public:
  size_t size() const { return size_; }
  NodeInfo& operator[](size_t slot) { return (*chunks_[slot / perChunk])[slot % perChunk]; }
  const NodeInfo& operator[](size_t slot) const {
    return (*chunks_[slot / perChunk])[slot % perChunk];
  }
  // With the next slot.
  NodeInfo& add() {
    if (size_ % perChunk == 0) chunks_.push_back(std::make_unique<Chunk>());
    NodeInfo& state = (*this)[size_];
    state.slot = static_cast<Slot>(size_++);
    return state;
  }

 private:
  static constexpr size_t perChunk = 8;
  using Chunk = std::array<NodeInfo, perChunk>;

  std::vector<std::unique_ptr<Chunk>> chunks_;
  size_t size_ = 0;
};

class World {
 public:
  World() = default;
  World(World&&) = default;
  World& operator=(World&&) = default;

  // Adds a node, or takes new facts of one. What is on it stays.
  void putNode(Node node);
  // With all that is on it.
  void eraseNode(std::string_view id);
  // Adds a container, or takes what is new of it; false, and nothing changed, if its node is not
  // known.
  bool putContainer(Container container);
  // `fresh`: a new id of this container.
  void renameContainer(std::string_view id, const std::string& fresh);
  void eraseContainer(std::string_view id);
  // All of a node's.
  void setImages(std::string_view node, std::vector<Image> images);
  void setVolumes(std::string_view node, std::vector<Volume> volumes);
  void setNetworks(std::string_view node, std::vector<Network> networks);

  // Ordered by id. Pointers and references stay valid until that node or container is erased.
  const std::map<std::string, NodeInfo*, std::less<>>& nodes() const { return nodes_; }
  const NodeInfo* node(std::string_view id) const;
  // The same in the order of slots, which is how they lie in memory.
  template <class Visit>
  void eachNode(Visit visit) const {
    for (size_t slot = 0; slot < states_.size(); slot++) {
      fetchAhead(slot);
      if (!states_[slot].facts.id.empty()) visit(states_[slot]);
    }
  }
  size_t containerCount() const { return containers_.size(); }
  // How many slots there are; each array by slot has this size.
  size_t slots() const { return states_.size(); }
  // As dockerd looks a container up: id, name, prefix of an id. Nothing if several match.
  const Container* container(std::string_view idOrName) const;
  template <class Visit>
  void eachContainer(Visit visit) const {
    for (const auto& [id, container] : containers_) visit(container);
  }

  // How many values of the rule's field each node has that the rule speaks of, by slot.
  std::vector<uint32_t> count(const labels::Rule& rule) const;
  // On which nodes the field has the value.
  std::span<const ValueIndex::Count> find(std::string_view field, std::string_view value) const;
  // The same for each value of the field; nullptr if no node has one.
  const ValueIndex* values(std::string_view field) const;

 private:
  NodeInfo* state(std::string_view id);
  void fetchAhead(size_t slot) const;
  void indexNode(const NodeInfo& state, bool isThere);
  void indexPorts(const Container& container, NodeInfo& state, bool isThere);
  void indexValues(const Container& container, bool isThere);
  void countUse(const Container& container, bool isThere);
  void dropName(const Container& container);
  void countIds(const labels::Rule& rule, std::vector<uint32_t>& perNode) const;
  void note(bool isThere, std::string_view field, std::string_view value, Slot node);

  NodeStates states_;  // by slot
  std::vector<Slot> freeSlots_;
  std::map<std::string, NodeInfo*, std::less<>> nodes_;
  std::map<std::string, Container, std::less<>> containers_;
  std::multimap<std::string, const Container*, std::less<>> byName_;
  std::map<std::string, ValueIndex, std::less<>> fields_;
};

// The fields and values that containers and nodes have in the indexes.
using VisitValue = std::function<void(std::string_view field, std::string_view value)>;
void eachValue(const Container& container, const VisitValue& visit);
void eachValue(const NodeInfo& node, const VisitValue& visit);

}  // namespace scheduler
