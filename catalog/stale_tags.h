#pragma once

// Lists of images without the tags that mean another image by now (tag_index.h): what an engine
// lists under such a tag is what is left of it, as on one engine. Pure.

#include <functional>
#include <string>
#include <string_view>

#include "catalog/merge.h"

namespace catalog {

// Whether this tag means another image than the one that this node's engine has under it.
using IsStaleTag =
    std::function<bool(std::string_view nodeId, std::string_view tag, std::string_view image)>;

// GET /images/json as one node answered it. `byName`: it asked for images by their names, so one
// that has none left is not shown. Throws MergeError.
std::string withoutStaleTags(const NodeAnswer& answer, const IsStaleTag& isStale, bool byName);

}  // namespace catalog
