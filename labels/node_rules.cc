#include "labels/node_rules.h"

#include "labels/keys.h"
#include "labels/text.h"

namespace labels {
namespace {

const std::string* valueOf(std::string_view name, const Labels& labels) {
  auto found = labels.find(name);
  return found == labels.end() ? nullptr : &found->second;
}

void read(const Key& key, const std::string& name, const std::string& value, NodeRules& rules,
          std::vector<Problem>* problems) {
  try {
    key.readNode(std::string_view(name).substr(key.name.size()), value, rules);
  } catch (const BadValue& bad) {
    if (problems) problems->push_back({name, characterAt(value, bad.at), bad.what, bad.nearest});
  }
}

}  // namespace

NodeRules readNodeLabels(const Labels& nodeLabels, const Labels& engineLabels,
                         std::vector<Problem>* problems) {
  NodeRules rules;
  // From the last row to the first, so that our own labels win over those of others.
  std::span<const Key> table = keys();
  for (auto key = table.rbegin(); key != table.rend(); ++key) {
    if (key->where != Where::nodeLabel) continue;
    for (const Labels* labels : {&engineLabels, &nodeLabels}) {
      if (!key->name.ends_with('.')) {
        const std::string* value = valueOf(key->name, *labels);
        if (value) read(*key, std::string(key->name), *value, rules, problems);
        continue;
      }
      for (auto each = labels->lower_bound(key->name);
           each != labels->end() && each->first.starts_with(key->name); ++each)
        read(*key, each->first, each->second, rules, problems);
    }
  }
  return rules;
}

std::optional<Problem> problemOfNodeLabel(const std::string& name, const std::string& value) {
  constexpr std::string_view ours = "io.drover.";
  if (const Key* key = findKey(name, Where::nodeLabel)) {
    std::vector<Problem> problems;
    NodeRules rules;
    if (key->dialect != Dialect::swarm) read(*key, name, value, rules, &problems);
    return problems.empty() ? std::nullopt : std::optional(problems.front());
  }
  if (!lowered(name).starts_with(ours)) return std::nullopt;
  if (findKey(name, Where::containerLabel))
    return Problem{name, 0, "is a label of containers, not of nodes", ""};
  return Problem{name, 0, "there is no such label of nodes",
                 nearestKey(lowered(name), ours, Where::nodeLabel)};
}

}  // namespace labels
