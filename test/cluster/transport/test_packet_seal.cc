#include "cluster/transport/packet_seal.h"

#include <criterion/criterion.h>

#include <algorithm>
#include <set>
#include <stdexcept>
#include <string>

#include "cluster/network.h"

using namespace cluster;
using Verdict = OpenedPacket::Verdict;

namespace {

NodeId node(char letter) {
  return *NodeId::parse(std::string(NodeId::length, letter));
}

Secret keyOf(char letter) {
  return Secret(std::string(PacketSeal::keySize, letter));
}

std::vector<Secret> keys(const std::string& letters) {
  std::vector<Secret> made;
  for (char each : letters) made.push_back(keyOf(each));
  return made;
}

constexpr uint64_t session(uint64_t starts, uint64_t drawn) {
  return starts << 32 | drawn;
}

struct Sealer : PacketSeal {
  Sealer(char who, uint64_t session, const std::string& letters = "k", size_t maxSenders = 4096)
      : PacketSeal(node(who), session, maxSenders) {
    setKeys(keys(letters));
  }
  // For the receiver of most tests.
  std::string seal(std::string_view content) { return sealFor('b', 1, content); }
  std::string sealFor(char whom, uint64_t session, std::string_view content = "x") {
    return PacketSeal::seal(node(whom), session, content);
  }
};

std::string verdictOf(PacketSeal& receiver, std::string_view packet) {
  return std::string(textOf(receiver.open(packet).verdict));
}

void expect(PacketSeal& receiver, const std::string& packet, const std::string& verdict,
            const char* about) {
  std::string found = verdictOf(receiver, packet);
  cr_expect_eq(found, verdict, "%s: %s instead of %s", about, found.c_str(), verdict.c_str());
}

}  // namespace

Test(packet_seal, what_is_sealed_is_opened_with_its_sender) {
  Sealer a('a', session(7, 1)), b('b', 1);
  for (size_t size : {size_t{0}, size_t{1}, size_t{15}, size_t{16}, size_t{1024}, maxPacket}) {
    std::string content(size, 'x');
    std::string packet = a.seal(content);
    cr_expect_eq(packet.size(), size + PacketSeal::overhead);
    cr_expect(size < 15 || packet.find(content) == std::string::npos, "it is readable");
    OpenedPacket opened = b.open(packet);
    cr_expect(opened.verdict == Verdict::good, "%zu bytes", size);
    cr_expect(opened.content == content);
    cr_expect(opened.sender == node('a'));
    cr_expect_eq(opened.session, session(7, 1));
  }
}

Test(packet_seal, every_changed_bit_and_every_cut_is_found) {
  Sealer a('a', 1), b('b', 1);
  const std::string packet = a.seal("content");
  for (size_t bit = 0; bit < packet.size() * 8; bit++) {
    std::string changed = packet;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    const char* wanted = bit < 8 ? "wrong version" : bit < 40 ? "unknown key" : "altered";
    OpenedPacket opened = b.open(changed);
    cr_expect(textOf(opened.verdict) == wanted, "bit %zu", bit);
    cr_expect(opened.content.empty(), "bit %zu", bit);
    cr_expect(opened.sender == NodeId(), "bit %zu: nobody is blamed", bit);
  }
  for (size_t size = 0; size < packet.size(); size++) {
    const char* wanted = size < PacketSeal::overhead ? "too short" : "altered";
    expect(b, packet.substr(0, size), wanted, "cut");
  }
  expect(b, packet + "x", "altered", "longer");
  expect(b, packet, "good", "itself, after all that");
}

