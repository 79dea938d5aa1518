#include "labels/drover_labels.h"

#include "labels/expression.h"
#include "labels/words.h"

#include <utility>

namespace labels::drover {
namespace {

// A service alone is one of the own project.
void addProject(Rule& rule, const Identity& identity) {
  if (rule.field != field::service || identity.project.empty()) return;
  for (Pattern& value : rule.values) {
    if (value.kind() == Pattern::Kind::regex || value.text().find('/') != std::string::npos)
      continue;
    std::string full = identity.project + "/" + value.text();
    value = value.kind() == Pattern::Kind::glob ? Pattern::glob(full) : Pattern::literal(full);
  }
}

void readRules(Reading& reading, Use use, bool soft, std::vector<Rule>& rules) {
  for (Rule& rule : parseExpression(reading.value, use, reading.budget)) {
    rule.soft = soft;
    addProject(rule, reading.identity);
    rules.push_back(std::move(rule));
  }
}

uint64_t amount(const Part& part, std::string_view text, double unit) {
  std::optional<double> number = parseNumber(text);
  if (!number || *number < 0 || *number * unit > 1e18)
    throw BadValue{part.at + part.text.find('=') + 1, shown(text) + " is not an amount"};
  return static_cast<uint64_t>(*number * unit);
}

}  // namespace

void readConstraint(Reading& reading) {
  readRules(reading, Use::constraint, false, reading.policy.constraints);
}

void readSoftConstraint(Reading& reading) {
  readRules(reading, Use::constraint, true, reading.policy.constraints);
}

void readAffinity(Reading& reading) {
  readRules(reading, Use::affinity, false, reading.policy.affinities);
}

void readSoftAffinity(Reading& reading) {
  readRules(reading, Use::affinity, true, reading.policy.affinities);
}

void readNode(Reading& reading) {
  reading.policy.node = trimmed(reading.value);
}

void readWhitelist(Reading& reading) {
  Rule rule{.field = std::string(field::node)};
  for (const std::string& name : names(reading.value))
    rule.values.push_back(Pattern::literal(name));
  if (!rule.values.empty()) reading.policy.whitelist.push_back(std::move(rule));
}

void readStrategy(Reading& reading) {
  reading.policy.strategy = chosen<Strategy>(
      reading.value, "strategy",
      {{"spread", Strategy::spread}, {"binpack", Strategy::binpack}, {"random", Strategy::random}});
}

void readSpreadBy(Reading& reading) {
  reading.policy.spreadBy = trimmed(reading.value);
}

void readMaxPerNode(Reading& reading) {
  std::optional<uint64_t> most = parseCount(reading.value);
  if (!most || *most == 0)
    throw BadValue{0, shown(reading.value) + " is not a number of containers, 1 or more"};
  reading.policy.maxPerNode = *most;
}

void readReserve(Reading& reading) {
  Resources& reserve = reading.policy.reserve;
  for (const Part& part : parts(reading.value)) {
    size_t equals = part.text.find('=');
    std::string_view name = trimmed(part.text.substr(0, equals));
    if (equals == part.text.npos || name.empty())
      throw BadValue{part.at, shown(part.text) + " is not name=amount, as memory=512m"};
    std::string_view text = trimmed(part.text.substr(equals + 1));
    if (name == "cpus") {
      reserve.nanoCpus = amount(part, text, 1e9);
    } else if (name == "memory") {
      reserve.memory = amount(part, text, 1);
    } else if (name == "pids") {
      reserve.pids = amount(part, text, 1);
    } else if (std::optional<uint64_t> count = parseCount(text)) {
      reserve.generic[std::string(name)] = std::min(*count, Resources::all);
    } else {
      throw unknownWord(part.at, name, "resource for an amount that is not a whole number",
                        {"cpus", "memory", "pids"});
    }
  }
}

void readBind(Reading& reading) {
  reading.policy.bind =
      chosen<Bind>(reading.value, "bind mode", {{"here", Bind::here}, {"any", Bind::any}});
}

void readSidekicks(Reading& reading) {
  reading.policy.sidekicks = names(reading.value);
}

void readGlobal(Reading& reading) {
  reading.policy.global = yesOrNo(reading.value);
}

void readReschedule(Reading& reading) {
  reading.policy.reschedule = chosen<Reschedule>(
      reading.value, "reschedule policy",
      {{"off", Reschedule::off}, {"on-node-failure", Reschedule::onNodeFailure}});
}

void readRebalance(Reading& reading) {
  reading.policy.rebalance = yesOrNo(reading.value);
}

void readExplain(Reading& reading) {
  reading.policy.explain = yesOrNo(reading.value);
}

}  // namespace labels::drover
