#pragma once

// What a node has to do for global containers, of what all nodes' records tell: it makes, starts,
// renames and removes only its own copies. Pure: values in, values out.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "catalog/container_index.h"
#include "catalog/global_labels.h"

namespace orchestrator {

struct GlobalMember {
  std::string id;
  std::string name;
  std::string node;  // id
  int64_t created = 0;
  bool running = false;
  bool started = false;  // once, at least
  catalog::GlobalMark mark;

  // The group's name.
  const std::string& group() const { return mark.group.empty() ? id : mark.group; }
  bool operator==(const GlobalMember&) const = default;
};

// A container that is to be one on each node, and its copies.
struct GlobalGroup {
  std::string id;
  // Nothing if it is gone, or its record has not come. Of several the group's first, or else the
  // oldest.
  std::optional<GlobalMember> original;
  std::vector<GlobalMember> others;  // oldest first

  // The group that its members are sidekicks beside; empty if they are none.
  const std::string& beside() const {
    return original ? original->mark.beside : others.front().mark.beside;
  }
  bool operator==(const GlobalGroup&) const = default;
};

// By id.
std::vector<GlobalGroup> globalGroups(std::vector<GlobalMember> members);

// As the index has it.
GlobalMember globalMember(const catalog::ContainerIndex::Entry& entry, catalog::GlobalMark mark);

// Those that the index knows, of this group or, without a group, of all; copies of another cluster,
// from where they came here, are none.
std::vector<GlobalMember> globalMembers(const catalog::ContainerIndex& index,
                                        std::string_view cluster, std::string_view group = {});

struct GlobalNode {
  std::string id;
  std::string name;
  bool up = true;
};

// What a node is for a group that has its original.
struct GlobalFit {
  bool takes = false;     // is to have one
  bool keeps = true;      // may go on having one
  bool restarts = false;  // the engine keeps copies running, so one that does not was stopped
  bool once = false;      // it ends by itself: a copy runs, too, if the original has
};

struct GlobalStep {
  enum class What {
    nothing,
    make,        // a copy called `name`
    start,       // one that was never started
    startAgain,  // one that missed that the original was started, if that holds for a while
    rename,      // to `name`
    remove,
    removeOrphan,  // if the node `home` says that it has no `original`, or no `primary`, any more
    succeed,       // make the next original of it, called `name`
    handOver,      // to the original, here: that runs if this one did, which goes
  };
  What what = What::nothing;
  GlobalMember about;  // one of ours; empty to make one
  std::string name;
  std::string original;  // id
  std::string home;      // id of a node
  std::string primary;   // id of the container of which `original` is a sidekick; else empty
  bool operator==(const GlobalStep&) const = default;
};

// Where the original of a group was when it was seen last.
struct GlobalOrigin {
  std::string container;     // id
  std::string node;          // id
  std::string primary = {};  // id of the container of which it is a sidekick; else empty
  bool operator==(const GlobalOrigin&) const = default;
};

// The next thing that `self` has to do for the group; ask again when it is done. `nodes`: all that
// have not left or been removed. `seen`: by `self`, if it was; else its copy tells.
//
// What a client made is never removed. A group whose original is gone goes with it, if the node
// that had it is there to say so; if that node has left or was removed, the copy on the living node
// with the least id becomes the next original. `primary`: the group that this one is beside, if
// there is one; their originals stay together.
GlobalStep nextStep(const GlobalGroup& group, const GlobalFit& fit,
                    std::span<const GlobalNode> nodes, std::string_view self,
                    const std::optional<GlobalOrigin>& seen, const GlobalGroup* primary = nullptr);

}  // namespace orchestrator
