#include "cluster/network.h"

#include "cluster/wire.pb.h"

namespace cluster {

void Network::datagrams(const std::vector<Endpoint>& to, wire::Message message) {
  for (const Endpoint& each : to) datagram(each, message);
}

}  // namespace cluster
