#pragma once

// How messages reach the other members: sealed datagrams over UDP, and batches posted to their
// droverd over mutual TLS.

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/fd.h"
#include "base/http_client.h"
#include "base/loop.h"
#include "base/poll.h"
#include "base/task.h"
#include "cluster/network.h"
#include "cluster/transport/packet_seal.h"
#include "cluster/types.h"
#include "cluster/wire.pb.h"

namespace cluster {

// Where a member's droverd posts batches of messages to.
constexpr std::string_view messagesPath = "/drover/v1/messages";
// Bytes that a batch may have.
constexpr size_t maxBatch = 4 * 1024 * 1024;

class PeerNetwork : public Network {
 public:
  // One of the processes that speak under one id, and where it speaks from.
  struct Copy {
    Endpoint at;
    uint64_t session = 0;
  };
  struct Hooks {
    // A datagram's content, opened and with an authentic sender.
    std::function<void(const NodeId& sender, const Endpoint& from, wire::Message message)> received;
    // Two hosts speak under one id: one whose session is over goes on, at `old`, while the newer
    // one is heard from `fresh`. Told again every few seconds.
    std::function<void(const NodeId& sender, const Copy& old, const Copy& fresh)> cloned;
    // A datagram that was refused, and why; told at most once a second.
    std::function<void(const Endpoint& from, std::string why)> refused;
    // A batch could not be delivered; its messages are lost.
    std::function<void(const NodeId& to, std::string why)> streamFailed;
    // The host that a datagram went to says that nobody listens there (ICMP). Anyone could say so
    // who sees our datagrams, so it is no proof.
    std::function<void(const Endpoint& to)> datagramRefused;
  };
  // Gives the way to a member's droverd; nothing for one that is not known.
  using ClientFor = std::function<std::shared_ptr<base::HttpClient>(const NodeId&)>;

  // Binds UDP at `address`; throws std::runtime_error that names it. All must outlive it.
  PeerNetwork(base::Loop& loop, const Endpoint& address, PacketSeal& seal, ClientFor clientFor,
              Hooks hooks);
  ~PeerNetwork() override;

  // To whom we have not heard of yet it goes when it has told its session, which we ask for.
  void datagram(const Receiver& to, wire::Message message) override;
  void datagramTo(const NodeId& to, const Copy& copy, const wire::Message& message);
  void stream(const NodeId& to, wire::Message message) override;

  // The messages of a batch that a member posted; nothing for what is none.
  static std::optional<wire::Batch> decodeBatch(std::string_view body);

 private:
  struct Queue {
    wire::Batch waiting;
    size_t bytes = 0;
    bool sending = false;
  };

  // A sender's datagrams of a session that is over, since it was heard in a newer one.
  struct Stale {
    base::Time since;
    base::Time last;
  };

  // Where a sender's datagrams come from: the last one, and the one before that came from
  // elsewhere.
  struct Heard {
    Copy last, other;
    base::Time otherAt;
    std::optional<base::Time> bothSince;  // they come from both, in turn
  };

  // What is for a node whose session is not known yet.
  struct Waiting {
    Endpoint at;
    base::Time since;
    std::string content;
  };

  base::Task<> receiveAll();
  void takeRefusals();
  void send(const NodeId& to, const Copy& copy, std::string_view content);
  void sendWaiting(const NodeId& to);
  void heardFrom(const NodeId& sender, const Copy& from);
  void staleFrom(const NodeId& sender, const Copy& from);
  void receive(std::string_view packet, const Endpoint& from);
  base::Task<> sendAll(NodeId to);

  base::Loop& loop_;
  base::Fd socket_;
  base::Poll poll_;
  PacketSeal& seal_;
  ClientFor clientFor_;
  Hooks hooks_;
  bool isRefused_ = false;  // something we sent; the kernel keeps what there is to know of it
  base::Time refusalTold_;
  std::map<NodeId, Heard> heard_;
  std::map<NodeId, Stale> stale_;
  std::map<NodeId, std::deque<Waiting>> waiting_;
  std::map<NodeId, Queue> queues_;
  base::Scope tasks_;
};

}  // namespace cluster
