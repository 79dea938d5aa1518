// Datagrams: any bytes are opened or refused; what is sealed is opened once, as it was, and not at
// all when anything about it was changed.

#include <string>
#include <string_view>

#include "cluster/transport/packet_seal.h"
#include "test/fuzz/feed.h"

using Verdict = cluster::OpenedPacket::Verdict;

namespace {

const cluster::NodeId from = *cluster::NodeId::parse("aaaaaaaaaaaaaaaaaaaaaaaaa");
const cluster::NodeId to = *cluster::NodeId::parse("bbbbbbbbbbbbbbbbbbbbbbbbb");

cluster::PacketSeal made(const cluster::NodeId& node) {
  std::vector<cluster::Secret> keys;
  keys.emplace_back(std::string(cluster::PacketSeal::keySize, 'k'));
  keys.emplace_back(std::string(cluster::PacketSeal::keySize, 'o'));
  cluster::PacketSeal seal(node, 1);
  seal.setKeys(keys);
  return seal;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static cluster::PacketSeal sender = made(from), receiver = made(to);
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  cluster::OpenedPacket opened = receiver.open(bytes);
  fuzz::require(opened.verdict == Verdict::good || opened.content.empty());
  fuzz::require(!textOf(opened.verdict).empty());

  std::string packet = sender.seal(to, 1, bytes);
  std::string changed = packet;
  if (size > 2) {
    size_t at = (data[0] << 8 | data[1]) % changed.size();
    changed[at] = static_cast<char>(changed[at] ^ data[2]);
    if (changed != packet) fuzz::require(receiver.open(changed).verdict != Verdict::good);
  }
  opened = receiver.open(packet);
  fuzz::require(opened.verdict == Verdict::good && opened.content == bytes);
  fuzz::require(opened.sender == from && opened.session == 1);
  fuzz::require(receiver.open(packet).verdict == Verdict::replayed);
  fuzz::require(receiver.open(sender.seal(to, 2, bytes)).verdict == Verdict::otherSession);
  fuzz::require(receiver.open(sender.seal(from, 1, bytes)).verdict == Verdict::altered);
  return 0;
}
