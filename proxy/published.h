#pragma once

// Our own records of one kind made what they should be: what was published is compared with what is
// true, and only the difference goes out.

#include <string_view>

#include "cluster/agent.h"
#include "proxy/record_text.h"

namespace proxy {

// Afterwards the records of ours whose keys begin with `prefix` are `fresh`, by what follows it.
// Confidential ones never travel by datagram. The agent must be in a cluster.
void publishAll(cluster::Agent& agent, std::string_view prefix, Records fresh,
                bool confidential = false);

}  // namespace proxy
