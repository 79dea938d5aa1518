#include "cluster/agent/saving.h"

#include <algorithm>

namespace cluster {
namespace {

template <class T>
void take(std::optional<T>& into, std::optional<T>& from) {
  if (from) into = std::move(from);
}

}  // namespace

void Saving::save(Store::Change change) {
  take(kept_.node, change.node);
  take(kept_.addresses, change.addresses);
  take(kept_.config, change.config);
  take(kept_.certificate, change.certificate);
  take(kept_.availability, change.availability);
  take(kept_.labels, change.labels);
  take(kept_.members, change.members);
  take(kept_.removed, change.removed);
  why_ = "not tried yet";
  tryAgain();
}

void Saving::reserveAbove(uint64_t used) {
  used_ = std::max(used_, used);
  why_ = "not tried yet";
  tryAgain();
}

void Saving::tryAgain() {
  if (why_.empty()) return;
  try {
    store_.save(kept_);
    if (used_ > 0) store_.reserveAbove(used_);
    forget();
  } catch (const StoreError& failed) {
    why_ = failed.what();
  }
}

void Saving::forget() {
  kept_ = {};
  used_ = 0;
  why_.clear();
}

}  // namespace cluster
