// The packet format is frozen: what was sealed then is opened.

#include <criterion/criterion.h>

#include <string>

#include "cluster/ca/cluster_config.h"
#include "cluster/transport/packet_seal.h"
#include "test/golden.h"

using namespace cluster;
using Verdict = OpenedPacket::Verdict;

namespace {

constexpr uint64_t senders = uint64_t(7) << 32 | 1, receivers = uint64_t(3) << 32 | 9;

NodeId node(char letter) {
  return *NodeId::parse(std::string(NodeId::length, letter));
}

PacketSeal sealOf(char letter, uint64_t session) {
  PacketSeal seal(node(letter), session);
  std::string key;
  for (char i = 0; i < static_cast<char>(PacketSeal::keySize); i++) key.push_back(i);
  std::vector<Secret> keys;
  keys.emplace_back(key);
  seal.setKeys(keys);
  return seal;
}

std::string sealedThen() {
  std::string hex = test::golden("packet");
  return *fromHex(hex.substr(0, hex.find('\n')));
}

}  // namespace

// The nonce is drawn, so that no two packets are equal, and none can be written as it was.
Test(packet_format, what_was_sealed_then_is_opened) {
  if (test::writesGolden())
    test::expectGolden("packet",
                       toHex(sealOf('a', senders).seal(node('b'), receivers, "content")) + "\n");
  PacketSeal receiver = sealOf('b', receivers);
  OpenedPacket opened = receiver.open(sealedThen());
  cr_assert(opened.verdict == Verdict::good, "%s", std::string(textOf(opened.verdict)).c_str());
  cr_expect_eq(opened.content, "content");
  cr_expect(opened.sender == node('a'));
  cr_expect_eq(opened.session, senders);
}

Test(packet_format, the_head_stays_where_it_was) {
  std::string then = sealedThen();
  std::string today = sealOf('a', senders).seal(node('b'), receivers, "content");
  cr_expect_eq(then.size(), today.size());
  cr_expect_eq(PacketSeal::version, 1);
  cr_expect_eq(then[0], 1);
  cr_expect_eq(toHex(then.substr(0, 5)), toHex(today.substr(0, 5)), "version and key");
}

Test(packet_format, another_version_is_told_apart) {
  std::string newer = sealedThen();
  newer[0] = 2;
  cr_expect(sealOf('b', receivers).open(newer).verdict == Verdict::wrongVersion);
}
