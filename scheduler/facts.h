#pragma once

// What placement knows of the cluster: values that the caller makes from records and hands to the
// World.

#include "labels/ports.h"
#include "labels/resources.h"
#include "labels/rule.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace scheduler {

enum class Availability { active, pause, drain };

struct Node {
  std::string id;
  std::string name;
  std::string ip;
  labels::Labels labels;        // docker node update --label-add
  labels::Labels engineLabels;  // of its engine's configuration
  std::string os;               // linux
  std::string distribution;
  std::string kernel;
  std::string architecture;  // in any spelling: x86_64 and amd64 are the same
  std::string engineVersion;
  std::string storageDriver;
  labels::Resources has;       // 0: not known, so that everything fits
  labels::Resources reserved;  // by what is not among the containers that the World is told of
  Availability availability = Availability::active;
  std::string trouble;  // why nothing can run there now; empty if all is well
  double load = 0;      // share of its processors that is busy, as measured: 0 to 1
  // By kind (Volume, Network, Log, Runtime); of a kind that is missing nothing is known.
  std::map<std::string, std::set<std::string>, std::less<>> plugins;

  bool operator==(const Node&) const = default;
};

// Also one whose create is under way: it counts from then on.
struct Container {
  std::string id;
  std::string name;  // without the slash
  std::string node;  // id
  std::string image;
  labels::Labels labels;
  bool running = false;
  std::vector<labels::PortUse> ports;  // of the host
  std::vector<std::string> volumes;    // local ones, named or not
  std::vector<std::string> binds;      // directories of its host
  labels::Resources reserved;

  bool operator==(const Container&) const = default;
};

struct Image {
  std::string id;
  std::vector<std::string> names;  // repo:tag, repo@digest
  bool operator==(const Image&) const = default;
};

struct Volume {
  std::string name;
  bool local = true;  // what is in it is on this node only
  bool operator==(const Volume&) const = default;
};

struct Network {
  std::string id;
  std::string name;
  bool operator==(const Network&) const = default;
};

}  // namespace scheduler
