#pragma once

// Which container one is, in the words of whoever made it: Compose, or Rancher's own labels.

#include "labels/rule.h"

#include <string>
#include <string_view>
#include <vector>

namespace labels {

struct Identity {
  std::string project;  // Compose project or Rancher stack; empty for plain containers
  std::string service;  // within the project
  std::string number;   // of the container within the service

  // `project/service`, empty for plain containers.
  std::string fullService() const;
  // The same with the number: a container and its sidekicks have equal numbers.
  std::string unit(std::string_view ofService) const;

  bool operator==(const Identity&) const = default;
};

Identity identityOf(const Labels& labels);

// The units of its sidekicks, as the container's labels name them.
std::vector<std::string> sidekickUnits(const Labels& labels);

// Containers that stand in for each other and are to be spread: those of a service, or else those
// of an image.
std::string groupOf(const Identity& identity, std::string_view image);

}  // namespace labels
