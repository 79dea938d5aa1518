#pragma once

// What a node's own labels say about placement.

#include "labels/problem.h"
#include "labels/resources.h"
#include "labels/rule.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace labels {

struct NodeRules {
  std::string zone;
  std::optional<double> overcommit;     // share by which more may be reserved than is there
  std::optional<uint64_t> slots;        // containers that may be here
  std::vector<std::string> requireAny;  // `key` or `key=value`: containers need one of these labels
  std::vector<std::string> ips;         // ports are published on one of these
  Resources resources;                  // generic ones

  bool operator==(const NodeRules&) const = default;
};

// Labels of the node win over those of its engine. What cannot be read has no effect and is told
// of, so that `docker node update` can refuse it.
NodeRules readNodeLabels(const Labels& nodeLabels, const Labels& engineLabels,
                         std::vector<Problem>* problems = nullptr);

// What is wrong with one label that a node is to get: a value that cannot be read, or a key of ours
// that there is not. Labels of others are not ours to judge; a number that classic Swarm passed
// over has no effect.
std::optional<Problem> problemOfNodeLabel(const std::string& name, const std::string& value);

}  // namespace labels
