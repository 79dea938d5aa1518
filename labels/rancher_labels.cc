#include "labels/rancher_labels.h"

#include "labels/expression.h"
#include "labels/words.h"

#include <arpa/inet.h>

#include <utility>

namespace labels::rancher {
namespace {

using Op = Rule::Op;

// The macros of Rancher. Left as they are in containers that belong to no stack.
std::string expanded(std::string_view text, const Identity& identity) {
  const std::pair<std::string_view, const std::string&> macros[] = {
      {"${stack_name}", identity.project},
      {"${project_name}", identity.project},
      {"${service_name}", identity.service},
  };
  std::string result(text);
  if (identity.project.empty()) return result;
  for (const auto& [macro, value] : macros) {
    for (size_t at = 0; (at = result.find(macro, at)) != result.npos; at += value.size())
      result.replace(at, macro.size(), value);
  }
  return result;
}

// A service as a container's label has it; one alone is of the own stack.
std::string inStack(const std::string& service, const Identity& identity) {
  bool isAlone = service.find('/') == std::string::npos && !identity.project.empty();
  return isAlone ? identity.project + "/" + service : service;
}

// Rancher lower-cased keys and values on both sides.
Rule labelRule(std::string_view prefix, std::string_view key, std::string_view value) {
  Rule rule;
  rule.field = std::string(prefix) + std::string(key);
  rule.keyCase = Case::ignored;
  rule.values.push_back(Pattern::literal(value, Case::ignored));
  return rule;
}

Rule containerRule(std::string_view key, std::string_view value, const Identity& identity) {
  std::string lower = lowered(key);
  bool isService =
      lower == "io.rancher.stack_service.name" || lower == "io.rancher.project_service.name";
  bool isStack = lower == "io.rancher.stack.name" || lower == "io.rancher.project.name";
  if (isService) return labelRule(field::service, "", inStack(std::string(value), identity));
  return isStack ? labelRule(field::project, "", value)
                 : labelRule(field::containerLabel, key, value);
}

// `k=v, k=v`. Blanks around the parts do not count; Rancher would have looked for a key that begins
// with one.
template <class MakeRule>
void readPairs(Reading& reading, Op op, bool soft, std::vector<Rule>& rules, MakeRule makeRule) {
  for (const Part& part : givenParts(reading.value)) {
    size_t equals = part.text.find('=');
    reading.budget.takeRule(part.at);
    if (equals == part.text.npos) throw BadValue{part.at, shown(part.text) + " is not key=value"};
    std::string_view key = trimmed(part.text.substr(0, equals));
    std::string value = expanded(trimmed(part.text.substr(equals + 1)), reading.identity);
    if (key.empty()) throw BadValue{part.at, "a label's key is missing"};
    if (value.empty()) throw BadValue{part.at + equals + 1, "a value is missing"};
    Rule rule = makeRule(key, value);
    rule.op = op;
    rule.soft = soft;
    rules.push_back(std::move(rule));
  }
}

bool is(const Reading& reading, std::string_view word) {
  return equalIgnoringCase(trimmed(reading.value), word);
}

// For what Rancher passed over.
void noEffect(Reading& reading, const std::string& known) {
  reading.warnings.push_back(shown(reading.value) + " has no effect; " + known + " has");
}

bool isAddress(const std::string& text) {
  in6_addr address;
  return inet_pton(AF_INET, text.c_str(), &address) == 1 ||
         inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

}  // namespace

template <Op op, bool soft>
void readHostLabels(Reading& reading) {
  readPairs(reading, op, soft, reading.policy.constraints,
            [](std::string_view key, std::string_view value) {
              return labelRule(field::anyLabel, key, value);
            });
}

template <Op op, bool soft>
void readContainerLabels(Reading& reading) {
  readPairs(reading, op, soft, reading.policy.affinities,
            [&](std::string_view key, std::string_view value) {
              return containerRule(key, value, reading.identity);
            });
}

template <Op op, bool soft>
void readContainers(Reading& reading) {
  for (const std::string& name : givenNames(reading.value)) {
    reading.budget.takeRule(0);
    Rule rule{.field = std::string(field::container), .op = op, .soft = soft};
    rule.values.push_back(Pattern::literal(expanded(name, reading.identity)));
    reading.policy.affinities.push_back(std::move(rule));
  }
}

template void readHostLabels<Op::is, false>(Reading&);
template void readHostLabels<Op::isNot, false>(Reading&);
template void readHostLabels<Op::is, true>(Reading&);
template void readHostLabels<Op::isNot, true>(Reading&);
template void readContainerLabels<Op::is, false>(Reading&);
template void readContainerLabels<Op::isNot, false>(Reading&);
template void readContainerLabels<Op::is, true>(Reading&);
template void readContainerLabels<Op::isNot, true>(Reading&);
template void readContainers<Op::is, false>(Reading&);
template void readContainers<Op::isNot, false>(Reading&);
template void readContainers<Op::is, true>(Reading&);
template void readContainers<Op::isNot, true>(Reading&);

void readVolumes(Reading& reading) {
  reading.policy.boundVolumes = givenNames(reading.value);
}

void readGlobal(Reading& reading) {
  reading.policy.global = is(reading, "true");
}

void readSidekicks(Reading& reading) {
  reading.policy.sidekicks = givenNames(reading.value);
}

void readLinkSelector(Reading& reading) {
  reading.policy.linkSelector = parseSelector(reading.value, reading.budget);
}

void readContainerSelector(Reading& reading) {
  reading.policy.containerSelector = parseSelector(reading.value, reading.budget);
}

void readPullImage(Reading& reading) {
  reading.policy.pullAlways = is(reading, "always");
  if (!reading.policy.pullAlways) noEffect(reading, "always");
}

void readStartOnce(Reading& reading) {
  reading.policy.startOnce = is(reading, "true");
}

void readHostname(Reading& reading) {
  reading.policy.hostnameFromName = is(reading, "container_name");
  if (!reading.policy.hostnameFromName) noEffect(reading, "container_name");
}

void readRequestedIp(Reading& reading) {
  for (const Part& part : givenParts(reading.value)) {
    std::string address(part.text);
    if (!isAddress(address)) throw BadValue{part.at, shown(address) + " is not an IP address"};
    reading.policy.requestedIps.push_back(std::move(address));
  }
}

void readDns(Reading& reading) {
  if (is(reading, "true") || is(reading, "false")) {
    reading.policy.clusterDns = is(reading, "true");
  } else {
    noEffect(reading, "true or false");
  }
}

void readDnsPriority(Reading& reading) {
  if (is(reading, "service_last")) {
    reading.policy.dnsPriority = DnsPriority::serviceLast;
  } else if (is(reading, "none")) {
    reading.policy.dnsPriority = DnsPriority::none;
  } else {
    noEffect(reading, "service_last or none");
  }
}

void readVolumeCleanup(Reading& reading) {
  reading.policy.volumeCleanup = chosen<VolumeCleanup>(reading.value, "cleanup strategy",
                                                       {{"none", VolumeCleanup::none},
                                                        {"unnamed", VolumeCleanup::unnamed},
                                                        {"all", VolumeCleanup::all}});
}

}  // namespace labels::rancher
