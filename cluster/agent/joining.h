#pragma once

// The joiner's side: goes to a node of the cluster, whose authority the token pins, and asks to be
// let in. Changes nothing here.

#include <string>

#include "base/loop.h"
#include "base/task.h"
#include "cluster/agent/admission.h"
#include "cluster/agent/node_addresses.h"

namespace cluster {

struct JoinAttempt {
  std::string remote;  // "host:port" of the node to ask
  std::string token;   // a sound one
  std::string name;    // ours
  NodeAddresses addresses;
  uint16_t gossipPort = 0;
};

// Who we are in the cluster that let us in.
struct Joined {
  NodeId self;
  Secret key;
  NodeAddresses addresses;  // with the address that we were seen under, if none was set
  Admission admission;
};

// Throws AgentError with what the node says against it, and StreamError or Unreachable if it cannot
// be asked. `loop` must outlive it.
base::Task<Joined> askToJoin(base::Loop& loop, JoinAttempt attempt);

}  // namespace cluster
