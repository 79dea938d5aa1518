#include "cluster/membership/update_queue.h"

namespace cluster {

void UpdateQueue::put(MemberRow& about) {
  if (about.newsNumber == 0) count_++;
  about.newsNumber = ++lastNumber_;
  if (bySendings_.empty()) bySendings_.emplace_back();
  bySendings_[0].push_back({&about, about.newsNumber});
}

void UpdateQueue::drop(MemberRow& about) {
  if (about.newsNumber != 0) count_--;
  about.newsNumber = 0;
  for (std::deque<Entry>& entries : bySendings_) {
    std::erase_if(entries, [&](const Entry& entry) { return entry.about == &about; });
  }
}

void UpdateQueue::clear() {
  for (const std::deque<Entry>& entries : bySendings_) {
    for (const Entry& entry : entries) entry.about->newsNumber = 0;
  }
  bySendings_.clear();
  count_ = 0;
}

void UpdateQueue::sentOnceMore(size_t sent, const Entry& entry, size_t most) {
  if (sent >= most) {
    entry.about->newsNumber = 0;
    count_--;
    return;
  }
  if (bySendings_.size() <= sent) bySendings_.resize(sent + 1);
  bySendings_[sent].push_back(entry);
}

}  // namespace cluster
