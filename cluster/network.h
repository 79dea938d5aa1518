#pragma once

// What the automata of this folder (membership, state, claims) send through. In droverd it is UDP
// and mutual TLS, in the simulation a queue with delays, losses and cuts.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cluster/types.h"

// Whoever makes or reads messages includes cluster/wire.pb.h; most of those who include this do
// not.
namespace cluster::wire {
class Message;
}

namespace cluster {

// For whom a datagram is, and where it goes: nobody else at that address takes it.
struct Receiver {
  NodeId id;
  Endpoint at;
};

class Network {
 public:
  virtual ~Network() = default;

  // May be lost, doubled or overtaken. `message` must fit into a packet (maxPacket).
  virtual void datagram(const Receiver& to, wire::Message message) = 0;
  // The same to several.
  virtual void datagrams(const std::vector<Receiver>& to, wire::Message message);
  // Arrives whole, or never; in the order of sending as long as messages arrive.
  virtual void stream(const NodeId& to, wire::Message message) = 0;
};

// Bytes that an encoded Message may have as a datagram, so that sealed it fits the smallest MTU
// that is met in practice (1280, RFC 8200) without being cut up.
constexpr size_t maxPacket = 1150;

}  // namespace cluster
