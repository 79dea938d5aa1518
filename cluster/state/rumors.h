#pragma once

// Which owners' news a member is still passing on, from which version on, and how often yet: rumour
// mongering with counters and feedback (Demers et al.: "Epidemic Algorithms for Replicated Database
// Maintenance", PODC 1987, section 1.4). Changes of one owner that come in a row are told together,
// from before the oldest that is still worth telling.

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "cluster/id_index.h"
#include "cluster/types.h"

namespace cluster {

class Rumors {
 public:
  // `gather`: how long a change waits for others before it is first told. `interval`: between the
  // first two tellings of the same; then twice as long each time, up to eight times, so that those
  // who heard it have time to let us hear it again.
  Rumors(Time gather, Time interval) : gather_(gather), interval_(interval) {}

  // The owner went from version `base` to `version`; worth `copies` messages.
  void add(Time now, const NodeId& owner, uint64_t base, uint64_t version, int copies);
  // Somebody told us of this version what we knew: he knows, and passes it on as we do, so two
  // copies less are needed from us.
  void heardAgain(const NodeId& owner, uint64_t version);
  void drop(const NodeId& owner);
  void clear();

  struct Due {
    NodeId owner;
    uint64_t base;
  };
  // What has been due longest, of equals the first by owner; nothing if nothing is due.
  std::optional<Due> firstDue(Time now) const;
  // To so many members.
  void told(Time now, const NodeId& owner, int copies);
  // Time::max() if there is nothing to tell.
  Time nextDue() const { return byDue_.empty() ? Time::max() : byDue_.begin()->first; }

 private:
  struct Step {
    uint64_t base;
    uint64_t version;
    int copies;
    bool told = false;
  };
  struct Rumor {
    explicit Rumor(const NodeId& of) : owner(of) {}

    NodeId owner;
    std::vector<Step> steps;  // oldest first, each beginning where the one before ended
    Time lastTold = Time::min();
    int timesTold = 0;  // since the newest step
    Time due{0};
  };
  friend const NodeId& idOf(const Rumor& rumor) { return rumor.owner; }

  void setDue(Rumor& rumor, Time due);
  void dropDone(Rumor& rumor);

  Time gather_;
  Time interval_;
  IdIndex<Rumor> rumors_;
  std::set<std::pair<Time, NodeId>> byDue_;
};

}  // namespace cluster
