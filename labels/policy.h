#pragma once

// What a request to create a container asks for, in whichever dialect: by its labels, by
// expressions in its environment, and by what it needs to run at all. A value; decode.h makes it,
// place.h goes by it.

#include "labels/identity.h"
#include "labels/ports.h"
#include "labels/resources.h"
#include "labels/rule.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace labels {

enum class Strategy { spread, binpack, random };
inline constexpr std::string_view strategyNames[] = {"spread", "binpack", "random"};
enum class Reschedule { off, onNodeFailure };
enum class Bind { here, any };  // where directories of the host are: at the node asked, or anywhere
enum class DnsPriority { serviceFirst, serviceLast, none };
enum class VolumeCleanup { none, unnamed, all };

// Something an engine must have: ("Volume", "rexray"), ("Runtime", "nvidia"), ...
struct Plugin {
  std::string kind;
  std::string name;
  bool operator==(const Plugin&) const = default;
};

struct Policy {
  // Where it may and should run.
  std::vector<Rule> constraints;  // on facts of nodes
  std::vector<Rule> affinities;   // on what nodes have
  std::vector<Rule> whitelist;    // of nodes' names; all have to hold
  std::string node;               // name or id; empty: any
  std::optional<Strategy> strategy;
  std::string spreadBy;      // key of a node label whose values are domains of failure
  uint64_t maxPerNode = 0;   // containers of its group on one node; 0: any number
  std::optional<Bind> bind;  // unset: here, unless a node was asked for
  bool global = false;       // one on each node
  bool rebalance = false;    // may be moved when nodes are loaded unevenly
  bool explain = false;      // tell the client why this node
  std::optional<Reschedule> reschedule;
  std::vector<std::string> sidekicks;     // services of its project that share its node
  std::vector<std::string> boundVolumes;  // volumes that exist and whose node it follows

  // How it is to be run there.
  bool pullAlways = false;
  bool startOnce = false;  // a clean end is an end
  bool hostnameFromName = false;
  std::vector<std::string> requestedIps;
  std::optional<bool> clusterDns;
  std::optional<DnsPriority> dnsPriority;
  std::optional<VolumeCleanup> volumeCleanup;
  std::vector<Rule> linkSelector;       // services it is linked to
  std::vector<Rule> containerSelector;  // containers its service adopts

  // What it is, and what it needs.
  Identity identity;
  Labels labels;
  std::string image;
  std::string platform;  // os/architecture[/variant]; empty: the image's
  std::string replaces;  // id of the container that it takes the place of
  Resources reserve;
  uint64_t nanoCpus = 0;  // as the request has them: more than there are no engine takes
  std::vector<PortRequest> ports;
  std::vector<std::string> containers;  // whose namespaces, volumes or links it uses
  std::vector<std::string> volumes;     // named ones
  std::vector<std::string> networks;    // user-defined ones
  std::vector<std::string> binds;       // directories of the host
  std::vector<Plugin> plugins;

  bool operator==(const Policy&) const = default;
};

// Whether the request says by itself which nodes may be meant: a bind mount then is of that node.
bool namesNodes(const Policy& policy);

}  // namespace labels
