#pragma once

// What a node publishes about itself: facts of its host and engine, and what its operator set.
// Pure: values and JSON.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cluster {

struct NodeRecord {
  // Set by its operator (docker node update).
  std::string availability = "active";  // or "pause" or "drain"
  std::map<std::string, std::string> labels;

  // Its host and engine, as the engine's /info and /version say.
  std::string hostname;
  std::string os;
  std::string architecture;
  std::string operatingSystem;
  std::string kernel;
  std::string storageDriver;
  std::string engineId;
  std::string engineVersion;
  std::string apiVersion;
  std::string minApiVersion;
  std::map<std::string, std::string> engineLabels;
  uint64_t cpus = 0;
  uint64_t memory = 0;  // bytes
  // By kind: Volume, Network, Log, Runtime.
  std::map<std::string, std::vector<std::string>> plugins;

  uint64_t load = 0;  // percent of its processors that are busy, in coarse steps

  // What containers have reserved of it, and how many there are.
  uint64_t reservedNanoCpus = 0;
  uint64_t reservedMemory = 0;
  uint64_t containers = 0;
  uint64_t running = 0;

  std::string droverVersion;
  std::string joinedAt;       // RFC 3339
  std::string lastError;      // empty while all is well
  std::string engineError;    // why nothing can run there; empty if it can
  uint64_t configSerial = 0;  // the cluster's configuration that it goes by
  std::string issuer;         // digest of the authority that signed its certificate

  bool operator==(const NodeRecord&) const = default;
};

std::string encode(const NodeRecord& record);
// Nothing for what is no node's record.
std::optional<NodeRecord> decodeNode(std::string_view json);

// The record it is published under.
constexpr std::string_view nodeKey = "node";
// The record that says that those before it tell of all that the engine has. It stays, as they do,
// while a droverd that was started anew cannot ask its engine.
constexpr std::string_view completeKey = "complete";
// Of a node that was removed, whose id follows; the value tells when.
constexpr std::string_view removedRecords = "removed/";

}  // namespace cluster
