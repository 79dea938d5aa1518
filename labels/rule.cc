#include "labels/rule.h"

#include "docker/version.h"
#include "labels/quantity.h"
#include "labels/text.h"

#include <algorithm>

namespace labels {
namespace {

using Op = Rule::Op;

std::string_view operatorText(Op op) {
  switch (op) {
    case Op::is:
      return "==";
    case Op::isNot:
      return "!=";
    case Op::exists:
      return "exists";
    case Op::absent:
      return "absent";
    case Op::less:
      return "<";
    case Op::atMost:
      return "<=";
    case Op::atLeast:
      return ">=";
    case Op::more:
      return ">";
  }
  return {};
}

bool isSameNumber(std::string_view one, std::string_view other) {
  std::optional<double> left = parseNumber(one), right = parseNumber(other);
  return left && right && *left == *right;
}

bool inOrder(const Rule& rule, std::string_view value) {
  std::partial_ordering order = std::partial_ordering::unordered;
  const std::string& bound = rule.values.front().text();
  if (rule.asNumber) {
    std::optional<double> left = parseNumber(value), right = parseNumber(bound);
    if (left && right) order = *left <=> *right;
  } else if (auto versions = docker::compareVersions(value, bound)) {
    order = *versions;
  }
  switch (rule.op) {
    case Op::less:
      return order < 0;
    case Op::atMost:
      return order <= 0;
    case Op::atLeast:
      return order >= 0;
    default:
      return order > 0;
  }
}

// A term of a selector. Unlike an affinity, != and notin want the key to be there.
bool selects(const Rule& term, const Labels& labels) {
  for (const auto& [key, value] : labels) {
    bool isKey =
        term.keyCase == Case::matters ? key == term.field : equalIgnoringCase(key, term.field);
    if (isKey) return speaksOf(term, value) != isNegative(term);
  }
  return false;
}

}  // namespace

bool isNegative(const Rule& rule) {
  return rule.op == Op::isNot || rule.op == Op::absent;
}

bool speaksOf(const Rule& rule, std::string_view value) {
  switch (rule.op) {
    case Op::exists:
    case Op::absent:
      return true;
    case Op::is:
    case Op::isNot:
      return std::any_of(rule.values.begin(), rule.values.end(), [&](const Pattern& each) {
        return each.matches(value) || (rule.asNumber && isSameNumber(each.text(), value));
      });
    default:
      return inOrder(rule, value);
  }
}

std::string describe(const Rule& rule) {
  std::string text = rule.field;
  if (rule.values.size() > 1) {
    text += rule.op == Op::isNot ? " notin (" : " in (";
    for (size_t i = 0; i < rule.values.size() && i < 8; i++)
      text += (i > 0 ? ", " : "") + rule.values[i].describe();
    return text + (rule.values.size() > 8 ? ", ...)" : ")");
  }
  text += " " + std::string(operatorText(rule.op));
  if (!rule.values.empty()) text += " " + rule.values.front().describe();
  return text;
}

bool selects(const std::vector<Rule>& selector, const Labels& labels) {
  return std::all_of(selector.begin(), selector.end(),
                     [&](const Rule& term) { return selects(term, labels); });
}

}  // namespace labels
