#pragma once

// What a node publishes of its host and engine. Pure.

#include <optional>
#include <string_view>

#include "cluster/node_record.h"

namespace proxy {

// Of the engine's GET /info and GET /version. Nothing if these are no such answers.
std::optional<cluster::NodeRecord> nodeFacts(std::string_view info, std::string_view version);

}  // namespace proxy
