#pragma once

// Which container to move when nodes are loaded unevenly: one at a time, so that the caller can
// wait until it runs before asking again.

#include "scheduler/place.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace scheduler {

// A container that exists, and the policy it was made with.
struct Movable {
  std::string id;
  const labels::Policy* policy = nullptr;
  bool healthy = true;
  bool stays = false;  // for a reason that the caller has
};

// Which containers may move: those whose policy asks for it, or all that have nothing to lose.
enum class Movers { asking, all };

// Containers that stand in for each other: those of a service; one that is of none is alone.
std::string serviceOf(const Container& container);

struct Move {
  std::string container;  // id
  std::string from;       // ids of nodes
  std::string to;
  std::string why;
};

// The nodes' ids, the fullest first: what is on these is worth looking at.
std::vector<std::string> fullestFirst(const World& world);

// The move that helps most, or nothing if none helps. Moves only what runs, is healthy, has no
// volumes and no bind mounts, and is not bound to a node; and nothing of a service of which a
// container is stopped or unhealthy, so that moving never takes it below what it has. `movables`
// holds every container of a service of which it holds one.
// A move helps if the node it leaves is left with no less than the node it goes to will have, and
// worth it from two containers or a tenth of a node's reservations on.
std::optional<Move> rebalance(std::span<const Movable> movables, const World& world,
                              const Options& options, Movers movers = Movers::asking);

}  // namespace scheduler
