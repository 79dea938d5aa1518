#pragma once

// One thing that is asked of a node: of a fact of its own, or of what is on it.

#include "labels/pattern.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace labels {

struct Rule {
  enum class Op { is, isNot, exists, absent, less, atMost, atLeast, more };

  std::string field;  // what is looked at, by its name in fields.h, as node.label.zone
  Op op = Op::is;
  std::vector<Pattern> values = {};  // one of them has to match; for an order there is one
  bool soft = false;                 // wished for; what is wished for never makes a placement fail
  Case keyCase = Case::matters;      // of the label's key, if the field is a label
  bool asNumber = false;             // an order of numbers and sizes; else of versions

  bool operator==(const Rule&) const = default;
};

// Whether the rule asks that there be no such value.
bool isNegative(const Rule& rule);
// Whether the value is one the rule speaks of; a negative rule asks that there be none.
bool speaksOf(const Rule& rule, std::string_view value);
// As it could be written in io.drover.constraint.
std::string describe(const Rule& rule);

// What a selector asks of labels: all of its terms.
using Labels = std::map<std::string, std::string, std::less<>>;
bool selects(const std::vector<Rule>& selector, const Labels& labels);

}  // namespace labels
