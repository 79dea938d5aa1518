#pragma once

// What every message begins with.

#include <string>

#include "cluster/network.h"
#include "cluster/types.h"
#include "cluster/wire.pb.h"
#include "cluster/wire_version.h"

namespace cluster {

inline wire::Message envelope(const NodeId& self) {
  wire::Message message;
  message.set_version(wireVersion);
  message.set_oldest_reader(wireOldestReader);
  message.set_sender(std::string(self.text()));
  return message;
}

}  // namespace cluster
