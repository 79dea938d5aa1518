#pragma once

// Rows by the id of a node, for tables that are looked into with each message. One array is
// searched from where the id's hash points to the first empty slot (linear probing; Knuth: "The Art
// of Computer Programming", vol. 3, section 6.4), so that a look touches little memory beside the
// row. In no order: whoever goes through all rows keeps them in an order elsewhere.

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "cluster/types.h"

namespace cluster {

// `Row` has a function idOf(const Row&).
template <class Row>
class IdIndex {
 public:
  // Nothing if it is not known. Valid until it is erased.
  Row* find(const NodeId& id) const {
    if (slots_.empty()) return nullptr;
    return slots_[placeOf(id, std::hash<NodeId>()(id))].row.get();
  }
  // Its id must not be known.
  Row& add(std::unique_ptr<Row> row) {
    if (2 * (size_ + 1) > slots_.size()) grow();
    uint64_t hash = std::hash<NodeId>()(idOf(*row));
    Slot& slot = slots_[placeOf(idOf(*row), hash)];
    slot = {hash, std::move(row)};
    size_++;
    return *slot.row;
  }
  // It must be known.
  void erase(const NodeId& id) {
    size_t hole = placeOf(id, std::hash<NodeId>()(id));
    std::unique_ptr<Row> erased = std::move(slots_[hole].row);  // `id` may be its own
    size_--;
    // Whoever went past the hole to find a place, moves up.
    for (size_t place = next(hole); slots_[place].row; place = next(place)) {
      size_t wanted = slots_[place].hash & mask();
      if (((place - wanted) & mask()) < ((place - hole) & mask())) continue;
      slots_[hole] = std::move(slots_[place]);
      hole = place;
    }
  }
  void clear() {
    slots_.clear();
    size_ = 0;
  }
  size_t size() const { return size_; }

 private:
  struct Slot {
    uint64_t hash = 0;
    std::unique_ptr<Row> row;
  };

  size_t mask() const { return slots_.size() - 1; }
  size_t next(size_t place) const { return (place + 1) & mask(); }
  // Where it is, or the empty slot where it would be.
  size_t placeOf(const NodeId& id, uint64_t hash) const {
    size_t place = hash & mask();
    while (slots_[place].row && (slots_[place].hash != hash || idOf(*slots_[place].row) != id)) {
      place = next(place);
    }
    return place;
  }
  void grow() {
    std::vector<Slot> before(slots_.empty() ? 8 : 2 * slots_.size());
    before.swap(slots_);
    for (Slot& slot : before) {
      if (slot.row) slots_[placeOf(idOf(*slot.row), slot.hash)] = std::move(slot);
    }
  }

  std::vector<Slot> slots_;  // a power of two, at least twice the rows
  size_t size_ = 0;
};

}  // namespace cluster
