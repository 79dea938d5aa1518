#pragma once

// A call that returned is visible to whoever acts on it next: a call from node to node carries what
// its sender has seen of all nodes' records, and the receiver catches up to that before it acts.
//
// The header is on calls whose receiver goes by records: a create that was placed on it, and what
// nodes ask of each other below /drover/v1. Calls that are passed through to an engine do without,
// since an engine needs no records to know its own containers.
//
// It speaks of owners whose records changed within the last two seconds, the newest first, and of
// 16 at most: what is older has reached everyone by gossip, and in a cluster where nothing happens
// the header is not there at all. So it has at most 752 bytes, however many nodes there are.

#include <functional>
#include <string>
#include <string_view>

#include "base/loop.h"
#include "base/task.h"
#include "cluster/types.h"

namespace cluster {

// Nodes set it; what a client sends under this name is not looked at (docs/design/formats.md).
constexpr std::string_view seenHeader = "Drover-Seen";
// What is not known by then is done without: a datagram that was lost is made up for by a pull,
// which takes a few round trips, and whoever cannot be reached in this time may take seconds.
constexpr base::milliseconds catchUpLimit(250);

class Causality {
 public:
  virtual ~Causality() = default;
  // What changed here lately, for the header: "ID=VERSION,…", an ID for each owner. Empty if there
  // is nothing to say.
  virtual std::string seen() const = 0;
  // All that we have published, in the same form.
  virtual std::string published() const = 0;
  // Waits until `seen`, which `from` has said, is known here, and asks it for what is missing; at
  // most catchUpLimit. Whether it is known. What is no such text is not waited for.
  virtual base::Task<bool> catchUp(NodeId from, std::string seen) = 0;
  // Waits until `holds`, which is asked again whenever records of any node have changed; at most
  // `limit`. Whether it holds. `holds` may refer to what the caller keeps until the end.
  virtual base::Task<bool> untilRecords(std::function<bool()> holds, base::milliseconds limit) = 0;
};

// The header's line for a call; empty if there is nothing to say.
inline std::string seenLine(const Causality& causality) {
  std::string seen = causality.seen();
  if (seen.empty()) return seen;
  return std::string(seenHeader) + ": " + seen + "\r\n";
}

}  // namespace cluster