Test(packet_seal, keys_are_rotated_without_losing_a_packet) {
  Sealer a('a', 1, "o"), b('b', 1, "o");
  expect(b, a.seal("1"), "good", "the old key");
  b.setKeys(keys("on"));
  a.setKeys(keys("on"));
  expect(b, a.seal("2"), "good", "both know the new one, and seal with the old one");
  std::string late = a.seal("late");
  a.setKeys(keys("no"));
  expect(b, a.seal("3"), "good", "one seals with the new key");
  b.setKeys(keys("no"));
  expect(b, late, "good", "the old key is still known");
  a.setKeys(keys("n"));
  b.setKeys(keys("n"));
  Sealer behind('c', 1, "o");
  expect(b, behind.seal("4"), "unknown key", "the old key is gone");
  expect(b, late, "unknown key", "a replay under it, too");
}

Test(packet_seal, keys_that_cannot_be_used_are_refused_and_change_nothing) {
  Sealer a('a', 1), b('b', 1);
  std::vector<std::vector<Secret>> wrong(4);
  wrong[1].push_back(Secret("short"));
  wrong[2] = keys("kk");
  wrong[3] = keys("123456789");
  for (size_t i = 0; i < wrong.size(); i++) {
    bool refused = false;
    try {
      b.setKeys(wrong[i]);
    } catch (const std::invalid_argument&) {
      refused = true;
    }
    cr_expect(refused, "set %zu", i);
  }
  expect(b, a.seal("1"), "good", "still the first keys");
}

Test(packet_seal, nonces_do_not_repeat) {
  std::set<std::string> seen;
  for (int process = 0; process < 50; process++) {
    Sealer a('a', 1);
    for (int i = 0; i < 600; i++) {
      if (i == 300) a.setKeys(keys("k"));
      seen.insert(a.seal("").substr(5, 12));
    }
  }
  cr_expect_eq(seen.size(), 50 * 600);
}

Test(packet_seal, a_packet_is_taken_once_in_any_order_within_the_window) {
  Sealer a('a', 1), b('b', 1);
  std::vector<std::string> sent(1);
  for (int i = 1; i <= 5000; i++) sent.push_back(a.seal("x"));
  expect(b, sent[100], "good", "the first that is heard");
  expect(b, sent[100], "replayed", "twice");
  expect(b, sent[99], "good", "overtaken");
  expect(b, sent[99], "replayed", "overtaken, twice");
  expect(b, sent[1123], "good", "ahead");
  expect(b, sent[100], "replayed", "oldest in the window, seen");
  expect(b, sent[101], "good", "in the window, not seen");
  expect(b, sent[99], "replayed", "before the window");
  expect(b, sent[98], "replayed", "before the window, never seen");
  expect(b, sent[5000], "good", "far ahead");
  expect(b, sent[3976], "replayed", "just before the window");
  for (int i = 3977; i < 5000; i++) expect(b, sent[i], "good", "all of the window");
  for (int i = 3977; i <= 5000; i++) expect(b, sent[i], "replayed", "all of the window again");
}

// Against the plainest description: seen before, or 1024 or more below the highest.
Test(packet_seal, the_window_agrees_with_its_definition) {
  Sealer a('a', 1), b('b', 1);
  std::vector<std::string> sent(1);
  for (int i = 1; i <= 20000; i++) sent.push_back(a.seal(""));
  std::set<uint64_t> seen;
  uint64_t highest = 0, random = 1, center = 1;
  for (int i = 0; i < 40000; i++) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    if (random >> 63) center += random >> 33 & 1;
    if ((random >> 40) % 500 == 0) center += 900;
    uint64_t number = std::clamp<uint64_t>(center + (random >> 50) % 2200, 1101, 21100) - 1100;
    bool fresh = seen.insert(number).second && number + 1024 > highest;
    highest = std::max(highest, number);
    Verdict verdict = b.open(sent[number]).verdict;
    cr_assert_eq(verdict == Verdict::good, fresh, "number %lu, highest %lu", number, highest);
  }
  cr_expect_gt(highest, 10000);
}

