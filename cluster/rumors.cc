#include "cluster/rumors.h"

#include <algorithm>

namespace cluster {

void Rumors::add(Time now, const NodeId& owner, uint64_t base, uint64_t version, int copies) {
  Rumor& rumor = rumors_[owner];
  bool first = rumor.steps.empty();
  // Who writes without pause is told of at half the interval, not at each write.
  Time soon = first ? now + gather_ : std::max(now + gather_, rumor.lastTold + interval_ / 2);
  rumor.due = first ? soon : std::min(rumor.due, soon);
  if (first || rumor.steps.back().told) {
    rumor.steps.push_back({base, version, copies});
  } else {
    rumor.steps.back().version = version;
    rumor.steps.back().copies = copies;
  }
}

void Rumors::heardAgain(const NodeId& owner, uint64_t version) {
  auto found = rumors_.find(owner);
  if (found == rumors_.end()) return;
  for (Step& step : found->second.steps) {
    if (step.version <= version && step.told) step.copies--;
  }
  if (dropDone(found->second)) rumors_.erase(found);
}

std::vector<Rumors::Due> Rumors::due(Time now) const {
  std::vector<Due> list;
  for (const auto& [owner, rumor] : rumors_) {
    if (rumor.due <= now) list.push_back({owner, rumor.steps.front().base});
  }
  return list;
}

void Rumors::told(Time now, const NodeId& owner, int copies) {
  auto found = rumors_.find(owner);
  if (found == rumors_.end()) return;
  Rumor& rumor = found->second;
  rumor.lastTold = now;
  rumor.due = now + interval_;
  for (Step& step : rumor.steps) {
    step.told = true;
    step.copies -= copies;
  }
  if (dropDone(rumor)) rumors_.erase(found);
}

Time Rumors::nextDue() const {
  Time next = Time::max();
  for (const auto& [owner, rumor] : rumors_) next = std::min(next, rumor.due);
  return next;
}

// Whether nothing is left to tell.
bool Rumors::dropDone(Rumor& rumor) {
  auto isAlive = [](const Step& step) { return step.copies > 0; };
  rumor.steps.erase(rumor.steps.begin(),
                    std::find_if(rumor.steps.begin(), rumor.steps.end(), isAlive));
  return rumor.steps.empty();
}

}  // namespace cluster
