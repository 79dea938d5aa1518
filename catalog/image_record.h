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

#include "catalog/record_kind.h"
#include "catalog/record_text.h"
#include "docker/object_kind.h"

namespace catalog {

// Of the engine's GET /images/json. Nothing if that is no such list.
std::optional<Records> imageRecords(std::string_view list);

struct ImageFacts {
  std::vector<std::string> names;  // repo:tag and then repo@digest
  size_t tags = 0;                 // how many of them are tags
  uint64_t created = 0;            // seconds since 1970; 0: the record does not say
};
// Nothing for what is too large for a record of an image. What is no record of one has no names.
std::optional<ImageFacts> imageFacts(std::string_view record);
inline constexpr RecordKind<ImageFacts> imageKind{docker::recordsOf(docker::ObjectKind::image),
                                                  decodeNamed<ImageFacts, imageFacts>};

}  // namespace catalog
