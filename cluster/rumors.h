#pragma once

// Which owners' news a member is still passing on, from which version on, and how often yet: rumour
// mongering with counters and feedback (Demers et al.: "Epidemic Algorithms for Replicated Database
// Maintenance", PODC 1987, section 1.4). Changes of one owner that come in a row are told together,
// from before the oldest that is still worth telling.

#include <cstdint>
#include <map>
#include <vector>

#include "cluster/types.h"

namespace cluster {

class Rumors {
 public:
  // `gather`: how long a change waits for others before it is first told. `interval`: between two
  // tellings of the same.
  Rumors(Time gather, Time interval) : gather_(gather), interval_(interval) {}

  // The owner went from version `base` to `version`; worth `copies` messages.
  void add(Time now, const NodeId& owner, uint64_t base, uint64_t version, int copies);
  // Somebody told us of this version what we knew: one copy less is needed from us.
  void heardAgain(const NodeId& owner, uint64_t version);
  void drop(const NodeId& owner) { rumors_.erase(owner); }
  void clear() { rumors_.clear(); }

  struct Due {
    NodeId owner;
    uint64_t base;
  };
  // By owner.
  std::vector<Due> due(Time now) const;
  // To so many members.
  void told(Time now, const NodeId& owner, int copies);
  // Time::max() if there is nothing to tell.
  Time nextDue() const;

 private:
  struct Step {
    uint64_t base;
    uint64_t version;
    int copies;
    bool told = false;
  };
  struct Rumor {
    std::vector<Step> steps;  // oldest first, each beginning where the one before ended
    Time lastTold = Time::min();
    Time due{0};
  };

  static bool dropDone(Rumor& rumor);

  Time gather_;
  Time interval_;
  std::map<NodeId, Rumor> rumors_;
};

}  // namespace cluster
