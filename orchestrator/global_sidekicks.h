#pragma once

// Sidekicks of global containers: each copy has its own. A container that a global one on its node
// names as its sidekick is the original of a group of its own, whatever its labels ask for, and
// what copies use of others is changed to what their own node has of the same groups. Pure.

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/container_index.h"
#include "labels/policy.h"
#include "orchestrator/global_plan.h"

namespace orchestrator {

// Adds the sidekicks that originals have, and leaves out originals that are sidekicks of none any
// more. As long as a primary has copies only, those of its sidekicks stay.
void addSidekicks(std::vector<GlobalMember>& members, const catalog::ContainerIndex& index);

// The group by its id; nullptr if there is none.
const GlobalGroup* findGroup(std::span<const GlobalGroup> groups, std::string_view id);

// What `self` has of the groups of the containers that are named here: ids by these names. Those
// that are in no group are left out. Nothing if it lacks one.
std::optional<std::map<std::string, std::string>> ownMembers(std::span<const std::string> named,
                                                             std::span<const GlobalGroup> groups,
                                                             const catalog::ContainerIndex& index,
                                                             std::string_view self);

// Whether a step has to wait, since a group that its container uses has the same to do first, or
// lacks what the container is to be made with. `steps`: of the groups, in their order.
bool isBlocked(const GlobalStep& step, std::span<const std::string> used,
               std::span<const GlobalGroup> groups, std::span<const GlobalStep> steps,
               const catalog::ContainerIndex& index, std::string_view self);

// A container that a global one with this policy uses and that has no copies, since it is neither a
// sidekick of it nor global; empty if there is none.
std::string usedAlone(const labels::Policy& policy, const catalog::ContainerIndex& index);

}  // namespace orchestrator
