#include "catalog/stale_tags.h"

#include <deque>
#include <optional>
#include <vector>

namespace catalog {
namespace {

// As engines list an image that has neither tag nor digest.
constexpr std::string_view noTags = "[\"<none>:<none>\"]";
constexpr std::string_view noDigests = "[\"<none>@<none>\"]";

}  // namespace

std::string withoutStaleTags(const NodeAnswer& answer, const IsStaleTag& isStale, bool byName) {
  std::vector<std::string_view> shown;
  std::deque<std::string> changed;  // which `shown` points into
  bool any = false;
  for (std::string_view json : listOf(answer)) {
    docker::JsonObject image = objectOf(answer, json, "an image in its list");
    std::string_view id = docker::insideQuotes(image.find("Id")).value_or("");
    std::vector<std::string_view> all = elementsOf(answer, image.find("RepoTags"), "RepoTags");
    std::vector<std::string_view> kept;
    for (std::string_view each : all) {
      std::optional<std::string_view> tag = docker::insideQuotes(each);
      if (!tag || !isStale(answer.nodeId, *tag, id)) kept.push_back(each);
    }
    if (kept.size() == all.size()) {
      shown.push_back(json);
      continue;
    }
    any = true;
    if (kept.empty() && byName) continue;
    bool digests = !elementsOf(answer, image.find("RepoDigests"), "RepoDigests").empty();
    if (!kept.empty()) {
      image.set("RepoTags", docker::jsonList(kept));
    } else if (digests) {
      image.set("RepoTags", "null");
    } else {
      image.set("RepoTags", std::string(noTags));
      image.set("RepoDigests", std::string(noDigests));
    }
    changed.push_back(image.text());
    shown.push_back(changed.back());
  }
  return any ? docker::jsonList(shown) : answer.body;
}

}  // namespace catalog
