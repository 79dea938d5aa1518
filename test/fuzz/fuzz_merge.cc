// Answers of nodes, and events: any bytes give JSON that can be read, or an error that names a
// node. What the mergers accept, RapidJSON accepts too.

#include <rapidjson/document.h>

#include <string>
#include <string_view>
#include <vector>

#include "docker/heads.h"
#include "proxy/merge/merge_containers.h"
#include "proxy/merge/merge_events.h"
#include "proxy/merge/merge_info.h"
#include "proxy/merge/merge_lists.h"
#include "proxy/merge/merge_usage.h"
#include "test/fuzz/feed.h"

namespace {

using Nodes = std::vector<catalog::NodeAnswer>;

// What RapidJSON says. Nothing where it has rules of its own: halves of surrogate pairs, huge
// exponents, a zero byte.
std::optional<bool> isJson(std::string_view text) {
  if (text.find("\\u") != text.npos || text.find('\0') != text.npos) return std::nullopt;
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag>(
      text.data(), text.size());
  if (document.GetParseError() == rapidjson::kParseErrorNumberTooBig) return std::nullopt;
  return !document.HasParseError();
}

template <class Merge>
void tryMerge(const Nodes& nodes, Merge merge) {
  try {
    std::string shown = merge(nodes);
    fuzz::require(isJson(shown).value_or(true));
  } catch (const catalog::MergeError& failed) {
    fuzz::require(std::string_view(failed.what()).starts_with("node "));
  }
}

void tryEvents(const Nodes& nodes, size_t cut) {
  proxy::EventMerger merger({.window = std::chrono::milliseconds(5), .maxLine = 200});
  std::chrono::milliseconds now{0};
  for (const catalog::NodeAnswer& node : nodes) merger.add(node);
  for (const catalog::NodeAnswer& node : nodes) {
    std::string_view bytes = node.body;
    try {
      for (size_t at = 0; at < bytes.size(); at += cut, now++) {
        merger.push(node.nodeId, bytes.substr(at, cut), now);
        std::string lines = merger.take(now);
        fuzz::require(lines.empty() || lines.ends_with('\n'));
        fuzz::require(!merger.nextTake() || *merger.nextTake() > now);
      }
    } catch (const catalog::MergeError&) {
      fuzz::require(merger.streams() < nodes.size());
    }
  }
  merger.take(now + std::chrono::milliseconds(5));
  fuzz::require(!merger.nextTake());
}

}  // namespace

// The first byte chooses what is merged and how streams are cut; a zero byte ends a node's answer.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  Nodes nodes;
  std::string query;
  for (size_t begin = 0; begin <= text.size() && nodes.size() < 4;) {
    size_t end = std::min(text.find('\0', begin), text.size());
    std::string name = "n" + std::to_string(nodes.size());
    nodes.push_back({name, name, "10.0.0.1", std::string(text.substr(begin, end - begin))});
    begin = end + 1;
  }
  std::string_view body = nodes.front().body;
  bool accepted = docker::jsonElements(body) || docker::jsonMembers(body);
  size_t first = body.find_first_not_of(" \t\r\n");
  bool bracket = first != std::string_view::npos && (body[first] == '[' || body[first] == '{');
  std::optional<bool> expected = isJson(body);
  fuzz::require(!expected || accepted == (bracket && *expected));

  switch (data[0] % 10) {
    case 0:
      query = nodes.front().body;
      [[fallthrough]];
    case 1: {
      std::optional<proxy::ContainerListPlan> plan = proxy::planContainerList(query);
      if (!plan) return 0;
      plan->beforeAt = {"n1", "x", 5'000'000'000};
      plan->sinceAt = {"n2", "y", 3'000'000'000};
      std::optional<proxy::ContainerListPlan> again = proxy::planContainerList(plan->query());
      fuzz::require(again.has_value());
      tryMerge(nodes, [&](const Nodes& all) {
        std::span<const catalog::NodeAnswer> live(all.data(), all.size() / 2);
        std::span<const catalog::NodeAnswer> down(all.data() + live.size(),
                                                  all.size() - live.size());
        return proxy::mergeContainers(*plan, live, down, {});
      });
      return 0;
    }
    case 2:
      tryMerge(nodes, [](const Nodes& all) { return proxy::mergeImages(all); });
      return 0;
    case 3:
      tryMerge(nodes, [](const Nodes& all) { return proxy::mergeNetworks(all, "x"); });
      return 0;
    case 4:
      tryMerge(nodes, [](const Nodes& all) { return proxy::mergeNetwork(all); });
      tryMerge(nodes, [](const Nodes& all) { return proxy::inspectionOn(all.front(), {}); });
      return 0;
    case 5:
      tryMerge(nodes, [](const Nodes& all) { return proxy::mergeVolumes(all); });
      return 0;
    case 6:
      tryMerge(nodes, [](const Nodes& all) { return proxy::mergeInfo(all, "n1", {{}}, {}); });
      tryMerge(nodes, [](const Nodes& all) { return proxy::mergeVersion(all, "n1", {{}}); });
      return 0;
    case 7:
      tryMerge(nodes, [](const Nodes& all) { return proxy::mergeDiskUsage(all); });
      return 0;
    case 8:
      tryMerge(nodes, [](const Nodes& all) { return proxy::mergePrune(all, "volumes"); });
      tryMerge(nodes, [](const Nodes& all) { return proxy::mergeImageDelete(all); });
      fuzz::require(docker::errorMessage(body).size() <= body.size());
      return 0;
    default:
      tryEvents(nodes, 1 + data[0] / 10);
      return 0;
  }
}
