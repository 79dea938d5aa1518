#pragma once

// Writes to the store what a running node must not stop for: what the disk does not take now is
// kept, and tried again until it does. Until then a restart would come back to what was before.

#include <string>

#include "cluster/agent/store.h"

namespace cluster {

class Saving {
 public:
  // `store` must outlive it.
  explicit Saving(Store& store) : store_(store) {}

  // Takes the place of what is kept of the same. `change.key` must not be given.
  void save(Store::Change change);
  // At least this much counts as used (Store::reserveAbove).
  void reserveAbove(uint64_t used);
  // To be called now and then.
  void tryAgain();
  void forget();

  // Why something is kept; empty if all is on the disk.
  const std::string& why() const { return why_; }

 private:
  Store& store_;
  Store::Change kept_;
  uint64_t used_ = 0;  // to be reserved above; 0: nothing
  std::string why_;
};

}  // namespace cluster
