#pragma once

// The inside of State. state.cc has the records and their owners, state_gossip.cc the news that is
// passed on, state_sync.cc the comparison of versions with one peer at a time.

#include <map>
#include <random>
#include <set>

#include "cluster/state/owner_table.h"
#include "cluster/state/rumors.h"
#include "cluster/state/state.h"
#include "cluster/wire.pb.h"

namespace cluster {

class State::Impl {
 public:
  Impl(NodeId self, uint64_t startVersion, StateOptions options, uint64_t seed, Network& network,
       StateListener& listener);

  // ---- our own records
  void put(Time now, const std::string& key, std::string value, bool confidential);
  void erase(Time now, const std::string& key);
  void finishReload(Time now);

  // ---- everyone's
  const OwnerTable& owners() const { return owners_; }
  const OwnerRecords* find(const NodeId& owner) const {
    const OwnerRow* row = owners_.find(owner);
    return row ? &row->records : nullptr;
  }
  const OwnerRecords& own() const { return own_.records; }
  bool isForgotten(const NodeId& owner) const { return forgotten_.contains(owner); }

  // ---- with peers
  void setPeers(Time now, std::vector<Peer> peers);
  void forget(const NodeId& owner);
  void pullFrom(const NodeId& peer) { sendVersions(peer, true, allBuckets); }
  void receive(Time now, const NodeId& sender, const wire::Message& message);
  void tick(Time now);
  Time nextTick() const;

 private:
  // Which of the table's buckets something is about, a bit each.
  using BucketSet = uint64_t;
  static constexpr BucketSet allBuckets = ~BucketSet{0};
  static_assert(OwnerTable::bucketCount == 64);

  // What a peer says it has.
  struct Told {
    // By place in owners_.byId(); nothing for owners that it does not speak of.
    std::vector<const wire::OwnerVersion*> known;
    std::vector<NodeId> unknown;  // to us
  };

  uint64_t draw(uint64_t bound) { return random_() % bound; }

  // ---- state.cc
  OwnerRecords::Report reportOf(const NodeId& owner);
  template <class Act>
  void changeOwn(Time now, Act act);
  void purge(Time now);
  void purgeLater(Time now, OwnerRow& row);
  OwnerRecords::Fit take(Time now, const NodeId& owner, const wire::OwnerDelta& delta);
  // Somebody published under our id.
  void defend(Time now, uint64_t version, const std::string& why);
  void restart(Time now, OwnerRow& row);
  void restartStuck(Time now);

  // ---- state_gossip.cc
  void passOn(Time now, const OwnerRow& row, uint64_t base);
  void receiveNews(Time now, const NodeId& sender, const wire::StateNews& news);
  void push(Time now);
  std::vector<wire::Message> packets(Time now);
  std::vector<Receiver> somePeers(size_t count);

  // ---- state_sync.cc
  void sync(Time now);
  void receiveDigest(Time now, const NodeId& sender, const wire::StateDigest& digest);
  void receiveDelta(Time now, const NodeId& sender, const wire::StateDelta& delta);
  Told read(const wire::StateDigest& digest) const;
  void compare(Time now, const Told& theirs);
  void answer(const NodeId& peer, const Told& theirs, bool partial, BucketSet buckets);
  void ask(Time now, const NodeId& peer, const std::vector<NodeId>& owners);
  void sendVersions(const NodeId& peer, bool answerWanted, BucketSet buckets);
  void writeVersion(const OwnerRow& row, wire::OwnerVersion& version) const;
  BucketSet differing(const wire::StateDigest& digest) const;
  static bool isIn(BucketSet buckets, const OwnerRow& row) {
    return (buckets >> OwnerTable::bucketOf(row) & 1) != 0;
  }

  NodeId self_;
  StateOptions options_;
  std::mt19937_64 random_;
  Network& network_;
  StateListener& listener_;
  OwnerTable owners_;
  OwnerRow& own_;
  std::set<NodeId> forgotten_;
  std::vector<Peer> peers_;
  Rumors rumors_;
  std::map<NodeId, Time> asked_;    // until when nobody else is asked for this owner
  std::map<NodeId, Time> partial_;  // since when there was no progress
  std::set<NodeId> withTombstones_;
  Time nextSync_{0};
  Time busyUntil_ = Time::min();  // with a transfer of several deltas
  Time pushAgain_ = Time::min();
  Time mayDefend_ = Time::min();
  Time nextPurge_ = Time::max();
};

}  // namespace cluster
