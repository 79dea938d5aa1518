#include "proxy/merge/merge_info.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <utility>

namespace proxy {
namespace {

struct Answers {
  std::vector<docker::JsonObject> objects;
  size_t asked = 0;
};

Answers parseAll(std::span<const catalog::NodeAnswer> answers, std::string_view asked) {
  Answers parsed;
  for (const catalog::NodeAnswer& node : answers) {
    if (node.nodeId == asked) parsed.asked = parsed.objects.size();
    parsed.objects.push_back(catalog::objectOf(node, node.body, "its answer"));
  }
  if (parsed.objects.empty()) throw catalog::MergeError(asked, "no node answered");
  return parsed;
}

int64_t sum(std::span<const catalog::NodeAnswer> answers, const Answers& parsed,
            std::string_view name) {
  int64_t total = 0;
  for (size_t i = 0; i < answers.size(); i++) {
    std::string_view json = parsed.objects[i].find(name);
    total = catalog::saturatedSum(total, catalog::numberOf(answers[i], json, name));
  }
  return total;
}

// Of each kind of plugin those that all nodes have.
std::string commonPlugins(std::span<const catalog::NodeAnswer> answers, const Answers& parsed) {
  std::string_view own = parsed.objects[parsed.asked].find("Plugins");
  docker::JsonObject plugins = catalog::objectOf(answers[parsed.asked], own, "Plugins");
  for (const docker::JsonMember& kind : plugins.members()) {
    std::vector<std::string_view> common =
        catalog::elementsOf(answers[parsed.asked], kind.value, "Plugins of a kind");
    size_t before = common.size();
    for (size_t i = 0; i < answers.size(); i++) {
      docker::JsonObject others =
          catalog::objectOf(answers[i], parsed.objects[i].find("Plugins"), "Plugins");
      std::vector<std::string_view> there =
          catalog::elementsOf(answers[i], others.find(kind.name), "Plugins of a kind");
      std::erase_if(common, [&](std::string_view plugin) {
        return std::find(there.begin(), there.end(), plugin) == there.end();
      });
    }
    if (common.size() < before) plugins.set(kind.name, docker::jsonList(common));
  }
  return plugins.text();
}

// As docker writes sizes: "512MiB", "1.021GiB".
std::string bytesSize(int64_t bytes) {
  constexpr const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double size = static_cast<double>(bytes);
  size_t unit = 0;
  for (; size >= 1024 && unit + 1 < std::size(units); unit++) size /= 1024;
  char text[48];
  std::snprintf(text, sizeof text, "%.4g%s", size, units[unit]);
  return text;
}

std::string cpus(int64_t nano) {
  char text[48];
  std::snprintf(text, sizeof text, "%g", static_cast<double>(nano) / 1e9);
  return text;
}

std::string milliseconds(std::chrono::microseconds time) {
  char text[48];
  std::snprintf(text, sizeof text, "%.1fms", static_cast<double>(time.count()) / 1000);
  return text;
}

// "1.41" as its two numbers; what is missing is 0.
std::pair<int, int> numbersOf(std::string_view version) {
  std::pair<int, int> numbers;
  const char* end = version.data() + version.size();
  auto [dot, error] = std::from_chars(version.data(), end, numbers.first);
  if (error == std::errc() && dot != end) std::from_chars(dot + 1, end, numbers.second);
  return numbers;
}

void addComponents(docker::JsonObject& version, const catalog::NodeAnswer& asked,
                   const std::vector<DroverVersion>& drovers) {
  if (drovers.empty()) return;
  std::vector<std::string> own;
  own.reserve(drovers.size());
  for (const DroverVersion& each : drovers) {
    own.push_back("{\"Name\":\"drover\",\"Version\":" + docker::jsonString(each.version) +
                  ",\"Details\":{\"Node\":" + docker::jsonString(each.nodeName) + "}}");
  }
  std::vector<std::string_view> all =
      catalog::elementsOf(asked, version.find("Components"), "Components");
  all.insert(all.end(), own.begin(), own.end());
  version.set("Components", docker::jsonList(all));
}

// Rows as classic Swarm gave them: a node's name, and below it what is known of it.
class StatusRows {
 public:
  void add(const NodeFacts& node) {
    row(" " + node.name, node.address);
    below("Status", node.status);
    below("Containers",
          std::to_string(node.containers) + " (" + std::to_string(node.running) + " Running)");
    below("Reserved CPUs", cpus(node.reservedNanoCpus) + " / " + cpus(node.nanoCpus));
    below("Reserved Memory", bytesSize(node.reservedMemory) + " / " + bytesSize(node.memory));
    std::string labels;
    for (const std::string& label : node.labels) labels += (labels.empty() ? "" : ", ") + label;
    if (!labels.empty()) below("Labels", labels);
    if (node.roundTrip) below("Round Trip", milliseconds(*node.roundTrip));
    below("Server Version", node.engineVersion);
    if (!node.lastError.empty()) below("Last Error", node.lastError);
  }
  void row(std::string_view name, std::string_view value) {
    json_ += (json_.empty() ? "[[" : ",[") + docker::jsonString(name) + "," +
             docker::jsonString(value) + "]";
  }
  std::string json() const { return json_ + "]"; }

