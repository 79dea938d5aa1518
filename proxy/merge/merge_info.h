#pragma once

// GET /info and GET /version of many nodes as those of one Docker. Both throw MergeError.

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/merge.h"

namespace proxy {

// What droverd knows of one node, whether it answers or not.
struct NodeFacts {
  std::string name;
  std::string address;
  std::string status;  // "ready", "down", ...
  int64_t containers = 0;
  int64_t running = 0;
  int64_t nanoCpus = 0;
  int64_t reservedNanoCpus = 0;
  int64_t memory = 0;  // bytes
  int64_t reservedMemory = 0;
  std::string engineVersion;
  std::vector<std::string> labels;  // "key=value"
  std::optional<std::chrono::microseconds> roundTrip;
  std::string lastError;
};

// Images that the nodes' records tell of.
struct ImageCounts {
  int64_t recorded = 0;  // one that two nodes have is two
  int64_t distinct = 0;
};

// GET /info. Containers (and those running, paused, stopped), NCPU and MemTotal are sums, Plugins
// those that every node has, Warnings all; the rest is what the node `asked` says, or the first if
// it is not among the answers. From /info alone nobody can tell which images are the same: Images,
// which with engines counts the parents of images, too, is their sum without those that `images`
// knows to be counted again, as many as `docker images -a` lists. The nodes of `facts` become rows
// of SystemStatus, which docker prints below the storage driver, named and indented as classic
// Swarm did it; `labels` is one more row, if it is not empty. Swarm is left alone.
std::string mergeInfo(std::span<const catalog::NodeAnswer> answers, std::string_view asked,
                      const std::vector<NodeFacts>& facts, const ImageCounts& images,
                      std::string_view labels = {});

struct DroverVersion {
  std::string nodeName;
  std::string version;
};

// GET /version. The lowest ApiVersion and the highest MinAPIVersion of all; the rest is what the
// node `asked` says, with one more of the Components for each droverd.
std::string mergeVersion(std::span<const catalog::NodeAnswer> answers, std::string_view asked,
                         const std::vector<DroverVersion>& drovers);

}  // namespace proxy
