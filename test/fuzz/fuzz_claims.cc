// Any messages, in any order and with time between them, into claims: each claim is answered once,
// and none is granted without a majority, whatever is said by somebody who is not responsible.
//
// The input is a row of steps: a byte that says how much time passes, who speaks and whether
// something is claimed, two with the length of a message, and the message.

#include <algorithm>
#include <string>
#include <string_view>

#include "cluster/claims/claims.h"
#include "cluster/wire.pb.h"
#include "test/fuzz/feed.h"

namespace {

using cluster::ClaimResult;
using cluster::NodeId;
using cluster::Time;

NodeId id(size_t number) {
  std::string digits = std::to_string(number);
  return *NodeId::parse("node" + std::string(21 - digits.size(), '0') + digits);
}

struct World : cluster::Network, cluster::ClaimWorld {
  void datagram(const cluster::Receiver&, cluster::wire::Message) override { fuzz::require(false); }
  void stream(const NodeId&, cluster::wire::Message) override {}
  std::optional<cluster::Holding> holding(const std::string& key) const override {
    if (key != "held") return std::nullopt;
    return cluster::Holding{"holder", id(2), 7};
  }
  uint64_t versionOf(const NodeId&) const override { return 8; }
  bool isAway(const NodeId& member) const override { return member == id(1) && !isBack; }
  bool isBack = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  World world;
  cluster::Claims claims(id(0), {}, world, world);
  Time now{1};
  claims.start(now, false);
  claims.setMembers(now, {id(0), id(1), id(2)});
  size_t claimed = 0, answered = 0;
  bool othersSpoke = false;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  while (rest.size() >= 3) {
    auto step = static_cast<uint8_t>(rest[0]);
    size_t length = static_cast<uint8_t>(rest[1]) + 256 * static_cast<uint8_t>(rest[2]);
    std::string_view bytes = rest.substr(3, length);
    rest.remove_prefix(3 + bytes.size());
    if (step % 4 == 1) {
      claimed++;
      claims.claim(now, "k" + std::to_string(step % 8), "c" + std::to_string(step % 16),
                   [&](const ClaimResult& result) {
                     answered++;
                     fuzz::require(result.verdict != ClaimResult::Verdict::granted || othersSpoke);
                   });
    }
    if (step % 4 == 2) claims.release(now, "k1", "c1");
    if (step == 251) claims.setMembers(now, {id(0), id(1), id(3), id(4)});
    size_t sender = step % 3 == 0 ? 9 : step % 5;
    cluster::wire::Message message;
    if (message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      othersSpoke = othersSpoke || sender != 9;
      claims.receive(now, id(sender), message);
    }
    for (int i = 0; i < 20 && claims.nextTick() <= now + Time(step * 8); i++) {
      now = std::max(now, claims.nextTick());
      claims.tick(now);
    }
  }
  world.isBack = true;  // what it was granted may end
  for (int i = 0; i < 10'000 && claims.nextTick() != Time::max(); i++) {
    now = std::max(now, claims.nextTick());
    claims.tick(now);
  }
  fuzz::require(answered == claimed);
  fuzz::require(claims.nextTick() == Time::max());
  return 0;
}
