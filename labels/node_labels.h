#pragma once

// Readers of the labels of a node; keys.cc says which reads what. They throw BadValue.

#include "labels/node_rules.h"

#include <string_view>

namespace labels::node {

void readZone(std::string_view rest, std::string_view value, NodeRules& rules);
void readSlots(std::string_view rest, std::string_view value, NodeRules& rules);
void readOvercommit(std::string_view rest, std::string_view value, NodeRules& rules);
void readResource(std::string_view rest, std::string_view value, NodeRules& rules);
void readRequireAny(std::string_view rest, std::string_view value, NodeRules& rules);
void readIps(std::string_view rest, std::string_view value, NodeRules& rules);

}  // namespace labels::node
