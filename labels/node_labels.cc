#include "labels/node_labels.h"

#include "labels/words.h"

#include <algorithm>
#include <charconv>

namespace labels::node {
namespace {

uint64_t count(std::string_view value) {
  std::optional<uint64_t> number = parseCount(value);
  if (!number) throw BadValue{0, shown(value) + " is not a number"};
  return *number;
}

}  // namespace

void readZone(std::string_view, std::string_view value, NodeRules& rules) {
  rules.zone = trimmed(value);
}

void readSlots(std::string_view, std::string_view value, NodeRules& rules) {
  rules.slots = count(value);
}

void readOvercommit(std::string_view, std::string_view value, NodeRules& rules) {
  value = trimmed(value);
  double share = 0;
  auto [end, fault] = std::from_chars(value.data(), value.data() + value.size(), share);
  bool isWhole = fault == std::errc() && end == value.data() + value.size();
  if (!isWhole || !(share > -1 && share <= 1'000))
    throw BadValue{0, shown(value) + " is not a share between -1 and 1000, such as 0.2"};
  rules.overcommit = share;
}

void readResource(std::string_view name, std::string_view value, NodeRules& rules) {
  if (name.empty()) throw BadValue{0, "the name of the resource is missing"};
  rules.resources.generic[std::string(name)] = std::min(count(value), Resources::all - 1);
}

void readRequireAny(std::string_view, std::string_view value, NodeRules& rules) {
  rules.requireAny = names(value);
}

void readIps(std::string_view, std::string_view value, NodeRules& rules) {
  rules.ips = names(value);
}

}  // namespace labels::node
