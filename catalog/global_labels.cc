#include "catalog/global_labels.h"

#include <algorithm>
#include <cctype>

#include "base/json.h"
#include "cluster/types.h"
#include "docker/merge_json.h"
#include "labels/decode.h"
#include "labels/text.h"

namespace catalog {
namespace {

constexpr std::string_view groupLabel = "io.drover.global.of";
constexpr std::string_view fromLabel = "io.drover.global.from";
constexpr std::string_view besideLabel = "io.drover.global.beside";
constexpr std::string_view setAside = "io.drover.global.label.";
constexpr std::string_view ofCompose = "com.docker.compose.";
constexpr size_t idLength = 64;  // of a container
constexpr size_t disambiguation = 5;

bool asksForGlobal(std::string_view key) {
  return labels::equalIgnoringCase(key, "io.drover.global") ||
         labels::equalIgnoringCase(key, "io.rancher.scheduler.global");
}

std::string_view valueOf(const LabelList& labels, std::string_view key) {
  const std::string* value = findLabel(labels, key);
  return value ? std::string_view(*value) : std::string_view();
}

// Whether the container asks to be global, as a create would understand it.
bool isGlobal(const LabelList& labels) {
  base::JsonWriter body;
  body.object().object("Labels");
  bool asks = false;
  for (const auto& [key, value] : labels) {
    if (!asksForGlobal(key)) continue;
    body.member(key, value);
    asks = true;
  }
  body.endObject().endObject();
  if (!asks) return false;
  labels::Decoded asked = labels::decode(body.text());
  return !asked.problem && asked.policy.global;
}

LabelList plainLabels(const docker::CreateRequest& spec) {
  LabelList labels;
  for (auto& [key, value] : spec.labels()) {
    if (key == groupLabel || key == fromLabel || key == besideLabel) continue;
    std::string shown(shownLabel(key));
    labels.emplace_back(std::move(shown), std::move(value));
  }
  return labels;
}

void addGroup(LabelList& labels, const GlobalMark& mark) {
  labels.emplace_back(groupLabel, mark.group);
  if (!mark.beside.empty()) labels.emplace_back(besideLabel, mark.beside);
}

}  // namespace

bool isContainerId(std::string_view text) {
  return text.size() == idLength && text.find_first_not_of("0123456789abcdef") == text.npos;
}

std::optional<GlobalMark> globalMark(const LabelList& labels, std::string_view name) {
  GlobalMark mark;
  mark.group = valueOf(labels, groupLabel);
  mark.beside = valueOf(labels, besideLabel);
  bool isSidekick = isContainerId(mark.group) && isContainerId(mark.beside);
  if (!isSidekick && (!isGlobal(labels) || !mark.beside.empty())) return std::nullopt;
  if (!mark.group.empty() && !isContainerId(mark.group)) return std::nullopt;
  std::string_view from = valueOf(labels, fromLabel);
  if (from.empty()) return mark;
  size_t first = from.find('/');
  size_t second = from.find('/', std::min(first, from.size() - 1) + 1);
  if (first == from.npos || second == from.npos || mark.group.empty()) return std::nullopt;
  mark.cluster = from.substr(0, first);
  mark.home = from.substr(first + 1, second - first - 1);
  mark.suffix = from.substr(second + 1);
  bool isWhole = !mark.cluster.empty() && cluster::NodeId::parse(mark.home) &&
                 mark.suffix.size() > 1 && mark.suffix.front() == '.';
  bool isNamed = name.size() > mark.suffix.size() && name.ends_with(mark.suffix);
  if (!isWhole || !isNamed) return std::nullopt;
  return mark;
}

std::string globalSuffix(std::string_view nodeName, std::string_view id, bool isShared) {
  std::string suffix(".");
  suffix.append(nodeName.empty() ? id : nodeName);
  if (isShared) suffix.append(".").append(id.substr(0, disambiguation));
  for (char& each : suffix) {
    bool fits = std::isalnum(static_cast<unsigned char>(each)) || each == '.' || each == '-';
    if (!fits) each = '_';
  }
  return suffix;
}

void makeCopy(docker::CreateRequest& spec, const GlobalMark& mark) {
  LabelList labels;
  for (auto& [key, value] : plainLabels(spec)) {
    std::string name = key.starts_with(ofCompose) ? std::string(setAside) + key : std::move(key);
    labels.emplace_back(std::move(name), std::move(value));
  }
  addGroup(labels, mark);
  labels.emplace_back(fromLabel, mark.cluster + "/" + mark.home + "/" + mark.suffix);
  spec.setLabels(std::move(labels));
  spec.dropAutoRemove();
}

void makePlain(docker::CreateRequest& spec) {
  spec.setLabels(plainLabels(spec));
}

void makeOriginal(docker::CreateRequest& spec, const GlobalMark& mark) {
  LabelList labels = plainLabels(spec);
  addGroup(labels, mark);
  spec.setLabels(std::move(labels));
}

std::string_view shownLabel(std::string_view key) {
  return key.starts_with(setAside) ? key.substr(setAside.size()) : key;
}

bool restartsAlways(const docker::CreateRequest& spec) {
  std::string policy = spec.restartPolicy();
  return policy == "always" || policy == "unless-stopped";
}

}  // namespace catalog
