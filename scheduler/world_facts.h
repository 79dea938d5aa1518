#pragma once

// What nodes publish, as placement (labels/) understands it. Pure.

#include <optional>
#include <string_view>

#include "cluster/nodes.h"
#include "scheduler/facts.h"

namespace scheduler {

Node nodeFact(const cluster::NodeView& view);

// From records (container_record.h, network_record.h, volume_record.h, image_record.h). Nothing for
// what is no record of this container.
std::optional<Container> containerFact(const cluster::NodeId& owner, std::string_view id,
                                       std::string_view record);

Network networkFact(std::string_view id, std::string_view record);
Volume volumeFact(std::string_view name, std::string_view record);
Image imageFact(std::string_view id, std::string_view record);

}  // namespace scheduler
