#pragma once

// What nodes tell each other, with a call, that they have seen of records (cluster/causality.h):
// owners' versions as text, and which owners are worth speaking of. Pure.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/state/state.h"
#include "cluster/types.h"

namespace cluster {

constexpr size_t maxSeen = 16;

// "ID=VERSION,ID=VERSION", by id; empty for nothing.
std::string encodeSeen(const Versions& seen);
// Nothing for what is no such text, names an owner twice, or more than maxSeen of them.
std::optional<Versions> decodeSeen(std::string_view text);

// The owners whose records changed last.
class LatelyChanged {
 public:
  void note(Time now, const NodeId& owner);
  // Those since `since`, the newest first; maxSeen at most.
  std::vector<NodeId> since(Time since) const;

 private:
  struct Change {
    NodeId owner;
    Time at;
  };
  std::vector<Change> changes_;  // newest first
};

}  // namespace cluster
