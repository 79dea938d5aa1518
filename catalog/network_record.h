#pragma once

// Records of the networks that an engine has: network/<id>. The value is what the engine's list
// says of it, without what only its own node needs:
//
//   {"Name":"back","Created":"2026-01-02T...","Scope":"local","Driver":"bridge",
//    "IPAM":{"Config":[{"Subnet":"172.18.0.0/16","Gateway":"172.18.0.1"}]},"Labels":{...}}
//
// The built-in ones (bridge, host, none) have no records: every node has them. Options have none
// either, since those of some drivers hold secrets. Pure.

#include <optional>
#include <string>
#include <string_view>

#include "catalog/record_text.h"

namespace catalog {

// Of the engine's GET /networks. Nothing if that is no such list.
std::optional<Records> networkRecords(std::string_view list);

// The network's name; nothing for what is no record of one.
std::optional<std::string> networkName(std::string_view record);

// The element of GET /networks that a record stands for.
std::string listedNetwork(std::string_view id, std::string_view record);

}  // namespace catalog
