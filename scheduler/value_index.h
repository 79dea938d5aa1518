#pragma once

// On which nodes a value occurs, and how often. What a rule asks is looked up here instead of on
// each node: a literal costs one look, a wildcard is held against each different value once.

#include "labels/rule.h"

#include <cstdint>
#include <map>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace scheduler {

// A node's place in the World; it stays while the node is known.
using Slot = uint32_t;

class ValueIndex {
 public:
  struct Count {
    Slot node = 0;
    uint32_t times = 0;
  };

  ValueIndex() = default;
  ValueIndex(const ValueIndex&) = delete;
  ValueIndex& operator=(const ValueIndex&) = delete;

  void add(std::string_view value, Slot node);
  void remove(std::string_view value, Slot node);
  bool empty() const { return values_.empty(); }

  // Where the value occurs.
  std::span<const Count> find(std::string_view value) const;
  // Adds to each node's number how many values there the rule speaks of.
  void count(const labels::Rule& rule, std::vector<uint32_t>& perNode) const;
  template <class Visit>
  void eachValue(Visit visit) const {
    for (const auto& [value, counts] : values_) visit(value, std::span<const Count>(counts));
  }

 private:
  using Values = std::pmr::map<std::string, std::vector<Count>, std::less<>>;

  void countMatching(const labels::Rule& rule, const labels::Pattern& pattern,
                     std::vector<uint32_t>& perNode) const;

  // Patterns are held against one value after the other: so these lie together.
  std::pmr::unsynchronized_pool_resource memory_;
  Values values_{&memory_};  // the counts of each are sorted by node
};

}  // namespace scheduler
