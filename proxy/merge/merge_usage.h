#pragma once

// Answers that add up: GET /system/df, and POST .../prune. Both throw MergeError.

#include <span>
#include <string>
#include <string_view>

#include "catalog/merge.h"

namespace proxy {

// GET /system/df as engines up to API 1.51 give it. Images are one as in mergeImages(), Containers
// and Volumes tell their node, BuildCache is all of it; LayersSize and BuilderSize are summed:
// layers take their space on every node that has them.
std::string mergeDiskUsage(std::span<const catalog::NodeAnswer> answers);

// POST of containers, images, networks, volumes and build (`what`) /prune: lists are concatenated,
// SpaceReclaimed is summed. Of images and networks, which are one in the cluster, each is told
// once; volumes are as many as there were.
std::string mergePrune(std::span<const catalog::NodeAnswer> answers, std::string_view what);

// DELETE /images/{name} on several nodes: what was untagged and deleted, each once.
std::string mergeImageDelete(std::span<const catalog::NodeAnswer> answers);

}  // namespace proxy
