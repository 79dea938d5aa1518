#include "cluster/update_queue.h"

namespace cluster {

void UpdateQueue::put(const NodeId& about) {
  uint64_t number = nextNumber_++;
  current_[about] = number;
  if (bySendings_.empty()) bySendings_.emplace_back();
  bySendings_[0].push_back({about, number});
}

void UpdateQueue::clear() {
  current_.clear();
  bySendings_.clear();
}

void UpdateQueue::offer(int most, const std::function<bool(const NodeId& about)>& take) {
  bool hasRoom = true;
  // From the often sent to the seldom sent would be easier, but the seldom sent go first. What was
  // taken therefore waits here, or it would be offered again for the same packet.
  std::vector<std::pair<size_t, Entry>> taken;
  for (size_t sent = 0; sent < bySendings_.size() && hasRoom; sent++) {
    std::deque<Entry>& entries = bySendings_[sent];
    while (!entries.empty() && hasRoom) {
      Entry entry = entries.front();
      if (isCurrent(entry)) hasRoom = take(entry.about);
      if (!hasRoom) break;
      entries.pop_front();
      if (isCurrent(entry)) taken.push_back({sent + 1, entry});
    }
  }
  for (auto& [sent, entry] : taken) {
    if (static_cast<int>(sent) >= most) {
      current_.erase(entry.about);
      continue;
    }
    if (bySendings_.size() <= sent) bySendings_.resize(sent + 1);
    bySendings_[sent].push_back(entry);
  }
  if (current_.empty()) bySendings_.clear();
}

bool UpdateQueue::isCurrent(const Entry& entry) const {
  auto found = current_.find(entry.about);
  return found != current_.end() && found->second == entry.number;
}

}  // namespace cluster
