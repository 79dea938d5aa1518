#pragma once

// The table of everything that is understood: labels of containers in all dialects, expressions in
// their environment, labels of nodes. It drives decoding, the reference in docs/labels.md, and the
// list in `docker info`.

#include "labels/budget.h"
#include "labels/node_rules.h"
#include "labels/policy.h"
#include "labels/problem.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace labels {

enum class Dialect { drover, rancher, swarm };
enum class Where { containerLabel, environment, nodeLabel };

// What the reader of one value has to work with. It throws BadValue.
struct Reading {
  std::string_view value;
  Policy& policy;
  Budget& budget;
  const Identity& identity;
  std::vector<std::string>& warnings;
};

struct Key {
  Dialect dialect = Dialect::drover;
  Where where = Where::containerLabel;
  std::string_view name;  // ends in a dot or a colon if more follows
  std::string_view takes;
  std::string_view help;
  void (*read)(Reading& reading) = nullptr;  // of a container's label or environment
  // Of a node's label; `rest` is what follows the name.
  void (*readNode)(std::string_view rest, std::string_view value, NodeRules& rules) = nullptr;
};

std::span<const Key> keys();
// The row of a label, or of an entry of the environment as it stands there; nullptr if there is
// none. Keys of Rancher count in any case of letters, as they did there.
const Key* findKey(std::string_view name, Where where);

// The key of this prefix that was probably meant; empty if none is near.
std::string nearestKey(std::string_view name, std::string_view prefix, Where where);

// What containers may carry.
std::vector<std::string> keyNames();
// The same in one line, as `docker info` shows it: "io.drover.{node, strategy, ...} constraint:
// ...".
std::string keyLine();

}  // namespace labels
