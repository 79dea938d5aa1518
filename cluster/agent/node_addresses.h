#pragma once

// Where a node serves its peers, and under which address they find it. Values, but for
// ownAddress().

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "cluster/types.h"

namespace cluster {

struct NodeAddresses {
  Endpoint listen;       // TCP; UDP is at the same address, at gossipPort
  Endpoint advertise;    // with an address of zeros: to be found out
  std::string joinedAt;  // RFC 3339: when this node came there
};

// As it is kept on the disk: JSON, and back. Nothing for what is none.
std::string encode(const NodeAddresses& addresses);
std::optional<NodeAddresses> decodeNodeAddresses(std::string_view json);

bool isUnspecified(const Endpoint& endpoint);

// "10.0.0.1:2377" or "10.0.0.1" or "[fd00::1]:2377" or a name with or without a port, which is 2377
// then. Throws AgentError.
std::pair<std::string, uint16_t> splitHostPort(const std::string& text);

// Under which of our addresses the other side of this connection knows us.
Endpoint ownAddress(int fd, uint16_t port);

}  // namespace cluster
