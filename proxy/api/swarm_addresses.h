#pragma once

// Where a node listens and what it tells others of that, from the addresses and names of interfaces
// that `docker swarm init` and `join` take.

#include "base/json.h"
#include "cluster/agent/node_addresses.h"

#include <string>

namespace proxy {

// `mustKnow`: the address to advertise, now; a joiner can learn it from whom it joins. Throws
// AgentError.
cluster::NodeAddresses placeOf(const std::string& listen, const std::string& advertise,
                               bool mustKnow);

// Throws AgentError if the request asks for a data path of its own.
void refuseDataPath(const rapidjson::Value& request, const cluster::NodeAddresses& place);

}  // namespace proxy
