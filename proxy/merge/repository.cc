#include "proxy/merge/repository.h"

#include <algorithm>

#include "docker/image_reference.h"

namespace proxy {
namespace {

std::set<std::string> tagsOn(const catalog::NodeAnswer& answer, std::string_view repository) {
  std::set<std::string> tags;
  for (std::string_view json : catalog::listOf(answer)) {
    docker::JsonObject image = catalog::objectOf(answer, json, "an image in its list");
    for (std::string_view each : catalog::elementsOf(answer, image.find("RepoTags"), "RepoTags")) {
      std::string_view tag = docker::insideQuotes(each).value_or("");
      if (docker::imageRepository(tag) == repository) tags.emplace(tag);
    }
  }
  return tags;
}

}  // namespace

Gathering gatherTags(std::span<const catalog::NodeAnswer> answers, std::string_view repository,
                     std::optional<size_t> at) {
  std::string name = docker::imageRepository(repository);
  std::vector<std::set<std::string>> tags;
  Gathering gathering;
  for (const catalog::NodeAnswer& answer : answers) {
    tags.push_back(tagsOn(answer, name));
    if (tags.back().size() > tags[gathering.at].size()) gathering.at = tags.size() - 1;
  }
  if (at) gathering.at = *at;
  if (tags.empty()) return gathering;
  gathering.tags = tags[gathering.at];
  for (size_t from = 0; from < tags.size(); from++) {
    for (const std::string& tag : tags[from]) {
      if (gathering.tags.insert(tag).second) gathering.missing.push_back({tag, from});
    }
  }
  return gathering;
}

}  // namespace proxy
