#pragma once

// Names as classic Swarm gave them to what is on one node: NODE/NAME, where NODE is a node's name
// or id. No engine has an object called so, but for the names of links (/web/db), which go before.

#include <optional>
#include <string>
#include <string_view>

#include "cluster/nodes.h"

namespace orchestrator {

struct NodeName {
  cluster::Node node;
  std::string name;
};

// Nothing for other names, and where there is no such node.
std::optional<NodeName> parseNodeName(const cluster::Nodes& nodes, std::string_view text);

// The Name in a request's body as Go reads it: whatever the member's case, and of several the last;
// empty if there is none. Nothing if we cannot read the body, which Go may.
std::optional<std::string> requestedName(std::string_view body);

// The body with this text in the place of the member's.
std::string withText(std::string_view body, std::string_view member, std::string_view text);

// The target with this value in the place of the parameter's, wherever it stands.
std::string withParameter(std::string_view target, std::string_view name, std::string_view value);

}  // namespace orchestrator
