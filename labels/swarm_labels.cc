#include "labels/swarm_labels.h"

#include "base/go_json.h"
#include "base/json.h"
#include "labels/fields.h"
#include "labels/words.h"

#include <algorithm>
#include <utility>

namespace labels::swarm {
namespace {

constexpr std::pair<std::string_view, std::string_view> nodeFacts[] = {
    {"node", "node"},
    {"storagedriver", "node.storage"},
    {"kernelversion", "node.kernel"},
    {"operatingsystem", "node.distribution"},
    {"ostype", "node.os"},
};

struct Expression {
  std::string_view key;
  Rule::Op op = Rule::Op::is;
  bool soft = false;
  std::string_view value;
  size_t at = 0;  // where the value begins
};

Expression split(std::string_view text, Budget& budget) {
  budget.takeRule(0);
  Expression result;
  size_t sign = text.find_first_of("=!~<>");
  if (sign == text.npos) throw BadValue{text.size(), "== or != is missing"};
  result.key = trimmed(text.substr(0, sign));
  if (result.key.empty()) throw BadValue{0, "a key is missing"};
  std::string_view rest = text.substr(sign);
  if (!rest.starts_with("==") && !rest.starts_with("!=")) {
    size_t end = std::min(rest.find_first_not_of("=!~<>"), size_t{2});
    throw BadValue{sign, shown(rest.substr(0, end)) + " is not a valid operator",
                   rest.starts_with('!') ? "!=" : "=="};
  }
  if (rest.starts_with('!')) result.op = Rule::Op::isNot;
  result.at = sign + 2;
  if (result.at < text.size() && text[result.at] == '~') {
    result.soft = true;
    result.at++;
  }
  result.value = trimmed(text.substr(result.at));
  if (result.value.empty()) throw BadValue{result.at, "a value is missing"};
  // Nothing has one in its name: it was meant for a shell that has not seen it.
  if (size_t quote = text.find_first_of("\"'"); quote != text.npos)
    throw BadValue{quote, "a quote would be part of it; leave quotes out"};
  return result;
}

Pattern patternOf(std::string_view value, size_t at, Budget& budget) {
  bool isRegex = value.size() > 1 && value.front() == '/' && value.back() == '/';
  if (isRegex || value.find_first_of("*?") != value.npos) budget.takeSearch(at);
  return isRegex ? Pattern::regex(value.substr(1, value.size() - 2), at) : Pattern::glob(value, at);
}

Rule ruleOf(const Expression& expression, std::string_view field, Budget& budget) {
  Rule rule{.field = std::string(field), .op = expression.op, .soft = expression.soft};
  rule.values.push_back(patternOf(expression.value, expression.at, budget));
  return rule;
}

// Rancher's words for labels of containers, beside which it had container==.
constexpr std::string_view ofRancher = "container_label:";

Rule labelRule(const Expression& expression, std::string_view prefix, Budget& budget) {
  Rule rule = ruleOf(expression, std::string(prefix) + std::string(expression.key), budget);
  rule.keyCase = Case::ignored;
  return rule;
}

// An id in full, as Compose of old writes it for the container that is to be replaced.
bool isFullId(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

// Reads each text of the list. Where the text stands in the value is found by looking for it, which
// fails only if it is written with escapes.
void eachOf(Reading& reading, void (*read)(Reading& reading)) {
  base::GoReading understood = base::readAsGo(reading.value, base::go::texts);
  if (!understood.fault.empty() || !understood.after.empty()) {
    reading.warnings.push_back("has no effect, since it is not JSON (" +
                               (understood.fault.empty() ? "text after it" : understood.fault) +
                               ")");
    return;
  }
  rapidjson::Document list = base::parseJson(understood.text);
  auto isText = [](const rapidjson::Value& each) { return each.IsString(); };
  if (!list.IsArray() || !std::all_of(list.Begin(), list.End(), isText))
    throw BadValue{0, "is not a JSON list of strings, such as [\"node==db-1\"]"};
  std::string_view whole = reading.value;
  size_t from = 0;
  for (const rapidjson::Value& each : list.GetArray()) {
    reading.value = base::asText(each);
    size_t begin = whole.find(reading.value, from);
    if (begin != whole.npos) from = begin + reading.value.size();
    try {
      read(reading);
    } catch (BadValue& bad) {
      bad.at = begin == whole.npos ? 0 : begin + bad.at;
      throw;
    }
  }
}

}  // namespace

void readConstraint(Reading& reading) {
  Expression expression = split(reading.value, reading.budget);
  std::string key = lowered(expression.key);
  auto fact = std::find_if(std::begin(nodeFacts), std::end(nodeFacts),
                           [&](const auto& each) { return each.first == key; });
  reading.policy.constraints.push_back(fact == std::end(nodeFacts)
                                           ? labelRule(expression, field::anyLabel, reading.budget)
                                           : ruleOf(expression, fact->second, reading.budget));
}

void readAffinity(Reading& reading) {
  Expression expression = split(reading.value, reading.budget);
  std::string key = lowered(expression.key);
  bool isThing = key == field::container || key == field::image;
  if (key.starts_with(ofRancher)) expression.key.remove_prefix(ofRancher.size());
  if (expression.key.empty() || expression.key.find(':') != expression.key.npos)
    throw BadValue{0, "a label's key is missing, or has a colon in it"};
  bool replaces = key == field::container && expression.op == Rule::Op::is &&
                  isFullId(expression.value) && reading.policy.replaces.empty();
  if (replaces) reading.policy.replaces = expression.value;
  reading.policy.affinities.push_back(
      isThing ? ruleOf(expression, key, reading.budget)
              : labelRule(expression, field::containerLabel, reading.budget));
}

void readWhitelist(Reading& reading) {
  Expression expression = split(reading.value, reading.budget);
  if (lowered(expression.key) != field::node)
    throw unknownWord(0, expression.key, "whitelist key", {"node"});
  if (expression.op != Rule::Op::is)
    throw BadValue{expression.key.size(), "a whitelist takes == only", "=="};
  Rule rule{.field = std::string(field::node)};
  for (const Part& part : parts(expression.value, '|'))
    rule.values.push_back(patternOf(part.text, expression.at + part.at, reading.budget));
  reading.policy.whitelist.push_back(std::move(rule));
}

void readReschedule(Reading& reading) {
  reading.policy.reschedule = chosen<Reschedule>(
      reading.value, "reschedule policy",
      {{"off", Reschedule::off}, {"on-node-failure", Reschedule::onNodeFailure}});
}

void readConstraints(Reading& reading) {
  eachOf(reading, readConstraint);
}
void readAffinities(Reading& reading) {
  eachOf(reading, readAffinity);
}
void readWhitelists(Reading& reading) {
  eachOf(reading, readWhitelist);
}
void readReschedules(Reading& reading) {
  eachOf(reading, readReschedule);
}

}  // namespace labels::swarm
