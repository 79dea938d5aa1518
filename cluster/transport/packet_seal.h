#pragma once

// Sealing of datagrams: AES-256-GCM under keys that all nodes share, and refusal of packets heard
// before. Pure but for the nonce, which begins at random. Any bytes may be opened.
//
// A packet:
//
//    1 byte   version of this format, 1
//    4 bytes  key: the first of its SHA-256
//   12 bytes  nonce
//   then enciphered: 25 bytes sender, 8 bytes its session, 8 bytes the receiver's session or 0,
//             8 bytes number (big-endian), the content
//   16 bytes  tag, which also covers the first 17 bytes and the receiver's id
//
// Nonces. One key is used by many processes, so no two of them may ever draw the same nonce. Each
// begins at a random 96-bit number and counts up by one. Two processes meet only if one's start is
// within the other's run: with n processes (every start of a node is one) that send L packets each
// the chance is below n^2 * L / 2^96. For 2^14 processes and 2^36 packets each, 800 a second for
// 2.7 years, it is 2^-32, which is what NIST SP 800-38D section 8 asks for; drawing each nonce at
// random would reach it after 2^32 packets of all nodes together. Rotating the key begins anew.
// What counting cannot help is a process that is resumed from a copy of its memory: rotate the key
// then.
//
// Replays. A packet is taken once: for each session of a sender there is a window of the last 1024
// numbers (RFC 4303 section 3.4.3, as a ring of words: RFC 6479). A session is one start of a
// process; its upper half counts the starts of that node (Store::beginSession), its lower half is
// random. Without clocks, that count is what tells which of two sessions is the newer: once a
// packet of a newer one has been opened, all older ones are over. The newest is never ended by an
// older one, so nobody can silence a node by replaying its past. The windows of sessions that are
// over are kept, so that `stale` is told of what was never heard before, not of recorded packets:
// it means a process that goes on. Two processes on copies of one state directory have equal counts
// and differ in the lower half: both are heard, so that both can be told of the clone.
//
// A packet is for one receiver and one session of it. Sent to another node it is `altered`; what
// was recorded before a restart of its receiver is `otherSession`, and so is the first that a
// sender says who does not know the receiver's session: it is answered by an empty packet, from
// which the sender learns it (sessionOf). What remains: a receiver that had to forget a sender for
// lack of room takes what it heard of it in this session once more; and a node whose state
// directory was put back to an older copy is not heard until it counts above (verdict `stale` says
// so, with the sender).

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/secret.h"
#include "cluster/types.h"

namespace cluster {

struct OpenedPacket {
  enum class Verdict {
    good,
    tooShort,
    wrongVersion,
    unknownKey,
    altered,       // or sealed with another key of the same id
    replayed,      // opened before, too old to tell, or one of our own
    stale,         // of a session before the sender's newest
    otherSession,  // for an earlier process of this node, or for an unknown one
    noSender,      // well sealed, but by nobody
  };
  Verdict verdict = Verdict::altered;
  std::string content;   // when good
  NodeId sender;         // when good, replayed, stale or otherSession: authentic
  uint64_t session = 0;  // likewise
};

// For logs: "altered", "unknown key".
std::string_view textOf(OpenedPacket::Verdict verdict);

class PacketSeal {
 public:
  static constexpr uint8_t version = 1;  // of the packet format
  static constexpr size_t keySize = 32;
  static constexpr size_t maxKeys = 8;
  // By how many bytes a packet is longer than its content.
  static constexpr size_t overhead = 1 + 4 + 12 + NodeId::length + 8 + 8 + 8 + 16;
  static constexpr size_t window = 1024;

  // Remembers up to `maxSenders` senders, then forgets the one that was silent for longest.
  PacketSeal(NodeId self, uint64_t session, size_t maxSenders = 10'000);
  PacketSeal(PacketSeal&&) noexcept;
  ~PacketSeal();

  // Seals with the first key, opens with all of them. Throws std::invalid_argument for a wrong
  // size, none, too many, or two with the same id. What was heard so far stays known.
  void setKeys(const std::vector<Secret>& keys);

  // For the receiver's process with that session. Needs keys. Throws std::runtime_error only if the
  // cipher itself fails.
  std::string seal(const NodeId& receiver, uint64_t receiverSession, std::string_view content);
  OpenedPacket open(std::string_view packet);
  // Of the last good packet of that node; 0 if there was none.
  uint64_t sessionOf(const NodeId& sender) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cluster
