#include "cluster/state/rumors.h"

#include <algorithm>

namespace cluster {

void Rumors::add(Time now, const NodeId& owner, uint64_t base, uint64_t version, int copies) {
  Rumor* found = rumors_.find(owner);
  Rumor& rumor = found ? *found : rumors_.add(std::make_unique<Rumor>(owner));
  bool first = rumor.steps.empty();
  // Who writes without pause is told of at half the interval, not at each write.
  Time soon = first ? now + gather_ : std::max(now + gather_, rumor.lastTold + interval_ / 2);
  setDue(rumor, first ? soon : std::min(rumor.due, soon));
  rumor.timesTold = 0;
  if (first || rumor.steps.back().told) {
    rumor.steps.push_back({base, version, copies});
  } else {
    rumor.steps.back().version = version;
    rumor.steps.back().copies = copies;
  }
}

void Rumors::heardAgain(const NodeId& owner, uint64_t version) {
  Rumor* rumor = rumors_.find(owner);
  if (!rumor) return;
  for (Step& step : rumor->steps) {
    if (step.version <= version && step.told) step.copies -= 2;
  }
  dropDone(*rumor);
}

void Rumors::drop(const NodeId& owner) {
  const Rumor* rumor = rumors_.find(owner);
  if (!rumor) return;
  byDue_.erase({rumor->due, owner});
  rumors_.erase(owner);
}

void Rumors::clear() {
  rumors_.clear();
  byDue_.clear();
}

std::optional<Rumors::Due> Rumors::firstDue(Time now) const {
  if (nextDue() > now) return std::nullopt;
  const NodeId& owner = byDue_.begin()->second;
  return Due{owner, rumors_.find(owner)->steps.front().base};
}

void Rumors::told(Time now, const NodeId& owner, int copies) {
  Rumor* found = rumors_.find(owner);
  if (!found) return;
  Rumor& rumor = *found;
  rumor.lastTold = now;
  for (Step& step : rumor.steps) {
    step.told = true;
    step.copies -= copies;
  }
  setDue(rumor, now + interval_ * (1 << std::min(rumor.timesTold++, 3)));
  dropDone(rumor);
}

void Rumors::setDue(Rumor& rumor, Time due) {
  auto queued = byDue_.extract({rumor.due, rumor.owner});
  rumor.due = due;
  if (queued) {
    queued.value().first = due;
    byDue_.insert(std::move(queued));
  } else {
    byDue_.emplace(due, rumor.owner);
  }
}

// What has been told often enough; all of it if nothing is left to tell.
void Rumors::dropDone(Rumor& rumor) {
  auto isAlive = [](const Step& step) { return step.copies > 0; };
  rumor.steps.erase(rumor.steps.begin(),
                    std::find_if(rumor.steps.begin(), rumor.steps.end(), isAlive));
  if (rumor.steps.empty()) drop(rumor.owner);
}

}  // namespace cluster
