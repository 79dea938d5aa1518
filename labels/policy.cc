#include "labels/policy.h"

#include "labels/fields.h"

#include <algorithm>

namespace labels {

bool namesNodes(const Policy& policy) {
  if (!policy.node.empty() || !policy.whitelist.empty()) return true;
  return std::any_of(policy.constraints.begin(), policy.constraints.end(), [](const Rule& rule) {
    bool isIdentity = rule.field == field::node || rule.field == "node.name" ||
                      rule.field == "node.id" || rule.field == "node.ip";
    // Rancher and classic Swarm took a bind mount for one of whichever host they chose.
    bool isOfOthers = rule.field.starts_with(field::anyLabel);
    return (isIdentity || isOfOthers) && !rule.soft && rule.op == Rule::Op::is;
  });
}

}  // namespace labels
