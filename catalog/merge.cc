#include "catalog/merge.h"

#include <algorithm>
#include <limits>
#include <unordered_set>

namespace catalog {
namespace {

std::string_view trimmedBody(const NodeAnswer& answer) {
  std::string_view body = answer.body;
  body = body.substr(0, body.find_last_not_of(" \t\r\n") + 1);
  if (body.empty()) throw MergeError(answer.nodeName, "its answer is empty");
  return body;
}

}  // namespace

std::string nodeMember(const NodeAnswer& node) {
  std::string address = docker::jsonString(node.nodeAddress);
  return "{\"ID\":" + docker::jsonString(node.nodeId) +
         ",\"Name\":" + docker::jsonString(node.nodeName) + ",\"IP\":" + address +
         ",\"Addr\":" + address + "}";
}

docker::JsonObject objectOf(const NodeAnswer& answer, std::string_view json,
                            std::string_view what) {
  std::optional<docker::JsonObject> object = docker::JsonObject::parse(json);
  if (!object) throw MergeError(answer.nodeName, std::string(what) + " is not a JSON object");
  return std::move(*object);
}

std::vector<std::string_view> listOf(const NodeAnswer& answer) {
  return elementsOf(answer, trimmedBody(answer), "its answer");
}

std::vector<std::string_view> elementsOf(const NodeAnswer& answer, std::string_view json,
                                         std::string_view what) {
  if (json.empty() || json == "null") return {};
  std::optional<std::vector<std::string_view>> elements = docker::jsonElements(json);
  if (!elements) throw MergeError(answer.nodeName, std::string(what) + " is not a JSON list");
  return std::move(*elements);
}

std::vector<docker::JsonMember> membersOf(const NodeAnswer& answer, std::string_view json,
                                          std::string_view what) {
  if (json.empty() || json == "null") return {};
  return objectOf(answer, json, what).members();
}

int64_t numberOf(const NodeAnswer& answer, std::string_view json, std::string_view what) {
  if (json.empty()) return 0;
  std::optional<int64_t> number = docker::wholeNumber(json);
  if (!number) throw MergeError(answer.nodeName, std::string(what) + " is not a whole number");
  return *number;
}

int64_t saturatedSum(int64_t a, int64_t b) {
  int64_t sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  using Limits = std::numeric_limits<int64_t>;
  return a < 0 ? Limits::min() : Limits::max();
}

std::string unitedList(std::string_view first, const std::vector<std::string_view>& elements,
                       bool once) {
  if (elements.empty()) return first.empty() ? "null" : std::string(first);
  if (!once) return docker::jsonList(elements);
  std::unordered_set<std::string_view> seen;
  std::vector<std::string_view> kept;
  for (std::string_view each : elements) {
    if (seen.insert(each).second) kept.push_back(each);
  }
  return docker::jsonList(kept);
}

std::string unitedWarnings(std::span<const NodeAnswer> answers,
                           const std::vector<std::string_view>& warnings) {
  struct Warning {
    std::string_view text;
    std::vector<size_t> nodes;  // who has it, as places in `answers`
  };
  std::vector<Warning> found;
  for (size_t i = 0; i < answers.size(); i++) {
    for (std::string_view text : elementsOf(answers[i], warnings[i], "its Warnings")) {
      if (!docker::insideQuotes(text))
        throw MergeError(answers[i].nodeName, "its Warnings are not texts");
      auto same = [&](const Warning& warning) { return warning.text == text; };
      auto at = std::find_if(found.begin(), found.end(), same);
      if (at == found.end()) at = found.insert(found.end(), {text, {}});
      if (at->nodes.empty() || at->nodes.back() != i) at->nodes.push_back(i);
    }
  }

  std::vector<std::string> worded;
  for (const Warning& warning : found) {
    std::string names;
    if (warning.nodes.size() < answers.size()) {
      for (size_t i : warning.nodes) names += (names.empty() ? "" : ", ") + answers[i].nodeName;
      names += ": ";
    }
    std::string prefix = docker::jsonString(names);
    prefix.pop_back();
    worded.push_back(prefix + std::string(warning.text.substr(1)));
  }
  return unitedList(warnings.empty() ? "" : warnings.front(), {worded.begin(), worded.end()}, true);
}

}  // namespace catalog
