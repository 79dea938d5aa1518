#include "labels/identity.h"

#include "docker/image_reference.h"
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
  return service.empty() ? "image " + docker::listedImageName(image) : "service " + service;
}

}  // namespace labels
