// Any messages, in any order and with time between them, into the state: it neither breaks its
// limits nor believes what others say of its own records, and what it sends fits.
//
// The input is a row of steps: a byte that says how much time passes and whether something is
// written, two with the length of a message, and the message.

#include <algorithm>
#include <string>
#include <string_view>

#include "cluster/state/state.h"
#include "cluster/wire.pb.h"
#include "test/fuzz/feed.h"

namespace {

using cluster::NodeId;
using cluster::State;
using cluster::Time;

struct World : cluster::Network, cluster::StateListener {
  void datagram(const cluster::Receiver&, cluster::wire::Message message) override {
    fuzz::require(message.ByteSizeLong() <= cluster::maxPacket);
  }
  void stream(const NodeId&, cluster::wire::Message message) override {
    fuzz::require(message.ByteSizeLong() < 100'000);
  }
  void recordChanged(const NodeId& owner, const std::string& key, const cluster::Record&) override {
    fuzz::require(owner != self || key.starts_with("own"));
  }
  void recordErased(const NodeId&, const std::string&) override {}
  void recordsRefused(const NodeId&, const std::string& why) override {
    fuzz::require(!why.empty());
  }

  NodeId self = *NodeId::parse("node000000000000000000000");
};

cluster::StateOptions options() {
  cluster::StateOptions options;
  options.tombstonesFor = Time(3'000);
  options.maxDelta = 2'000;
  options.maxValue = 1'000;
  options.maxRecords = 20;
  options.maxOwners = 5;
  return options;
}

void write(State& state, Time now, uint8_t what) {
  std::string key = "own" + std::to_string(what % 4);
  if (what % 3 == 0) {
    state.erase(now, key);
  } else {
    state.put(now, key, std::string(what, 'x'), what % 5 == 0);
  }
  if (what == 200) state.finishReload(now);
  if (what == 201) state.forget(*NodeId::parse("node000000000000000000002"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  World world;
  State state(world.self, 100, options(), 1, world, world);
  NodeId peer = *NodeId::parse("node000000000000000000001");
  Time now{1};
  state.setPeers(now, {{peer, {}}});
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  while (rest.size() >= 3) {
    auto step = static_cast<uint8_t>(rest[0]);
    size_t length = static_cast<uint8_t>(rest[1]) + 256 * static_cast<uint8_t>(rest[2]);
    std::string_view bytes = rest.substr(3, length);
    rest.remove_prefix(3 + bytes.size());
    if (step % 2 == 1) write(state, now, step);
    cluster::wire::Message message;
    if (message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
      state.receive(now, peer, message);
    for (int i = 0; i < 20 && state.nextTick() <= now + Time(step * 8); i++) {
      now = std::max(now, state.nextTick());
      state.tick(now);
    }
  }
  fuzz::require(state.versions().size() <= options().maxOwners);
  fuzz::require(state.records() <= 2 * options().maxRecords * options().maxOwners);
  size_t counted = 0;
  state.each("", [&](const NodeId&, const std::string&, const cluster::Record&) { counted++; });
  fuzz::require(counted == state.records());
  return 0;
}
