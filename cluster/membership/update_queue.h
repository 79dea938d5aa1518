#pragma once

// Which members there is news about that still has to be passed on, and how often it was already
// (SWIM, section 4.1). The news itself is what is known about the member when it is sent.

#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "cluster/membership/member_table.h"

namespace cluster {

class UpdateQueue {
 public:
  // News about this member; older news about it needs no more sending. The row is lent until
  // drop(), clear() or the end.
  void put(MemberRow& about);
  void drop(MemberRow& about);
  void clear();
  bool empty() const { return count_ == 0; }

  // Offers news for one packet, that sent fewest times first, until `take` says that it has no
  // room. What was taken counts as sent, and is gone when it was sent `most` times.
  template <class Take>
  void offer(size_t most, Take take);

 private:
  struct Entry {
    MemberRow* about;
    uint64_t number;  // an entry counts only while the row has this number
  };
  static bool isCurrent(const Entry& entry) { return entry.about->newsNumber == entry.number; }
  void sentOnceMore(size_t sent, const Entry& entry, size_t most);

  std::vector<std::deque<Entry>> bySendings_;    // [n]: sent n times, oldest first
  std::vector<std::pair<size_t, Entry>> taken_;  // by the offer that goes on
  size_t count_ = 0;
  uint64_t lastNumber_ = 0;
};

template <class Take>
void UpdateQueue::offer(size_t most, Take take) {
  bool hasRoom = true;
  // The seldom sent go first, so what was taken waits here, or it would be offered again for the
  // same packet.
  for (size_t sent = 0; sent < bySendings_.size() && hasRoom; sent++) {
    std::deque<Entry>& entries = bySendings_[sent];
    while (!entries.empty()) {
      Entry entry = entries.front();
      bool counts = isCurrent(entry);
      if (counts) hasRoom = take(*entry.about);
      if (!hasRoom) break;
      entries.pop_front();
      if (counts) taken_.push_back({sent + 1, entry});
    }
  }
  for (const auto& [sent, entry] : taken_) sentOnceMore(sent, entry, most);
  taken_.clear();
  if (empty()) bySendings_.clear();
}

}  // namespace cluster
