#pragma once

// What nodes publish, as placement (labels/) understands it. Pure.

#include <optional>
#include <string_view>

#include "cluster/agent.h"
#include "labels/facts.h"

namespace proxy {

labels::Node nodeFact(const cluster::NodeView& view);

// From a container's record, which is its entry in its engine's list. Nothing for what is none, or
// is of another container than `id`.
std::optional<labels::Container> containerFact(const cluster::NodeId& owner, std::string_view id,
                                               std::string_view record);

}  // namespace proxy
