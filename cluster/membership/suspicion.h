#pragma once

// How long a member is suspected before it is declared failed. Lifeguard, section IV-B: long at
// first, in case it is the accuser who is not well; each further member that accuses it on its own
// account shortens the time, logarithmically.

#include <vector>

#include "cluster/types.h"

namespace cluster {

class Suspicion {
 public:
  // From `most` down to `least`, which is reached when so many others confirmed; to `soonest` if
  // besides refused() was called.
  Suspicion(Time now, const NodeId& accuser, int confirmations, Time least, Time most,
            Time soonest);

  // Whether this is news: not said by the same member before, and still of weight.
  bool confirm(const NodeId& accuser);
  // The suspect's host told us that nobody listens there. One that is short of processor time, or
  // behind a link that loses packets, never says so.
  void refused();
  // Whether enough others confirmed.
  bool isConfirmed() const { return static_cast<int>(accusers_.size()) > confirmations_; }
  Time deadline() const { return deadline_; }
  void postpone(Time by);

  // Before the end the suspect is asked once more, and gets `within` to answer.
  bool wasAsked() const { return wasAsked_; }
  void ask(Time now, Time within);

 private:
  void endSoonIfCertain();

  std::vector<NodeId> accusers_;  // at most confirmations_ + 1
  int confirmations_;
  Time least_, most_;
  Time deadline_;
  Time soonest_;  // a deadline
  bool isRefused_ = false;
  bool wasAsked_ = false;
};

}  // namespace cluster
