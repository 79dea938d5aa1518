#pragma once

// What one policy means in one world, worked out before the nodes are looked at one by one: each
// rule has become a number for each node. Filters and scores read it. Borrows everything it is made
// from.

#include "labels/policy.h"
#include "scheduler/world.h"

#include <string>
#include <vector>

namespace scheduler {

struct Options;

// A rule, and how many values it speaks of on each node, by slot.
struct Tally {
  const labels::Rule* rule;
  std::vector<uint32_t> counts;
  bool metByItself = false;  // the container itself is the first that the rule asks for

  bool holds(Slot node) const {
    return metByItself || (counts[node] > 0) != labels::isNegative(*rule);
  }
};

// Something that is on certain nodes only, so that the container has to go to one of them.
struct Pin {
  std::string what;  // `volume "data"`
  std::vector<uint32_t> counts;
};

struct Decision {
  Decision(const labels::Policy& policy, const World& world, const Options& options);

  const labels::Policy& policy;
  const World& world;
  const Options& options;

  // The container that this one takes the place of: it does not compete with its successor.
  const Container* replaced = nullptr;
  labels::Resources reservedBesides;  // on its node, by others
  std::vector<Tally> constraints, affinities, whitelist, preferences;
  std::vector<Pin> dependencies, volumes, networks, plugins;
  std::string missing;  // a container it depends on that does not exist
  std::string group;
  std::vector<uint32_t> ofGroup;   // containers of its group
  std::vector<uint32_t> ofDomain;  // the same in the node's domain of failure
  std::vector<uint32_t> hasImage;
  uint64_t tieSeed = 0;

 private:
  void addRules(const std::vector<labels::Rule>& rules, std::vector<Tally>& hard);
  void addDependencies();
  void addSidekicks();
  void addVolumes();
  void addNetworks();
  void addPlugins();
  void countGroup();
  void countDomains();
  bool isMetByItself(const labels::Rule& rule) const;
};

// Containers on the node that compete.
uint64_t containersOn(const Decision& decision, const NodeInfo& node);
// What is reserved on the node by those that compete.
const labels::Resources& reservedOn(const Decision& decision, const NodeInfo& node);

}  // namespace scheduler
