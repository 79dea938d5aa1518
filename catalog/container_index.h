#pragma once

// Which node has which container, by id, name and prefix of an id, and what is known of it for
// placement, as the nodes' records tell. Pure.

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/container_record.h"
#include "catalog/global_labels.h"
#include "catalog/record_feed.h"
#include "cluster/types.h"

namespace catalog {

class ContainerIndex {
 public:
  struct Container : ContainerFacts {
    cluster::NodeId owner;
    uint64_t version = 0;  // of the record; 0 for one that is only expected
  };
  using Entry = std::pair<const std::string, Container>;  // id and entry

  // Knows from now on what the feed tells of containers. Must outlive the feed, or the feed be
  // closed before.
  void follow(RecordFeed& feed);

  // By a record. False, and nothing changed, for a container that was removed.
  bool put(const cluster::NodeId& owner, const std::string& id, ContainerFacts facts,
           uint64_t version);
  // A container that was just made, until its record comes. `facts`: what its request tells.
  void expect(const cluster::NodeId& owner, const std::string& id, const std::string& name,
              ContainerFacts facts = {});
  // It is no longer expected; nothing changes if its record has come.
  void unexpect(const cluster::NodeId& owner, const std::string& id);
  void erase(const cluster::NodeId& owner, const std::string& id);
  // By the word of its engine it is gone for good: ids do not come again. Records that say
  // otherwise are older, and all that is left of it should its node go away before it can tell. The
  // last few thousand are remembered.
  void remove(const cluster::NodeId& owner, const std::string& id);
  bool wasRemoved(const std::string& id) const { return removed_.contains(id); }
  void clear();

  struct Found {
    const Entry* entry = nullptr;  // valid until the next change
    bool ambiguous = false;        // the prefix of several ids
  };
  // As dockerd looks containers up: full id, then name, be it a link's, then prefix. `object` may
  // begin with a slash.
  Found find(std::string_view object) const;
  // All containers that have this name; more than one after a split has healed.
  std::vector<const Entry*> named(std::string_view name) const;
  // The containers of a node, by id.
  using Owned = std::map<std::string_view, const Entry*>;
  const Owned& of(const cluster::NodeId& owner) const;
  // Global containers and their copies, by id, with what their labels say (global_labels.h).
  using Globals = std::map<std::string_view, std::pair<const Entry*, GlobalMark>>;
  const Globals& globals() const { return globals_; }
  size_t size() const { return byId_.size(); }

 private:
  void own(Entry& entry, const cluster::NodeId& owner);
  void disown(const Entry& entry);
  void dropFormer(const Entry& entry);
  void dropNames(const Entry& entry);

  std::map<std::string, Container, std::less<>> byId_;
  std::multimap<std::string, Entry*, std::less<>> byName_;
  std::multimap<std::string, const Entry*, std::less<>> byLink_;
  std::map<cluster::NodeId, Owned> owned_;
  Globals globals_;
  std::set<std::string> removed_;
  std::deque<std::string> removedOrder_;
};

}  // namespace catalog
