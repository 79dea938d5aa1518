#pragma once

// Which images were made of which, by the word of all engines: what `docker ps --filter ancestor=`
// asks for. An engine knows the parent of an image that it has built, and of no other one, however
// it came; ids are the same everywhere. Pure.

#include <set>
#include <span>
#include <string>

#include "catalog/merge.h"

namespace catalog {

using ImageIds = std::set<std::string, std::less<>>;

// These images and all that were made of them. `answers`: GET /images/json?all=1 of each node.
// Throws MergeError.
ImageIds withDescendants(ImageIds ids, std::span<const NodeAnswer> answers);

}  // namespace catalog
