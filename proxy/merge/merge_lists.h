#pragma once

// Images, networks and volumes of many nodes as those of one Docker. All throw MergeError.

#include <span>
#include <string>
#include <string_view>

#include "catalog/merge.h"

namespace proxy {

// GET /images/json. An image is one, whoever has it: tags and digests are united, Containers of
// those nodes that counted them are summed, all else is as the first node has it. Newest first.
std::string mergeImages(std::span<const catalog::NodeAnswer> answers);
// The same of elements of such lists, each with its node; the list's JSON, without a line's end.
struct NodeElement {
  const catalog::NodeAnswer* node = nullptr;
  std::string_view json;
};
std::string unitedImages(const std::vector<NodeElement>& images);

// GET /networks. One for all nodes are those whose label `clusterLabel` has the same value; of the
// others those of the same name, the built-in ones (bridge, host, none) if they have the same
// driver, too. A node that has a name twice keeps both. Shown is the one that was created first, on
// whichever node, so that its id is the same whoever is asked; its Containers and Labels are united
// with those of the others.
std::string mergeNetworks(std::span<const catalog::NodeAnswer> answers,
                          std::string_view clusterLabel);
// GET /networks/{id}, of the nodes that have it.
std::string mergeNetwork(std::span<const catalog::NodeAnswer> answers);

// GET /volumes. Local volumes of the same name are different ones: each is shown, with its node.
// One of global scope is shown once for its driver, with the first node that has it.
std::string mergeVolumes(std::span<const catalog::NodeAnswer> answers);
// The same of elements of such lists; the elements' JSON.
std::vector<std::string> unitedVolumes(const std::vector<NodeElement>& volumes);

}  // namespace proxy
