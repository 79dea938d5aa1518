#include "cluster/network.h"

#include "cluster/wire.pb.h"

namespace cluster {

void Network::datagrams(const std::vector<Receiver>& to, wire::Message message) {
  for (const Receiver& each : to) datagram(each, message);
}

}  // namespace cluster
