#pragma once

// What the filters `before` and `since` of GET /images/json let through. An engine knows only the
// images that it has, so a cluster looks for the named ones itself, asks every node for all of its
// images, and cuts their lists here, as the engine does: by the time of creation, to the
// nanosecond. Pure.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "catalog/merge.h"

namespace proxy {

// Nanoseconds since 1970, by an inspection; times before that count as 1970.
struct ImageFilter {
  std::optional<int64_t> before;  // shown are those that were made earlier than this,
  std::optional<int64_t> since;   // and later than this

  bool shows(int64_t created) const;
};

// The ids of those images in a node's list that the list cannot decide on: it tells seconds, and
// they were made in the same one as an image that was named. Throws MergeError.
std::vector<std::string> undecidedImages(const catalog::NodeAnswer& answer,
                                         const ImageFilter& window);

// The list without what the window hides. `exact`: when the undecided ones were made, by id;
// without that the second counts. Throws MergeError.
std::string imagesWithin(const catalog::NodeAnswer& answer, const ImageFilter& window,
                         const std::map<std::string, int64_t>& exact);

}  // namespace proxy
