#pragma once

// What nodes publish, as placement (labels/) understands it. Pure.

#include <optional>
#include <string_view>

#include "cluster/agent.h"
#include "labels/facts.h"

namespace proxy {

labels::Node nodeFact(const cluster::NodeView& view);

// From records (container_record.h, network_record.h, volume_record.h, image_record.h). Nothing for
// what is no record of this container.
std::optional<labels::Container> containerFact(const cluster::NodeId& owner, std::string_view id,
                                               std::string_view record);

labels::Network networkFact(std::string_view id, std::string_view record);
labels::Volume volumeFact(std::string_view name, std::string_view record);
labels::Image imageFact(std::string_view id, std::string_view record);

}  // namespace proxy