Test(packet_seal, a_newer_session_ends_older_ones_and_never_the_other_way_round) {
  Sealer first('a', session(1, 99)), second('a', session(2, 5)), b('b', 1);
  std::string recorded = first.seal("recorded"), more = first.seal("more");
  expect(b, recorded, "good", "the first session");
  expect(b, second.seal("1"), "good", "a restart");
  expect(b, recorded, "replayed", "a recorded packet is no sign of life");
  OpenedPacket late = b.open(more);
  cr_expect(late.verdict == Verdict::stale && late.sender == node('a'), "never heard, but over");
  cr_expect_eq(late.session, session(1, 99));
  cr_expect(late.content.empty());
  expect(b, second.seal("2"), "good", "the second session goes on");

  expect(b, more, "replayed", "what was late is taken once, too");
  for (int start = 3; start < 12; start++) {
    Sealer next('a', session(start, 1));
    std::string only = next.seal("x");
    expect(b, only, "good", "a further restart");
    expect(b, only, "replayed", "a further restart");
  }
  expect(b, recorded, "replayed", "a session that was forgotten is no sign of life");
  expect(b, first.seal("new"), "replayed", "nor is what it goes on to say");
}

Test(packet_seal, a_packet_is_for_one_node_and_one_process_of_it) {
  Sealer a('a', session(1, 9)), b('b', session(4, 1)), c('c', session(4, 1));
  std::string recorded = a.sealFor('b', session(4, 1));
  expect(c, recorded, "altered", "sent to another node");
  expect(b, recorded, "good", "sent to whom it is for");
  Sealer again('b', session(5, 1));
  for (int i = 0; i < 2; i++) {
    OpenedPacket opened = again.open(recorded);
    cr_expect(opened.verdict == Verdict::otherSession, "from before the receiver's restart");
    cr_expect(opened.content.empty() && opened.sender == node('a'));
    cr_expect_eq(opened.session, session(1, 9));
  }
  expect(again, a.sealFor('b', 0), "for another session", "by who does not know the session");
  cr_expect_eq(again.sessionOf(node('a')), 0, "nothing was learnt from what may be old");
  expect(again, a.sealFor('b', session(5, 1)), "good", "after the session was learnt");
  cr_expect_eq(again.sessionOf(node('a')), session(1, 9));
}

Test(packet_seal, clones_are_both_heard_once) {
  Sealer one('a', session(3, 10)), two('a', session(3, 20)), b('b', 1);
  std::string early = one.seal("1");
  expect(b, early, "good", "one");
  for (int i = 0; i < 5; i++) {
    expect(b, two.seal("x"), "good", "the other");
    expect(b, one.seal("x"), "good", "and the one again");
  }
  expect(b, early, "replayed", "its window was kept");
}

Test(packet_seal, our_own_packets_are_not_taken) {
  Sealer a('a', session(2, 1)), before('a', session(1, 1));
  std::string own = a.sealFor('a', session(2, 1));
  expect(a, own, "replayed", "reflected");
  expect(a, before.sealFor('a', session(2, 1)), "of an earlier session",
         "what we sent before the restart");
  Sealer clone('a', session(2, 2));
  OpenedPacket heard = a.open(clone.sealFor('a', session(2, 1)));
  cr_expect(heard.verdict == Verdict::good && heard.sender == node('a'), "a clone is heard");
}

Test(packet_seal, the_sender_that_was_silent_for_longest_is_forgotten_first) {
  Sealer a('a', 1), b('b', 1), c('c', 1), receiver('r', 1, "k", 2);
  std::string fromA = a.sealFor('r', 1), fromB = b.sealFor('r', 1);
  expect(receiver, fromA, "good", "a");
  expect(receiver, fromB, "good", "b");
  expect(receiver, a.sealFor('r', 1), "good", "a again");
  expect(receiver, c.sealFor('r', 1), "good", "c, in place of b");
  expect(receiver, fromA, "replayed", "a is known");
  expect(receiver, fromB, "good", "b is not");
}

Test(packet_seal, a_packet_of_nobody_is_refused) {
  PacketSeal nobody(NodeId(), 1);
  nobody.setKeys(keys("k"));
  Sealer b('b', 1);
  expect(b, nobody.seal(node('b'), 1, "x"), "without a sender", "the id of nobody");
}
