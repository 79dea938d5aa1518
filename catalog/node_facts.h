#pragma once

// What a node publishes of its host and engine. Pure.

#include <optional>
#include <string_view>

#include "cluster/node_record.h"

namespace catalog {

// Of the engine's GET /info, GET /version and GET /plugins. Nothing if the first two are no such
// answers.
std::optional<cluster::NodeRecord> nodeFacts(std::string_view info, std::string_view version,
                                             std::string_view plugins);

}  // namespace catalog
