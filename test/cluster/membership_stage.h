#pragma once

// One Membership with everything around it played by the test: what it sends is kept, what it
// should hear is said.

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "cluster/envelope.h"
#include "cluster/membership/member_update.h"
#include "cluster/membership/membership.h"
#include "cluster/wire_version.h"

namespace test {

using cluster::Endpoint;
using cluster::Member;
using cluster::Membership;
using cluster::MembershipOptions;
using cluster::NodeId;
using cluster::Receiver;
using cluster::Status;
using cluster::Time;
namespace wire = cluster::wire;

inline NodeId idOf(int number) {
  char text[NodeId::length + 1];
  std::snprintf(text, sizeof text, "node%021d", number);
  return *NodeId::parse(text);
}

inline Member memberOf(int number, uint64_t incarnation = 1) {
  Member member;
  member.id = idOf(number);
  member.name = "host-" + std::to_string(number);
  member.gossip = *Endpoint::parse("10.0.0." + std::to_string(number), 7946);
  member.apiPort = 2377;
  member.incarnation = incarnation;
  member.session = 1000 + static_cast<uint64_t>(number);
  member.wireVersion = cluster::wireVersion;
  return member;
}

class MembershipStage : private cluster::Network, private cluster::MembershipListener {
 public:
  struct Datagram {
    Endpoint to;
    wire::Message message;
  };
  struct Stream {
    NodeId to;
    wire::Message message;
  };

  // We are number 1 of `size` members that know each other.
  explicit MembershipStage(int size, MembershipOptions options = {})
      : membership(memberOf(1), options, 1, *this, *this) {
    std::vector<Member> others;
    for (int i = 2; i <= size; i++) others.push_back(memberOf(i));
    membership.start(now, others);
    wire::Message answer = cluster::envelope(idOf(2));
    answer.mutable_members_sync();
    membership.tick(now);  // asks for a table
    if (size > 1) membership.receive(now, idOf(2), std::nullopt, answer);
    forgetSent();
    told.clear();
  }

  // Lets this time pass, with all the ticks it asks for.
  void pass(Time time) {
    Time end = now + time;
    while (membership.nextTick() <= end) {
      now = std::max(now, membership.nextTick());
      membership.tick(now);
      if (answersPings) answerAll();
    }
    now = end;
  }

  // A datagram of this member.
  bool hear(int from, wire::Message message) {
    return membership.receive(now, idOf(from), memberOf(from).gossip, message);
  }
  // News about `member`, gossiped by `from`.
  void hearOf(int from, const Member& member, int accuser = 0, bool isTable = false) {
    wire::Message message = cluster::envelope(idOf(from));
    if (isTable) {
      message.mutable_members_sync();
    } else {
      message.mutable_gossip();
    }
    cluster::encode(member, idOf(accuser), isTable, *message.add_updates());
    membership.receive(now, idOf(from), memberOf(from).gossip, message);
  }
  void hearStatus(int from, int about, Status status, uint64_t incarnation, int accuser = 0) {
    Member member = memberOf(about, incarnation);
    member.status = status;
    hearOf(from, member, accuser == 0 ? from : accuser);
  }
  void ack(int from, uint32_t sequence) {
    wire::Message message = cluster::envelope(idOf(from));
    message.mutable_ack()->set_sequence(sequence);
    hear(from, message);
  }
  // Acknowledges each ping that was sent, as its target.
  void answerAll() {
    std::vector<Datagram> all = std::exchange(datagrams, {});
    for (const Datagram& sent : all) {
      if (!sent.message.has_ping()) continue;
      NodeId target = *NodeId::parse(sent.message.ping().target());
      wire::Message message = cluster::envelope(target);
      message.mutable_ack()->set_sequence(sent.message.ping().sequence());
      membership.receive(now, target, sent.to, message);
    }
  }
  void forgetSent() {
    datagrams.clear();
    streams.clear();
  }

  Status statusOf(int number) const { return membership.find(idOf(number))->status; }
  // The last that was sent about this member in datagrams.
  std::optional<cluster::MemberUpdate> lastSaidOf(int number) const {
    std::optional<cluster::MemberUpdate> last;
    for (const Datagram& sent : datagrams) {
      for (const wire::MemberUpdate& encoded : sent.message.updates()) {
        auto update = cluster::decode(encoded);
        if (update && update->id == idOf(number)) last = update;
      }
    }
    return last;
  }
  // Sent datagrams with this body.
  std::vector<Datagram> sent(wire::Message::BodyCase body) const {
    std::vector<Datagram> found;
    for (const Datagram& one : datagrams) {
      if (one.message.body_case() == body) found.push_back(one);
    }
    return found;
  }
  size_t toldCount(const std::string& what) const {
    size_t count = 0;
    for (const std::string& line : told) count += line == what;
    return count;
  }

  bool answersPings = false;
  Time now{1'000};
  std::vector<Datagram> datagrams;
  std::vector<Stream> streams;
  std::vector<std::string>
      told;  // "host-2 failed", "forgot <id>", "clone <session>", "refused <why>"
  Membership membership;

 private:
  void datagram(const Receiver& to, wire::Message message) override {
    datagrams.push_back({to.at, std::move(message)});
  }
  void stream(const NodeId& to, wire::Message message) override {
    streams.push_back({to, std::move(message)});
  }
  void memberChanged(const Member& member, std::optional<Status>) override {
    static const char* names[] = {"alive", "suspect", "failed", "left"};
    told.push_back(member.name + " " + names[static_cast<int>(member.status)]);
  }
  void memberForgotten(const NodeId& id) override {
    told.push_back("forgot " + std::string(id.text()));
  }
  void cloneSeen(const Member& clone) override {
    told.push_back("clone " + std::to_string(clone.session));
  }
  void refused(const NodeId&, const std::string& why) override { told.push_back("refused " + why); }
};

}  // namespace test
