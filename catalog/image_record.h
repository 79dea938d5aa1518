#pragma once

// Records of the images that an engine has: image/<id>. The value is by which names it is known
// there, as its list says:
//
//   {"RepoTags":["busybox:latest"],"RepoDigests":["busybox@sha256:3fbc..."],"Created":1668473634}
//
// and {} for one without a name. Created is there if there are tags, which of two images of one tag
// is the newer. Parents of images, which the engine lists only with all=1, have no
// records. Pure.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/record_text.h"

namespace catalog {

// Of the engine's GET /images/json. Nothing if that is no such list.
std::optional<Records> imageRecords(std::string_view list);

// The names in a record, tags and then digests; none for what is no record of an image.
std::vector<std::string> imageNames(std::string_view record);

}  // namespace catalog
