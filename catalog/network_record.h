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

#include "catalog/record_kind.h"
#include "catalog/record_text.h"
#include "docker/object_kind.h"

namespace catalog {

// Of the engine's GET /networks. Nothing if that is no such list.
std::optional<Records> networkRecords(std::string_view list);

struct NetworkFacts {
  std::string name;
};
// Nothing for what is no record of a network.
std::optional<NetworkFacts> networkFacts(std::string_view record);
inline constexpr RecordKind<NetworkFacts> networkKind{
    docker::recordsOf(docker::ObjectKind::network), decodeNamed<NetworkFacts, networkFacts>};

// The element of GET /networks that a record stands for.
std::string listedNetwork(std::string_view id, std::string_view record);

}  // namespace catalog
