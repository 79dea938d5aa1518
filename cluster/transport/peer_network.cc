#include "cluster/transport/peer_network.h"

#include <linux/errqueue.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <stdexcept>

namespace cluster {
namespace {

constexpr base::milliseconds batchTimeout(5'000);
constexpr int packetsPerTurn = 64;
constexpr base::milliseconds tellRefusalsEvery(1000);
// A session that is over and goes on for so long, with pauses of at most so much, is a clone's.
constexpr base::milliseconds staleFor(4'000);
constexpr base::milliseconds staleGap(3'000);
// For who has not told its session yet.
constexpr size_t maxWaiting = 4;
constexpr base::milliseconds waitFor(1'000);

sockaddr_in6 socketAddress(const Endpoint& endpoint) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(endpoint.port);
  std::memcpy(&address.sin6_addr, endpoint.ip.data(), endpoint.ip.size());
  return address;
}

// One socket for both families: IPv4 addresses are mapped. Any IPv4 address stands for all.
base::Fd bindUdp(Endpoint endpoint) {
  std::string what = "cannot listen on udp " + endpoint.text();
  base::Fd fd(::socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) throw std::runtime_error(what + ": " + std::strerror(errno));
  int no = 0, yes = 1;
  ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
  ::setsockopt(fd.get(), IPPROTO_IP, IP_RECVERR, &yes, sizeof yes);
  ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_RECVERR, &yes, sizeof yes);
  if (endpoint.host() == "0.0.0.0") endpoint.ip = {};
  sockaddr_in6 address = socketAddress(endpoint);
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error(what + ": " + std::strerror(errno));
  return fd;
}

}  // namespace

PeerNetwork::PeerNetwork(base::Loop& loop, const Endpoint& address, PacketSeal& seal,
                         ClientFor clientFor, Hooks hooks)
    : loop_(loop),
      socket_(bindUdp(address)),
      poll_(loop, socket_.get()),
      seal_(seal),
      clientFor_(std::move(clientFor)),
      hooks_(std::move(hooks)),
      tasks_([](std::exception_ptr) {}) {
  tasks_.spawn(receiveAll());
}

PeerNetwork::~PeerNetwork() = default;

void PeerNetwork::datagram(const Receiver& to, wire::Message message) {
  if (uint64_t session = seal_.sessionOf(to.id))
    return send(to.id, {to.at, session}, message.SerializeAsString());
  std::deque<Waiting>& waiting = waiting_[to.id];
  if (waiting.size() == maxWaiting) waiting.pop_front();
  waiting.push_back({to.at, loop_.now(), message.SerializeAsString()});
  send(to.id, {to.at, 0}, "");
}

void PeerNetwork::datagramTo(const NodeId& to, const Copy& copy, const wire::Message& message) {
  send(to, copy, message.SerializeAsString());
}

void PeerNetwork::sendWaiting(const NodeId& to) {
  auto found = waiting_.find(to);
  if (found == waiting_.end()) return;
  std::deque<Waiting> waiting = std::move(found->second);
  waiting_.erase(found);
  for (const Waiting& each : waiting) {
    if (loop_.now() <= each.since + waitFor) send(to, {each.at, seal_.sessionOf(to)}, each.content);
  }
}

void PeerNetwork::send(const NodeId& to, const Copy& copy, std::string_view content) {
  std::string packet = seal_.seal(to, copy.session, content);
  sockaddr_in6 address = socketAddress(copy.at);
  auto put = [&] {
    return ::sendto(socket_.get(), packet.data(), packet.size(), MSG_NOSIGNAL,
                    reinterpret_cast<sockaddr*>(&address), sizeof address) >= 0;
  };
  // An error may be that of an earlier datagram, and is told but once. This one may be lost anyway;
  // what became of it is membership's to find out.
  if (put()) return;
  isRefused_ = true;
  put();
}

base::Task<> PeerNetwork::receiveAll() {
  for (;;) {
    co_await poll_.readable();
    bool isEmpty = true;  // then it is a refusal that woke us
    for (int i = 0; i < packetsPerTurn; i++) {
      std::span<char> buffer = loop_.scratch();
      sockaddr_in6 address{};
      socklen_t size = sizeof address;
      ssize_t got = ::recvfrom(socket_.get(), buffer.data(), buffer.size(), 0,
                               reinterpret_cast<sockaddr*>(&address), &size);
      if (got < 0 && (errno == EAGAIN || errno == EINTR)) break;
      if (got < 0) {
        isRefused_ = true;
        continue;
      }
      isEmpty = false;
      Endpoint from;
      std::memcpy(from.ip.data(), &address.sin6_addr, from.ip.size());
      from.port = ntohs(address.sin6_port);
      receive(std::string_view(buffer.data(), static_cast<size_t>(got)), from);
    }
    if (isEmpty || isRefused_) takeRefusals();
  }
}

// The kernel keeps ICMP's answers with the address that they are about (ip(7), IP_RECVERR).
void PeerNetwork::takeRefusals() {
  isRefused_ = false;
  for (int i = 0; i < packetsPerTurn; i++) {
    sockaddr_in6 address{};
    alignas(cmsghdr) char control[512];
    msghdr message{};
    message.msg_name = &address;
    message.msg_namelen = sizeof address;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    if (::recvmsg(socket_.get(), &message, MSG_ERRQUEUE) < 0) return;
    bool refused = false;
    for (cmsghdr* each = CMSG_FIRSTHDR(&message); each; each = CMSG_NXTHDR(&message, each)) {
      bool tells = (each->cmsg_level == IPPROTO_IP && each->cmsg_type == IP_RECVERR) ||
                   (each->cmsg_level == IPPROTO_IPV6 && each->cmsg_type == IPV6_RECVERR);
      if (!tells) continue;
      sock_extended_err error{};
      std::memcpy(&error, CMSG_DATA(each), sizeof error);
      refused |= error.ee_errno == ECONNREFUSED;
    }
    if (!refused) continue;
    Endpoint to;
    std::memcpy(to.ip.data(), &address.sin6_addr, to.ip.size());
    to.port = ntohs(address.sin6_port);
    hooks_.datagramRefused(to);
  }
}

void PeerNetwork::receive(std::string_view packet, const Endpoint& from) {
  OpenedPacket opened = seal_.open(packet);
  Copy copy{from, opened.session};
  // It does not know our session, or the one before: it learns it from an answer, which is never
  // longer than what it answers and never answered itself.
  if (opened.verdict == OpenedPacket::Verdict::otherSession) return send(opened.sender, copy, "");
  bool isGreeting = opened.verdict == OpenedPacket::Verdict::good && opened.content.empty();
  if (isGreeting) {
    heardFrom(opened.sender, copy);
    return sendWaiting(opened.sender);
  }
  std::string why;
  wire::Message message;
  if (opened.verdict != OpenedPacket::Verdict::good) {
    why = textOf(opened.verdict);
    if (opened.verdict == OpenedPacket::Verdict::wrongVersion)
      why = "it is no packet of version " + std::to_string(PacketSeal::version) +
            " (the first byte is " + std::to_string(static_cast<uint8_t>(packet.front())) +
            "): it is not droverd's, or one of both needs an update";
  } else if (!message.ParseFromString(opened.content)) {
    why = "its content cannot be parsed";
  } else if (message.sender() != opened.sender.text()) {
    why = "it claims to be another node";
  }
  if (opened.verdict == OpenedPacket::Verdict::stale) staleFrom(opened.sender, copy);
  if (why.empty()) {
    heardFrom(opened.sender, copy);
    sendWaiting(opened.sender);
    hooks_.received(opened.sender, from, std::move(message));
  } else if (loop_.now() >= refusalTold_ + tellRefusalsEvery) {
    refusalTold_ = loop_.now();
    hooks_.refused(from, why);
  }
}

// What was under way when a node started anew comes within a moment. Who goes on for seconds is
// another host with a copy of its state directory.
void PeerNetwork::staleFrom(const NodeId& sender, const Copy& from) {
  base::Time now = loop_.now();
  auto [found, first] = stale_.try_emplace(sender);
  Stale& stale = found->second;
  if (first || now > stale.last + staleGap) stale.since = now;
  stale.last = now;
  if (now < stale.since + staleFor) return;
  stale.since = now;
  auto fresh = heard_.find(sender);
  if (fresh != heard_.end()) hooks_.cloned(sender, from, fresh->second.last);
}

// Two copies that started equally often are both heard. A node that moves is heard from where it
// was no more; who comes from two places in turn, for seconds, are two.
void PeerNetwork::heardFrom(const NodeId& sender, const Copy& from) {
  auto [found, first] = heard_.try_emplace(sender);
  Heard& heard = found->second;
  if (first) heard.last = from;
  if (heard.last.at == from.at) {
    heard.last.session = from.session;
    return;
  }
  base::Time now = loop_.now();
  bool inTurn = heard.other.at == from.at && now <= heard.otherAt + staleGap;
  if (!inTurn) heard.bothSince.reset();
  if (inTurn && !heard.bothSince) heard.bothSince = now;
  heard.other = heard.last;
  heard.otherAt = now;
  heard.last = from;
  if (!heard.bothSince || now < *heard.bothSince + staleFor) return;
  heard.bothSince = now;
  hooks_.cloned(sender, heard.other, from);
}

void PeerNetwork::stream(const NodeId& to, wire::Message message) {
  Queue& queue = queues_[to];
  size_t bytes = message.ByteSizeLong() + 8;
  // Who is that far behind will be told by the next comparison of versions.
  if (queue.bytes + bytes > maxBatch) return;
  queue.bytes += bytes;
  *queue.waiting.add_messages() = std::move(message);
  if (queue.sending) return;
  queue.sending = true;
  tasks_.spawn(sendAll(to));
}

base::Task<> PeerNetwork::sendAll(NodeId to) {
  // So that whoever called us has returned, and what he sends beside goes along.
  co_await loop_.nextTurn();
  for (;;) {
    auto found = queues_.find(to);
    if (found->second.waiting.messages_size() == 0) {
      queues_.erase(found);
      co_return;
    }
    base::HttpCall call;
    call.method = "POST";
    call.target = messagesPath;
    call.timeout = batchTimeout;
    call.body = found->second.waiting.SerializeAsString();
    found->second.waiting.Clear();
    found->second.bytes = 0;
    std::shared_ptr<base::HttpClient> peer = clientFor_(to);
    std::string why = peer ? "" : "it is not known here";
    if (peer) {
      try {
        base::HttpReply reply = co_await peer->call(std::move(call));
        if (reply.status != 204) why = "it answers with status " + std::to_string(reply.status);
      } catch (const std::exception& failed) {
        why = failed.what();
      }
    }
    if (!why.empty()) hooks_.streamFailed(to, why);
  }
}

std::optional<wire::Batch> PeerNetwork::decodeBatch(std::string_view body) {
  std::optional<wire::Batch> batch(std::in_place);
  if (!batch->ParseFromArray(body.data(), static_cast<int>(body.size()))) return std::nullopt;
  return batch;
}

}  // namespace cluster
