#pragma once

// The tags that an image's repository has on several nodes: what `docker push --all-tags` and
// `docker save` of a repository are about. Pure.

#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/merge.h"

namespace proxy {

// How all tags of a repository come to one node.
struct Gathering {
  struct Fetch {
    std::string image;  // "web:1"
    size_t from;        // place in `answers`
  };
  size_t at = 0;  // the node that has most of them; of equal ones the first in `answers`
  std::set<std::string> tags;  // all of them; none: nobody has such a tag
  std::vector<Fetch> missing;
};

// `answers`: GET /images/json of each node, without tags that mean another image (stale_tags.h).
// `at`: where they are to be, if that is not free to choose. Throws MergeError.
Gathering gatherTags(std::span<const catalog::NodeAnswer> answers, std::string_view repository,
                     std::optional<size_t> at);

}  // namespace proxy
