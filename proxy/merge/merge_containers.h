#pragma once

// GET /containers/json of many nodes as one list: newest first, those of the same second by their
// node's id and then as their engine had them. Every entry tells its node.

#include <span>
#include <string>
#include <string_view>

#include "catalog/merge.h"
#include "proxy/merge/merge_plan.h"

namespace proxy {

// What a client sees of ports that are published on every address of a host.
struct PublishedPorts {
  // On nodes other than the one asked (`nodeId`) the address is the node's. Empty: on all nodes.
  std::string asked;
  bool rewrite = true;  // or not at all
};

// `answers`: to plan.query() of each node. An entry may be followed by a number, the nanosecond
// of its creation, which is left out of the result; without it the second counts. `unreachable`: of
// nodes that do not answer, their last known entries as a JSON list in the order of their engine;
// these are filtered here, show "Host Down", and like stopped ones appear only if such were asked
// for. A node must not be in both. Throws MergeError.
std::string mergeContainers(const ContainerListPlan& plan,
                            std::span<const catalog::NodeAnswer> answers,
                            std::span<const catalog::NodeAnswer> unreachable,
                            const PublishedPorts& ports);

// GET /containers/{id}/json with the same additions: the member "Node", and the node's address for
// ports in NetworkSettings. What the container was made with (HostConfig) is left alone. Throws
// MergeError.
std::string inspectionOn(const catalog::NodeAnswer& answer, const PublishedPorts& ports);

}  // namespace proxy
