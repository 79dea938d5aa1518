#include "labels/decode.h"

#include "labels/bounds.h"
#include "labels/keys.h"
#include "labels/request.h"
#include "labels/text.h"

#include <algorithm>
#include <utility>

namespace labels {
namespace {

constexpr std::string_view droverPrefix = "io.drover.";
constexpr std::string_view rancherScheduling = "io.rancher.scheduler.";
constexpr size_t maxValue = 64 * 1024;  // bytes of a value that is for us
constexpr const char* replaceLabel = "com.docker.compose.replace";

class Decoder {
 public:
  explicit Decoder(Decoded& result) : result_(result) {}

  void readLabels() {
    // In the table's order, so that the outcome does not depend on how labels are sorted.
    std::vector<std::pair<const Key*, const Labels::value_type*>> known;
    for (const auto& label : result_.policy.labels) {
      if (const Key* key = findKey(label.first, Where::containerLabel)) {
        known.emplace_back(key, &label);
      } else {
        checkUnknown(label.first);
      }
    }
    std::stable_sort(known.begin(), known.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (const auto& [key, label] : known) read(*key, label->first, label->second);
  }

  void readEnvironment(const std::vector<std::string>& env) {
    for (size_t i = 0; i < env.size(); i++) {
      const Key* key = findKey(env[i], Where::environment);
      if (!key) continue;
      result_.envTaken.push_back(i);
      std::string_view name = key->name.substr(0, key->name.size() - 1);
      read(*key, name, std::string_view(env[i]).substr(key->name.size()));
    }
  }

 private:
  void read(const Key& key, std::string_view name, std::string_view value) {
    if (result_.problem) return;
    if (value.size() > maxValue) {
      result_.problem = Problem{std::string(name), 0, "is longer than 64 KiB", ""};
      return;
    }
    std::vector<std::string> warnings;
    Reading reading{value, result_.policy, budget_, result_.policy.identity, warnings};
    try {
      key.read(reading);
    } catch (const BadValue& bad) {
      result_.problem =
          Problem{std::string(name), characterAt(value, bad.at), bad.what, bad.nearest};
    }
    for (const std::string& each : warnings)
      result_.warnings.push_back(std::string(name) + ": " + each);
  }

  // Labels of others are not ours to judge.
  void checkUnknown(const std::string& name) {
    std::string lower = lowered(name);
    if (lower.starts_with(droverPrefix)) {
      if (result_.problem) return;
      bool isOfNodes = findKey(name, Where::nodeLabel) != nullptr;
      std::string what = isOfNodes ? "is a label of nodes (docker node update --label-add), not of "
                                     "containers"
                                   : "there is no such label";
      std::string nearest =
          isOfNodes ? std::string() : nearestKey(lower, droverPrefix, Where::containerLabel);
      result_.problem = Problem{name, 0, what, nearest};
    } else if (lower.starts_with(rancherScheduling) && !findKey(lower, Where::nodeLabel)) {
      std::string nearest = nearestKey(lower, rancherScheduling, Where::containerLabel);
      result_.warnings.push_back(name + ": has no effect" +
                                 (nearest.empty() ? "" : "; did you mean " + nearest + "?"));
    }
  }

  Decoded& result_;
  Budget budget_;
};

}  // namespace

Decoded decode(const docker::CreateRequest& request, const Defaults& defaults) {
  Decoded result;
  if (!request.isObject()) return result;
  Policy& policy = result.policy;
  policy.platform = defaults.platform;
  for (auto& [key, value] : request.labels())
    policy.labels.insert_or_assign(std::move(key), std::move(value));
  policy.identity = identityOf(policy.labels);
  if (auto replaced = policy.labels.find(replaceLabel); replaced != policy.labels.end())
    policy.replaces = replaced->second;
  readRequest(request, policy);
  dropRepeats(policy);
  sortForMeeting(policy.ports);
  result.problem = beyondBounds(policy);
  Decoder decoder(result);
  decoder.readLabels();
  decoder.readEnvironment(request.env());
  return result;
}

Decoded decode(std::string_view createBody, const Defaults& defaults) {
  return decode(docker::CreateRequest(createBody), defaults);
}

Decoded decode(Labels labels) {
  Decoded result;
  result.policy.labels = std::move(labels);
  result.policy.identity = identityOf(result.policy.labels);
  Decoder(result).readLabels();
  return result;
}

}  // namespace labels
