#include "labels/expression.h"

#include "docker/version.h"
#include "labels/problem.h"
#include "labels/quantity.h"
#include "labels/scanner.h"
#include "labels/text.h"

#include <utility>

namespace labels {
namespace {

using Op = Rule::Op;

constexpr std::pair<std::string_view, Op> signs[] = {
    {"==", Op::is},      {"!=", Op::isNot}, {"<=", Op::atMost},
    {">=", Op::atLeast}, {"<", Op::less},   {">", Op::more},
};
constexpr std::string_view plainEnds = ",";
constexpr std::string_view listEnds = ",)";

bool isOrder(Op op) {
  return op == Op::less || op == Op::atMost || op == Op::atLeast || op == Op::more;
}

// The bound of an order: a number or a version.
void checkBound(const Rule& rule, size_t at) {
  const std::string& bound = rule.values.front().text();
  bool isSound = rule.asNumber ? parseNumber(bound).has_value()
                               : docker::compareVersions(bound, bound).has_value();
  if (isSound) return;
  throw BadValue{at,
                 shown(bound) + (rule.asNumber ? " is not a number or a size, such as 4 or 16GiB"
                                               : " is not a version, such as 5.10")};
}

void takeOperator(Scanner& scanner, Rule& rule) {
  for (const auto& [sign, op] : signs) {
    if (!scanner.take(sign)) continue;
    rule.op = op;
    scanner.skipBlanks();
    size_t begin = scanner.at();
    rule.values.push_back(scanner.takeValue(plainEnds));
    if (isOrder(op)) checkBound(rule, begin);
    return;
  }
  size_t begin = scanner.at();
  if (scanner.take("=")) throw BadValue{begin, "\"=\" is not a valid operator", "=="};
  std::string_view word = scanner.takeWord();
  auto takeOne = [&] { return scanner.takeValue(listEnds); };
  if (word == "in" || word == "notin") {
    rule.op = word == "in" ? Op::is : Op::isNot;
    rule.values = scanner.takeList(takeOne);
  } else if (word == "exists" || word == "absent") {
    rule.op = word == "exists" ? Op::exists : Op::absent;
  } else {
    if (word.empty()) word = scanner.takeUntil(",");
    if (word.empty()) throw BadValue{begin, "an operator is missing after " + shown(rule.field)};
    throw unknownWord(begin, word, "operator",
                      {"==", "!=", "<", "<=", ">=", ">", "in", "notin", "exists", "absent"});
  }
}

// What can be written, with the label's key of `name`, if it has one, so that the names compare.
std::vector<std::string> namesLike(std::string_view name, Use use) {
  std::vector<std::string> names = fieldNames(use);
  size_t dot = name.find('.');
  if (dot != name.npos) dot = name.find('.', dot + 1);
  if (dot == name.npos) return names;
  for (std::string& each : names) {
    if (size_t key = each.find("<key>"); key != each.npos)
      each.replace(key, 5, name.substr(dot + 1));
  }
  return names;
}

Rule takeTerm(Scanner& scanner, Use use) {
  Rule rule;
  size_t begin = scanner.at();
  std::string_view name = scanner.takeUntil("=!<>,( \t\r\n");
  if (name.empty()) throw BadValue{begin, "a name is missing"};
  std::optional<FieldName> field = findField(name, use);
  if (!field) {
    Use other = use == Use::constraint ? Use::affinity : Use::constraint;
    if (findField(name, other)) {
      throw BadValue{begin,
                     shown(name) + (other == Use::affinity ? " is for io.drover.affinity"
                                                           : " is for io.drover.constraint")};
    }
    throw unknownWord(begin, name, use == Use::constraint ? "constraint field" : "affinity field",
                      namesLike(name, use));
  }
  rule.field = field->name;
  rule.asNumber = field->asNumber;
  scanner.skipBlanks();
  takeOperator(scanner, rule);
  return rule;
}

Rule takeSelectorTerm(Scanner& scanner) {
  Rule term;
  term.keyCase = Case::ignored;
  size_t begin = scanner.at();
  std::string_view key = scanner.takeUntil("=!,( \t\r\n");
  if (key.empty()) throw BadValue{begin, "a label's key is missing"};
  term.field = key;
  scanner.skipBlanks();
  auto takeOne = [&] {
    size_t at = scanner.at();
    std::string_view value = scanner.takeUntil(listEnds);
    if (value.empty()) throw BadValue{at, "a value is missing"};
    return Pattern::literal(value, Case::ignored);
  };
  auto takeLast = [&] { return Pattern::literal(scanner.takeUntil(plainEnds), Case::ignored); };
  size_t at = scanner.at();
  if (scanner.take("!=")) {
    term.op = Op::isNot;
    term.values.push_back(takeLast());
  } else if (scanner.take("==") || scanner.take("=")) {
    term.op = Op::is;
    term.values.push_back(takeLast());
  } else if (std::string_view word = scanner.takeWord(); word == "in" || word == "notin") {
    term.op = word == "in" ? Op::is : Op::isNot;
    term.values = scanner.takeList(takeOne);
  } else if (!word.empty()) {
    throw unknownWord(at, word, "operator", {"=", "!=", "in", "notin"});
  } else {
    term.op = Op::exists;
    term.keyCase = Case::matters;
  }
  return term;
}

template <class TakeTerm>
std::vector<Rule> takeTerms(std::string_view text, Budget& budget, TakeTerm takeTerm) {
  std::vector<Rule> rules;
  Scanner scanner(text, budget);
  scanner.skipBlanks();
  if (scanner.atEnd()) return rules;
  do {
    scanner.skipBlanks();
    budget.takeRule(scanner.at());
    rules.push_back(takeTerm(scanner));
    scanner.skipBlanks();
  } while (scanner.take(","));
  if (!scanner.atEnd()) scanner.expect(",");
  return rules;
}

}  // namespace

std::vector<Rule> parseExpression(std::string_view text, Use use, Budget& budget) {
  return takeTerms(text, budget, [&](Scanner& scanner) { return takeTerm(scanner, use); });
}

std::vector<Rule> parseSelector(std::string_view text, Budget& budget) {
  return takeTerms(text, budget, takeSelectorTerm);
}

}  // namespace labels
