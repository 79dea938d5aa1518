#pragma once

// Who is in the cluster and who of them lives: SWIM with suspicion and incarnations (Das, Gupta,
// Motivala: "SWIM", DSN 2002) and Lifeguard's local health, suspicion by confirmation and buddy
// system (Dadgar, Phillips, Currey: "Lifeguard", DSN-W 2018). An automaton: messages and the time
// in, messages and changes out; it owns no socket and no clock, and equal inputs give equal
// outputs.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cluster/network.h"
#include "cluster/types.h"

namespace cluster {

struct Member {
  NodeId id;
  std::string name;
  Endpoint gossip;       // UDP
  uint16_t apiPort = 0;  // TCP, at the same address
  uint64_t incarnation = 0;
  uint64_t session = 0;  // of the process; another one under the same id is a restart or a clone
  uint32_t wireVersion = 0;
  Status status = Status::alive;
  Time since{0};  // when it came to this status, as seen here
};

struct MembershipOptions {
  Time probeInterval{500};
  Time probeTimeout{200};  // until others are asked to probe, too
  int indirectProbes = 3;
  // So many others must confirm a suspicion for it to last no longer than
  // suspicionFactor * log10(members) * probeInterval, but minSuspicion; it lasts maxSuspicion
  // times that if nobody does.
  int confirmations = 2;
  double suspicionFactor = 3;
  double maxSuspicion = 6;
  Time minSuspicion{1'000};
  // A confirmed one of whom we know at first hand that its host refuses connections: it was killed,
  // or starts anew, and should have the time for that.
  Time suspicionRefused{1'200};
  int maxAwareness = 8;  // Lifeguard's local health multiplier ends there
  // A tick so late means that we got no processor: deadlines of others wait as much longer.
  Time lateness{50};
  Time gossipInterval{100};
  Time gossipSoon{10};  // what is new is sent after this, together with what else came meanwhile
  int gossipFanout = 3;
  double retransmitFactor = 4;     // an update is sent this * log10(members + 1) times
  Time gossipToFailedFor{30'000};  // so that one that lives hears of it
  Time syncInterval{30'000};       // the whole table is compared with one random member
  Time reconnectInterval{5'000};   // a failed member is tried, so that a healed split is found
  Time forgetFailedAfter{72 * 3600 * 1000};
  Time forgetLeftAfter{24 * 3600 * 1000};
  size_t maxMembers = 10'000;  // more are not taken in
  // Higher ones are not believed (number_bounds.h). Without it: a constant.
  std::function<uint64_t()> maxIncarnation = nullptr;
  // For round-trip times only, which are as coarse as Time without it.
  std::function<std::chrono::microseconds()> clock;
};

// Told from within the automaton's functions; must not call back into it.
class MembershipListener {
 public:
  virtual ~MembershipListener() = default;
  // `before` is nothing for a member that was not known. Also told of a changed name or address.
  virtual void memberChanged(const Member& member, std::optional<Status> before) = 0;
  // Not known any more: forgotten after its time, or by remove().
  virtual void memberForgotten(const NodeId& id) = 0;
  // Another process answers under our id. Told once for each of its sessions.
  virtual void cloneSeen(const Member& clone) = 0;
  // A member whose messages we cannot read, or that cannot read ours.
  virtual void refused(const NodeId& sender, const std::string& why) = 0;
};

class Membership {
 public:
  // `self` says name, addresses, session and the incarnation to begin with. All must outlive it.
  Membership(Member self, MembershipOptions options, uint64_t seed, Network& network,
             MembershipListener& listener);
  ~Membership();

  // Begins, knowing `others` from before (remembered, or told by who let us join).
  void start(Time now, const std::vector<Member>& others);
  // Tells everyone that we leave of our own will. We then answer as having left; the process should
  // run on for a second, so that everyone hears of it.
  void leave(Time now);
  // Ends a member that has failed or left (docker node rm); others learn it from the state. It is
  // not let in again under this id.
  void remove(Time now, const NodeId& id);
  // Name or address of ourselves changed.
  void updateSelf(Time now, std::string name, Endpoint gossip, uint16_t apiPort);

  // A message for us, whatever its body: takes the piggybacked updates, and the body if it is one
  // of membership's. `from` is where the datagram came from; nothing for a stream. Says whether the
  // message may be handed on to others; if not, it was refused as a whole and changed nothing.
  bool receive(Time now, const NodeId& sender, std::optional<Endpoint> from,
               const wire::Message& message);
  // A stream to this member could not be delivered. A hint, no proof. `isRefused`: its host says
  // that nobody listens there, which only that host can say.
  void streamFailed(Time now, const NodeId& to, bool isRefused);
  // The host of this address is said to have nobody who takes datagrams there. A hint: anyone can
  // say so who sees ours.
  void datagramRefused(Time now, const Endpoint& at);
  // Somebody is said to be a member, whom we may not know: gossip misses one in some hundred. A
  // hint: if we have not heard of it a moment later, somebody is asked for all members.
  void spokenOf(Time now, const NodeId& id);
  // This member was asked something and does not answer. A hint, too.
  void silent(Time now, const NodeId& id);
  // Does what is due. To be called when nextTick() is reached; calls in between do no harm.
  void tick(Time now);
  Time nextTick() const;

  const Member& self() const;
  const Member* find(const NodeId& id) const;
  // Everyone known, ourselves included, by id.
  std::vector<const Member*> members() const;
  // Alive and suspect ones, ourselves included.
  size_t living() const;
  // Lifeguard's local health: 0 is well; each step makes us doubt ourselves more.
  int awareness() const;
  // Smoothed round-trip time of probes, nothing if none came back yet.
  std::optional<std::chrono::microseconds> roundTrip(const NodeId& id) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cluster
