#pragma once

// A cluster under a scenario that a seed draws: members join in random order, the weather is bad,
// links are cut, halves split, hosts crash, restart, starve and leave; then everything heals, a
// bound passes, and what must be true is checked. Equal seeds give equal runs. A large cluster has
// each trouble once, the seed draws but how and whom it strikes: chance alone would take long.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "test/simulation/node.h"
#include "test/simulation/state_world.h"
#include "test/simulation/virtual_network.h"

namespace simulation {

class World {
 public:
  // `members` of 0: drawn from the seed.
  World(uint64_t seed, size_t members);
  ~World();

  // Everything, until the bound after healing has passed.
  void run();
  // What is wrong, a line each; nothing if all invariants hold.
  std::vector<std::string> problems() const;

  // One line about the scenario.
  std::string summary() const;
  const VirtualNetwork& network() const { return network_; }

 private:
  enum class Fate { waiting, running, crashed, left };
  struct Place {
    NodeId id;
    Fate fate = Fate::waiting;
    uint32_t lives = 0;
    std::unique_ptr<Node> node;
    std::vector<cluster::Member> remembered;  // by the process that crashed
  };

  // ---- the scenario
  void join(size_t place);
  void startNode(size_t place, const std::vector<cluster::Member>& others);
  void scheduleTrouble(Time from, Time until);
  void scheduleLargeTrouble(Time from);
  void makeTrouble();
  void changeWeather();
  void spoilWeather();
  void cutSome();
  void splitSome();
  void crashSome();
  void crash(size_t place);
  void restart(size_t place);
  void starveSome();
  void leaveOne();
  bool knowsSomebody(size_t place) const;
  void lie();
  void healCuts();
  void heal();

  bool isLarge() const;
  Time troubleLasts() const;
  Time drawTime(Time least, Time most);
  size_t drawPlace() { return network_.draw(places_.size()); }
  std::vector<size_t> drawPlaces(size_t count);
  std::pair<std::vector<size_t>, std::vector<size_t>> drawHalves();
  size_t running() const;
  bool holdsOthersTogether(size_t place) const;

  // ---- the invariants, each adding a line for what is wrong
  void checkMembers(std::vector<std::string>& problems) const;
  void checkView(size_t viewer, std::vector<std::string>& problems) const;

  VirtualNetwork network_;
  std::vector<Place> places_;
  StateWorld states_;
  int cutsActive_ = 0;
  int crashes_ = 0, restarts_ = 0, splits_ = 0, cuts_ = 0, starvations_ = 0, leaves_ = 0, lies_ = 0;
};

}  // namespace simulation
