#pragma once

// The inside of Membership. membership.cc has the timers, messages, gossip and the exchange of
// tables; membership_updates.cc the rules of who believes what; membership_probes.cc the detection
// of failures.

#include <deque>
#include <map>
#include <random>
#include <set>

#include "cluster/membership/member_table.h"
#include "cluster/membership/member_update.h"
#include "cluster/membership/membership.h"
#include "cluster/membership/update_queue.h"

namespace cluster {

class Membership::Impl {
 public:
  Impl(Member self, MembershipOptions options, uint64_t seed, Network& network,
       MembershipListener& listener);

  void start(Time now, const std::vector<Member>& others);
  void leave(Time now);
  void remove(Time now, const NodeId& id);
  void updateSelf(Time now, std::string name, Endpoint gossip, uint16_t apiPort);
  bool receive(Time now, const NodeId& sender, std::optional<Endpoint> from,
               const wire::Message& message);
  void streamFailed(Time now, const NodeId& to, bool isRefused);
  void datagramRefused(Time now, const Endpoint& at);
  void spokenOf(Time now, const NodeId& id);
  void silent(Time now, const NodeId& id);
  void tick(Time now);
  Time nextTick() const;

  const MemberTable& table() const { return table_; }
  int awareness() const { return awareness_; }

 private:
  // Our question to one member whether it lives.
  struct Probe {
    NodeId target;
    uint32_t sequence;
    std::chrono::microseconds sentAt;
    Time othersAt;  // when others are asked to probe, too
    Time endsAt;
    bool othersAsked = false;
    bool streamFailed = false;
    bool isRefused = false;  // by its host
    std::vector<NodeId> helpers = {};
    std::vector<NodeId> nacked = {};
  };
  // A probe that we do for somebody else.
  struct Relay {
    Receiver asker;
    uint32_t askersSequence;
    NodeId target;
    uint32_t sequence;
    Time nackAt;
    Time endsAt;
    bool nacked = false;
  };
  // Another process that answered under our id.
  struct OtherSession {
    uint64_t session;
    uint64_t answered;  // the incarnation that we refuted it with
    int defied = 0;     // how often it came back with no less
    bool told = false;
  };

  static Receiver receiver(const Member& member) { return {member.id, member.gossip}; }
  bool isLeaving() const { return table_.self().member.status == Status::left; }
  uint64_t draw(uint64_t bound) { return random_() % bound; }
  std::chrono::microseconds clock(Time now) const;

  // ---- membership.cc: messages
  wire::Message begin() const;
  // Adds what is known of `first` and what news there is, as far as it fits a packet.
  void piggyback(wire::Message& message, const std::vector<const MemberRow*>& first);
  bool isReadable(Time now, const NodeId& sender, const wire::Message& message);
  void refuse(Time now, const NodeId& sender, const std::string& why);

  // ---- membership.cc: gossip and the exchange of tables
  void enqueue(Time now, MemberRow& row);
  void gossip(Time now);
  void gossipTo(const std::vector<MemberRow*>& rows);
  // Up to `count` different ones that `good` says yes to, by chance.
  std::vector<MemberRow*> some(size_t count, const std::function<bool(const MemberRow&)>& good);
  void sync(Time now);
  void askForMissed(Time now);
  void sendTable(const NodeId& to, bool whole, bool answerWanted);
  void receiveSync(const NodeId& sender, const wire::Message& message);
  void reconnect(Time now);
  void forgetOld(Time now);
  void forget(const NodeId& id);

  // ---- membership_updates.cc
  // Whether any of them spoke badly of ourselves.
  bool takeUpdates(Time now, const wire::Message& message, bool isTable);
  bool isBelievable(const MemberUpdate& update) const;
  // `row` is nothing if the member was not known.
  void take(Time now, MemberRow* row, const MemberUpdate& update, bool isTable);
  void takeAlive(Time now, MemberRow* row, const MemberUpdate& update);
  void takeSuspect(Time now, MemberRow* row, const MemberUpdate& update);
  void takeFailed(Time now, MemberRow* row, const MemberUpdate& update);
  void takeLeft(Time now, MemberRow* row, const MemberUpdate& update);
  // Whether it spoke badly of us.
  bool takeAboutSelf(Time now, const MemberUpdate& update);
  bool isClone(const MemberUpdate& update);
  void refute(Time now, uint64_t incarnation);
  // Nothing if there are too many, or it is no member for us.
  MemberRow* learn(Time now, const MemberUpdate& update, Status status);
  void change(Time now, MemberRow& row, Status status, uint64_t incarnation,
              bool otherDetails = false);
  void suspect(Time now, MemberRow& row, const NodeId& accuser, uint64_t incarnation);
  void fail(Time now, MemberRow& row, const NodeId& accuser, uint64_t incarnation);
  void confirm(Time now, MemberRow& row, const NodeId& accuser);
  void followSuspicion(Time now, MemberRow& row);
  Time dueOf(const Suspicion& suspicion) const;
  void endSuspicions(Time now);

  // ---- membership_probes.cc
  void startProbe(Time now);
  void probeSoon(Time now, const NodeId& id);
  MemberRow* nextToProbe();
  MemberRow* nextInRound();
  void askOthers(Time now);
  void endProbe(Time now);
  wire::Message pingFor(const MemberRow& row, uint32_t sequence);
  void receivePing(const NodeId& sender, std::optional<Endpoint> from, const wire::Ping& ping,
                   bool spokenOf);
  void receivePingRequest(Time now, const NodeId& sender, std::optional<Endpoint> from,
                          const wire::PingRequest& request);
  void receiveAck(Time now, const NodeId& sender, bool byStream, uint32_t sequence);
  void noteRoundTrip(MemberRow& row, std::chrono::microseconds took);
  void receiveNack(Time now, const NodeId& sender, uint32_t sequence);
  void endProbeIfHopeless(Time now);
  void tickRelays(Time now);
  void makeUpFor(Time lateness);
  void beAware(int by);
  Time scaled(Time time) const { return time * (awareness_ + 1); }

  MembershipOptions options_;
  std::mt19937_64 random_;
  Network& network_;
  MembershipListener& listener_;
  MemberTable table_;
  UpdateQueue queue_;
  std::set<NodeId> removed_;
  std::map<NodeId, Time> refusedAt_;
  std::deque<OtherSession> otherSessions_;
  bool hasTable_ = false;  // somebody has sent us theirs

  int awareness_ = 0;
  uint32_t nextSequence_;
  std::optional<Probe> probe_;
  std::deque<NodeId> probeSoon_;
  size_t nextInRound_ = 0;
  bool isRingsTurn_ = true;
  std::vector<Relay> relays_;
  std::vector<NodeId> suspects_;

  Time lastTick_{0};
  Time lastFailure_ = Time::min();  // of anybody
  Time lastProbe_ = Time::min();
  Time nextProbe_ = Time::max();
  Time nextGossip_ = Time::max();
  Time nextSync_ = Time::max();
  struct Missed {
    NodeId id;
    int asked = 0;
  };
  std::optional<Missed> missed_;
  Time nextMissed_ = Time::max();
  Time nextReconnect_ = Time::max();
  Time nextForget_ = Time::max();
  Time nextSuspicion_ = Time::max();  // not later than anything due about suspects_
  Time nextRelay_ = Time::max();
  Time mayMergeAgain_{0};
};

}  // namespace cluster
