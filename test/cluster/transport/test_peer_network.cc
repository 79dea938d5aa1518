// PeerNetwork before real sockets on the loopback: what the kernel tells of datagrams that nobody
// takes.

#include "cluster/transport/peer_network.h"

#include <criterion/criterion.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <string>
#include <vector>

#include "base/fd.h"

using namespace cluster;

namespace {

NodeId node(char letter) {
  return *NodeId::parse(std::string(NodeId::length, letter));
}

// A port of this address that was free a moment ago; 0 if this machine does not have the address.
uint16_t freePort(const Endpoint& at) {
  base::Fd fd(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  int no = 0;
  ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  std::memcpy(&address.sin6_addr, at.ip.data(), at.ip.size());
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(fd.get(), generic, size) != 0) return 0;
  cr_assert_eq(::getsockname(fd.get(), generic, &size), 0);
  return ntohs(address.sin6_port);
}

struct Peer {
  Peer(base::Loop& loop, char letter, const Endpoint& address)
      : at(address),
        seal(node(letter), uint64_t{1} << 32 | static_cast<uint64_t>(letter)),
        network(loop, at, seal, [](const NodeId&) { return nullptr; },
                {[this](const NodeId&, const Endpoint&, wire::Message) { heard++; },
                 [](const NodeId&, const PeerNetwork::Copy&, const PeerNetwork::Copy&) {},
                 [](const Endpoint&, std::string) {}, [](const NodeId&, std::string) {},
                 [this](const Endpoint& to) { refused.push_back(to); }}) {
    std::vector<Secret> keys;
    keys.emplace_back(std::string(PacketSeal::keySize, 'k'));
    seal.setKeys(std::move(keys));
  }

  Endpoint at;
  PacketSeal seal;
  PeerNetwork network;
  int heard = 0;
  std::vector<Endpoint> refused;
};

wire::Message messageOf(char sender) {
  wire::Message message;
  message.set_sender(std::string(node(sender).text()));
  message.mutable_gossip();
  return message;
}

// Runs the loop until this is so, for a second at most.
template <class Condition>
bool comes(base::Loop& loop, Condition condition) {
  bool late = false;
  base::Timer timer(loop);
  timer.start(base::milliseconds(1'000), [&late] { late = true; });
  while (!condition() && !late) loop.runOnce();
  return condition();
}

}  // namespace

Test(peer_network, a_datagram_that_nobody_takes_is_told_of_and_stops_no_other) {
  for (std::string host : {"127.0.0.1", "::1"}) {
    Endpoint address = *Endpoint::parse(host, 1);
    bool isMissing = host == "::1" && freePort(address) == 0;
    if (isMissing) continue;
    base::Loop loop;
    Peer one(loop, 'a', *Endpoint::parse(host, freePort(address)));
    Peer other(loop, 'b', *Endpoint::parse(host, freePort(address)));
    Endpoint nobody = *Endpoint::parse(host, freePort(address));

    one.network.datagramTo(node('c'), {nobody, 0}, messageOf('a'));
    cr_expect(comes(loop, [&] { return !one.refused.empty(); }), "%s", host.c_str());
    cr_assert_eq(one.refused.size(), 1);
    cr_expect(one.refused[0] == nobody, "%s", one.refused[0].text().c_str());

    // The error of the first waits at the socket while the second is sent.
    one.network.datagramTo(node('c'), {nobody, 0}, messageOf('a'));
    one.network.datagram({node('b'), other.at}, messageOf('a'));
    cr_expect(comes(loop, [&] { return other.heard == 1 && one.refused.size() == 2; }), "%s",
              host.c_str());
  }
}
