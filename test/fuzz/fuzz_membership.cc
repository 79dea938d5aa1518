// Gossip: whatever messages arrive, in whatever order, membership keeps its counts and limits,
// sends no packet that is too large, and its clock goes on. An input is a sequence of pieces: a
// byte for the sender, a byte for the time that passes first, two bytes for the length, and an
// encoded Message.

#include <cstdint>
#include <cstdlib>
#include <string>

#include "cluster/envelope.h"
#include "cluster/membership/membership.h"
#include "cluster/wire_version.h"

namespace {

using namespace cluster;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Deaf : Network, MembershipListener {
  void datagram(const Receiver&, wire::Message message) override {
    require(message.ByteSizeLong() <= maxPacket);
  }
  void stream(const NodeId&, wire::Message) override {}
  void memberChanged(const Member& member, std::optional<Status>) override {
    require(member.name.size() < 256 && member.gossip.port != 0);
  }
  void memberForgotten(const NodeId&) override {}
  void cloneSeen(const Member&) override {}
  void refused(const NodeId&, const std::string& why) override { require(!why.empty()); }
};

Member memberOf(char letter) {
  Member member;
  member.id = *NodeId::parse(std::string(NodeId::length, letter));
  member.name = std::string(1, letter);
  member.gossip = *Endpoint::parse("10.0.0.1", static_cast<uint16_t>(letter));
  member.session = static_cast<uint64_t>(letter);
  member.wireVersion = wireVersion;
  return member;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Deaf outside;
  MembershipOptions options;
  options.maxMembers = 20;
  Membership membership(memberOf('a'), options, 1, outside, outside);
  Time now(0);
  membership.start(now, {memberOf('b'), memberOf('c'), memberOf('d')});

  size_t at = 0;
  while (at + 4 <= size) {
    Member sender = memberOf(static_cast<char>('a' + data[at] % 8));
    bool byStream = data[at] >= 128;
    Time end = now + Time(data[at + 1] * 8);
    for (int ticks = 0; membership.nextTick() <= end; ticks++) {
      now = std::max(now, membership.nextTick());
      membership.tick(now);
      require(ticks < 10'000);
    }
    now = end;
    size_t length = std::min<size_t>(data[at + 2] * 256u + data[at + 3], size - at - 4);
    wire::Message message;
    if (message.ParseFromArray(data + at + 4, static_cast<int>(length))) {
      std::optional<Endpoint> from;
      if (!byStream) from = sender.gossip;
      membership.receive(now, sender.id, from, message);
    }
    at += 4 + length;

    size_t living = 0;
    for (const Member* member : membership.members()) {
      living += member->status == Status::alive || member->status == Status::suspect;
      require(membership.find(member->id) == member);
    }
    require(living == membership.living() && membership.members().size() <= 20);
  }
  return 0;
}
