#pragma once

// What the hosts of a World write into the state and claim, and what must hold of it: at the end
// all running members know of each other running member exactly what it holds for true, and the
// same of those that are gone; what was erased is nowhere; and no claim was ever granted to two at
// a time.

#include <map>
#include <string>
#include <vector>

#include "test/simulation/node.h"
#include "test/simulation/virtual_network.h"

namespace simulation {

class StateWorld {
 public:
  explicit StateWorld(VirtualNetwork& network) : network_(network) {}
  void resize(size_t places) { places_.resize(places); }

  // Writes and claims happen until `until`, less what the last need to become known.
  void schedule(Time from, Time until);
  // What the next process of this place is to know of those before.
  Node::Past past(size_t place);
  // `node` is lent until stopped().
  void started(size_t place, Node& node);
  void stopped(size_t place);

  // Adds a line for each thing that is wrong.
  void check(std::vector<std::string>& problems) const;
  std::string summary() const;

 private:
  using Records = std::map<std::string, std::string>;
  struct Place {
    Node* node = nullptr;
    NodeId id;
    uint32_t lives = 0;
    uint64_t highest = 0;  // version used so far
    bool isRestored = false;
    Records before;  // what the process before held for true
    Records truth;
  };
  struct Grant {
    std::string holder;
    std::vector<NodeId> responsible;
    Time until;
  };

  void act();
  void write(size_t place);
  void put(Place& place, const std::string& key, const std::string& value, bool confidential);
  void finishReload(size_t place, uint32_t life);
  void claim(size_t place);
  void granted(const std::string& key, Grant grant);
  void release(size_t place, const std::string& key, const std::string& holder);

  VirtualNetwork& network_;
  std::vector<Place> places_;
  std::map<std::string, std::vector<Grant>> grants_;
  std::vector<std::string> doubles_;
  int writes_ = 0, backups_ = 0, claims_ = 0, won_ = 0;
};

}  // namespace simulation
