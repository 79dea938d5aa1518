#pragma once

// Worlds of a few nodes, and requests, for tests of placement.

#include "labels/decode.h"
#include "scheduler/place.h"

#include <criterion/criterion.h>

#include <string>
#include <utility>
#include <vector>

namespace small {

using Pairs = std::vector<std::pair<std::string, std::string>>;

inline labels::Labels asLabels(const Pairs& pairs) {
  return {pairs.begin(), pairs.end()};
}

inline scheduler::Node node(const std::string& name, const Pairs& given = {}) {
  scheduler::Node node;
  node.id = "id-" + name;
  node.name = name;
  node.ip = "10.0.0.1";
  node.labels = asLabels(given);
  node.os = "linux";
  node.distribution = "Debian GNU/Linux 12 (bookworm)";
  node.kernel = "5.10.0-18-amd64";
  node.architecture = "x86_64";
  node.engineVersion = "20.10.24";
  node.storageDriver = "overlay2";
  node.has.nanoCpus = 4'000'000'000;
  node.has.memory = uint64_t{8} << 30;
  return node;
}

inline scheduler::Container container(const std::string& name, const std::string& onNode,
                                      const Pairs& given = {},
                                      const std::string& image = "busybox") {
  scheduler::Container container;
  container.id = name + std::string(64 - name.size(), 'f');
  container.name = name;
  container.node = "id-" + onNode;
  container.image = image;
  container.labels = asLabels(given);
  container.running = true;
  return container;
}

// Nodes a, b, c in the zones x, x, y; only c has an SSD.
inline scheduler::World threeNodes() {
  scheduler::World world;
  world.putNode(node("a", {{"zone", "x"}, {"disk", "hdd"}}));
  world.putNode(node("b", {{"zone", "x"}, {"disk", "hdd"}}));
  world.putNode(node("c", {{"zone", "y"}, {"disk", "ssd"}}));
  return world;
}

inline std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (char each : text) {
    if (each == '"' || each == '\\') result += '\\';
    result += each;
  }
  return result + "\"";
}

// A request with these labels, and more members of the body.
inline std::string body(const Pairs& given, const std::string& more = "") {
  std::string text = "{\"Image\":\"nginx\",\"Labels\":{";
  for (size_t i = 0; i < given.size(); i++)
    text += (i > 0 ? "," : "") + quoted(given[i].first) + ":" + quoted(given[i].second);
  return text + "}" + (more.empty() ? "" : "," + more) + "}";
}

inline labels::Policy policyOf(const std::string& text) {
  labels::Decoded decoded = labels::decode(text);
  cr_assert(!decoded.problem, "%s: %s", text.c_str(), decoded.problem->message().c_str());
  return decoded.policy;
}

inline labels::Policy asking(const Pairs& given, const std::string& more = "") {
  return policyOf(body(given, more));
}

// The request's environment.
inline labels::Policy withEnv(const std::string& entry) {
  return policyOf("{\"Image\":\"nginx\",\"Env\":[" + quoted(entry) + "]}");
}

// What is wrong with a label's value.
inline std::string problemOf(const std::string& key, const std::string& value) {
  labels::Decoded decoded = labels::decode(body({{key, value}}));
  return decoded.problem ? decoded.problem->message() : "";
}

// The names of the nodes that can run it, in alphabetical order.
inline std::string nodesFor(const scheduler::World& world, const labels::Policy& policy,
                            scheduler::Options options = {}) {
  options.maxCandidates = 0;
  scheduler::Placement placement = scheduler::place(policy, world, options);
  std::string names;
  for (const auto& [id, state] : world.nodes()) {
    for (const scheduler::Candidate& each : placement.candidates) {
      if (each.id == id) names += (names.empty() ? "" : " ") + each.name;
    }
  }
  return names;
}

// The node it goes to.
inline std::string best(const scheduler::World& world, const labels::Policy& policy,
                        const scheduler::Options& options = {}) {
  scheduler::Placement placement = scheduler::place(policy, world, options);
  return placement.candidates.empty() ? "" : placement.candidates[0].name;
}

}  // namespace small
