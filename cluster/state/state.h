#pragma once

// What every node publishes about itself, known on every node: each owner alone writes its records,
// numbered by version; members reconcile by exchanging versions (Scuttlebutt: van Renesse,
// Dumitriu, Gough, Thomas: "Efficient Reconciliation and Flow Control for Anti-Entropy Protocols",
// LADIS 2008) and push fresh records at once. An automaton as membership is: messages and the time
// in, messages and changes out.
//
// A record that is erased leaves a tombstone for a time. After a restart an owner publishes anew
// what it finds and then declares the rest void (finishReload), so nobody sees a gap in between.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "cluster/network.h"
#include "cluster/records.h"
#include "cluster/types.h"

namespace cluster {

// What one has seen: each owner's version.
using Versions = std::unordered_map<NodeId, uint64_t>;

struct StateOptions {
  Time syncInterval{1'000};  // versions are compared with one random peer
  int pushFanout = 4;        // fresh records go to so many peers at once, who pass them on
  Time pushInterval{20};     // between two pushes of one record
  double pushFactor = 3;     // a push is made this * log10(peers + 1) times by each who has it
  Time tombstonesFor{3600 * 1000};
  size_t maxDelta = 256 * 1024;      // bytes of records in one StateDelta: flow control
  size_t maxValue = maxRecordValue;  // of one record
  size_t maxKey = 1024;
  size_t maxRecords = 100'000;         // of one owner
  size_t maxBytes = 64 * 1024 * 1024;  // of one owner's keys and values
  size_t maxOwners = 10'000;
  // Higher versions are not believed (number_bounds.h). Without it: a constant.
  std::function<uint64_t()> maxVersion = nullptr;
};

// Told from within the automaton's functions; must not call back into it. Of our own records, too.
class StateListener {
 public:
  virtual ~StateListener() = default;
  virtual void recordChanged(const NodeId& owner, const std::string& key, const Record& record) = 0;
  virtual void recordErased(const NodeId& owner, const std::string& key) = 0;
  // Somebody else published under our id (we write all of ours anew, above), or an owner, perhaps
  // we ourselves, broke a limit: that was not taken.
  virtual void recordsRefused(const NodeId& owner, const std::string& why) = 0;
};

class State {
 public:
  // Our versions begin above `startVersion`, which must be above any that an earlier process with
  // this id used. All must outlive it.
  State(NodeId self, uint64_t startVersion, StateOptions options, uint64_t seed, Network& network,
        StateListener& listener);
  ~State();

  // ---- our own records. Writing what is there already changes nothing; what would break a limit
  // is told as refused and not written. `confidential` ones (keys) never go into datagrams, only
  // over mutual TLS.
  void put(Time now, const std::string& key, std::string value, bool confidential = false);
  void erase(Time now, const std::string& key);
  // All that is true was put since the start: what earlier processes published is void.
  void finishReload(Time now);
  // The highest version used so far; higher than expected if others knew more of us than we did.
  uint64_t ownVersion() const;

  // ---- everyone's
  // Nothing if there is no such record. Valid until the next call that changes anything.
  const Record* find(const NodeId& owner, const std::string& key) const;
  // For each live record whose key begins with `prefix`, by owner and key.
  void each(std::string_view prefix,
            const std::function<void(const NodeId& owner, const std::string& key,
                                     const Record& record)>& take) const;
  void eachOf(const NodeId& owner, std::string_view prefix,
              const std::function<void(const std::string& key, const Record& record)>& take) const;
  // Of every owner that has any: the highest that is spoken of here, be it complete or not.
  Versions versions() const;
  // Up to where nothing of this owner is missing here.
  uint64_t known(const NodeId& owner) const;
  // Whether all that `seen` speaks of is known here. Owners that were forgotten do not count.
  bool covers(const Versions& seen) const;
  // Digest of all versions and of all live records, to compare members by. Cheap.
  uint64_t hash() const;
  size_t records() const;

  // ---- with peers
  struct Peer {
    NodeId id;
    Endpoint gossip;
  };
  // With whom we gossip: the living members but ourselves.
  void setPeers(Time now, std::vector<Peer> peers);
  // Drops all records of a node that was removed, and takes no more of it.
  void forget(const NodeId& owner);
  // Asks this peer now for what it has and we lack.
  void pullFrom(Time now, const NodeId& peer);

  // Messages whose body is one of state's; others are left alone.
  void receive(Time now, const NodeId& sender, const wire::Message& message);
  void tick(Time now);
  Time nextTick() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cluster