 private:
  void below(const std::string& name, std::string_view value) { row("  \u2514 " + name, value); }

  std::string json_;
};

}  // namespace

std::string mergeInfo(std::span<const catalog::NodeAnswer> answers, std::string_view asked,
                      const std::vector<NodeFacts>& facts, const ImageCounts& images,
                      std::string_view labels) {
  Answers parsed = parseAll(answers, asked);
  docker::JsonObject& info = parsed.objects[parsed.asked];
  for (std::string_view name : {"Containers", "ContainersRunning", "ContainersPaused",
                                "ContainersStopped", "NCPU", "MemTotal"})
    info.set(name, std::to_string(sum(answers, parsed, name)));
  int64_t again = images.recorded - images.distinct;
  info.set("Images",
           std::to_string(std::max(sum(answers, parsed, "Images") - again, images.distinct)));
  if (!info.find("Plugins").empty()) info.set("Plugins", commonPlugins(answers, parsed));

  std::vector<std::string_view> warnings;
  for (const docker::JsonObject& each : parsed.objects) warnings.push_back(each.find("Warnings"));
  std::string united = catalog::unitedWarnings(answers, warnings);
  if (united != "null" || !info.find("Warnings").empty()) info.set("Warnings", std::move(united));

  if (!facts.empty()) {
    StatusRows rows;
    rows.row("Nodes", std::to_string(facts.size()));
    for (const NodeFacts& node : facts) rows.add(node);
    if (!labels.empty()) rows.row("Labels of containers", labels);
    info.set("SystemStatus", rows.json());
  }
  return info.text();
}

std::string mergeVersion(std::span<const catalog::NodeAnswer> answers, std::string_view asked,
                         const std::vector<DroverVersion>& drovers) {
  Answers parsed = parseAll(answers, asked);
  std::string_view lowest;
  std::string_view highest;  // of the least versions
  for (size_t i = 0; i < answers.size(); i++) {
    std::optional<std::string_view> most =
        docker::insideQuotes(parsed.objects[i].find("ApiVersion"));
    if (!most) throw catalog::MergeError(answers[i].nodeName, "its answer has no ApiVersion");
    if (i == 0 || numbersOf(*most) < numbersOf(lowest)) lowest = *most;
    std::string_view least =
        docker::insideQuotes(parsed.objects[i].find("MinAPIVersion")).value_or("");
    if (numbersOf(highest) < numbersOf(least)) highest = least;
  }
  docker::JsonObject& version = parsed.objects[parsed.asked];
  addComponents(version, answers[parsed.asked], drovers);
  version.set("ApiVersion", "\"" + std::string(lowest) + "\"");
  if (!highest.empty()) version.set("MinAPIVersion", "\"" + std::string(highest) + "\"");
  return version.text();
}

}  // namespace proxy
