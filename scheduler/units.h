#pragma once

// What a container of a service means when it names others as Compose does, which knows nothing of
// units: containers of equal number that belong together.

#include "labels/policy.h"
#include "scheduler/world.h"

#include <map>
#include <string>
#include <string_view>

namespace scheduler {

// Compose names the first container of a service for `volumes_from` and `network_mode: service:`.
// Between a service and its sidekicks the one of the own number is meant, if there is one: by the
// name that was given, the id of the container that is meant.
std::map<std::string, std::string> ownOfUnit(const labels::Policy& policy, const World& world);

// The container in whose place one of this name comes, as Compose 1 leaves it while it makes the
// new one: of the same service and number, stopped, and called `<short id>_<name>`. Its id; empty
// if there is none.
std::string predecessor(const labels::Policy& policy, std::string_view name, const World& world);

}  // namespace scheduler
