#pragma once

// Which members there is news about that still has to be passed on, and how often it was already
// (SWIM, section 4.1). The news itself is what is known about the member when it is sent.

#include <cstdint>
#include <deque>
#include <functional>
#include <unordered_map>
#include <vector>

#include "cluster/types.h"

namespace cluster {

class UpdateQueue {
 public:
  // News about this member; older news about it needs no more sending.
  void put(const NodeId& about);
  void drop(const NodeId& about) { current_.erase(about); }
  void clear();
  bool empty() const { return current_.empty(); }
  size_t size() const { return current_.size(); }

  // Offers news for one packet, that sent fewest times first, until `take` says that it has no
  // room. What was taken counts as sent, and is gone when it was sent `most` times.
  void offer(int most, const std::function<bool(const NodeId& about)>& take);

 private:
  struct Entry {
    NodeId about;
    uint64_t number;  // an entry counts only while current_ has this number
  };
  bool isCurrent(const Entry& entry) const;

  std::vector<std::deque<Entry>> bySendings_;  // [n]: sent n times, oldest first
  std::unordered_map<NodeId, uint64_t> current_;
  uint64_t nextNumber_ = 0;
};

}  // namespace cluster
