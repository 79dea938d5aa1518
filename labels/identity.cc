#include "labels/identity.h"

#include "labels/text.h"

namespace labels {
namespace {

std::string_view firstOf(const Labels& labels, std::initializer_list<std::string_view> keys) {
  for (std::string_view key : keys) {
    if (auto found = labels.find(key); found != labels.end() && !found->second.empty())
      return found->second;
  }
  return {};
}

// Where tag or digest begin; a colon before the last slash is a port.
size_t endOfRepository(std::string_view image) {
  if (size_t digest = image.find('@'); digest != image.npos) image = image.substr(0, digest);
  size_t slash = image.rfind('/'), colon = image.rfind(':');
  bool isTag = colon != image.npos && (slash == image.npos || colon > slash);
  return isTag ? colon : image.size();
}

}  // namespace

std::string Identity::fullService() const {
  return project.empty() || service.empty() ? std::string() : project + "/" + service;
}

std::string Identity::unit(std::string_view ofService) const {
  if (project.empty() || ofService.empty()) return {};
  return project + "/" + std::string(ofService) + "#" + number;
}

Identity identityOf(const Labels& labels) {
  Identity identity;
  identity.number = firstOf(labels, {"com.docker.compose.container-number"});
  identity.project = firstOf(
      labels, {"com.docker.compose.project", "io.rancher.stack.name", "io.rancher.project.name"});
  identity.service = firstOf(labels, {"com.docker.compose.service"});
  std::string_view both =
      firstOf(labels, {"io.rancher.stack_service.name", "io.rancher.project_service.name"});
  size_t slash = both.find('/');
  if (slash != both.npos) {
    if (identity.project.empty()) identity.project = both.substr(0, slash);
    if (identity.service.empty()) identity.service = both.substr(slash + 1);
  }
  return identity;
}

std::vector<std::string> sidekickUnits(const Labels& labels) {
  std::vector<std::string> units;
  for (std::string_view label : {"io.drover.sidekicks", "io.rancher.sidekicks"}) {
    auto found = labels.find(label);
    if (found == labels.end()) continue;
    Identity identity = identityOf(labels);
    for (const Part& part : parts(found->second)) {
      std::string unit = identity.unit(part.text);
      if (!unit.empty()) units.push_back(std::move(unit));
    }
  }
  return units;
}

std::string groupOf(const Identity& identity, std::string_view image) {
  std::string service = identity.fullService();
  return service.empty() ? "image " + familiarImage(image) : "service " + service;
}

std::string familiarImage(std::string_view image) {
  for (std::string_view prefix : {"docker.io/", "index.docker.io/", "library/"}) {
    if (image.starts_with(prefix)) image.remove_prefix(prefix.size());
  }
  bool isBare = !image.empty() && endOfRepository(image) == image.size();
  return std::string(image) + (isBare ? ":latest" : "");
}

std::string imageRepository(std::string_view image) {
  std::string familiar = familiarImage(image);
  return familiar.substr(0, endOfRepository(familiar));
}

}  // namespace labels
