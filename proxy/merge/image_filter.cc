#include "proxy/merge/image_filter.h"

#include <algorithm>

namespace proxy {
namespace {

constexpr int64_t second = 1'000'000'000;

struct Entry {
  std::string id;
  int64_t seconds = 0;
};

Entry entryOf(const catalog::NodeAnswer& answer, std::string_view json) {
  docker::JsonObject image = catalog::objectOf(answer, json, "an image in its list");
  std::optional<std::string_view> id = docker::insideQuotes(image.find("Id"));
  if (!id) throw catalog::MergeError(answer.nodeName, "an image of its has no Id");
  int64_t created = catalog::numberOf(answer, image.find("Created"), "Created of an image");
  return {std::string(*id), std::max<int64_t>(created, 0)};
}

bool isIn(int64_t seconds, const std::optional<int64_t>& moment) {
  return moment && *moment / second == seconds;
}

}  // namespace

bool ImageFilter::shows(int64_t created) const {
  return (!before || created < *before) && (!since || created > *since);
}

std::vector<std::string> undecidedImages(const catalog::NodeAnswer& answer,
                                         const ImageFilter& window) {
  std::vector<std::string> undecided;
  for (std::string_view json : catalog::listOf(answer)) {
    Entry entry = entryOf(answer, json);
    if (isIn(entry.seconds, window.before) || isIn(entry.seconds, window.since))
      undecided.push_back(std::move(entry.id));
  }
  return undecided;
}

std::string imagesWithin(const catalog::NodeAnswer& answer, const ImageFilter& window,
                         const std::map<std::string, int64_t>& exact) {
  std::vector<std::string_view> kept;
  for (std::string_view json : catalog::listOf(answer)) {
    Entry entry = entryOf(answer, json);
    auto known = exact.find(entry.id);
    // Far off seconds do not overflow: numbers that large come from no clock.
    int64_t created = std::min(entry.seconds, INT64_MAX / second) * second;
    if (window.shows(known == exact.end() ? created : known->second)) kept.push_back(json);
  }
  return docker::jsonList(kept);
}

}  // namespace proxy
