#pragma once

// What one member says of another, off the wire and onto it.

#include <optional>
#include <string>

#include "cluster/membership/membership.h"
#include "cluster/wire.pb.h"

namespace cluster {

struct MemberDetails {
  std::string name;
  Endpoint gossip;
  uint16_t apiPort = 0;
  uint64_t session = 0;
  uint32_t wireVersion = 0;
};

struct MemberUpdate {
  NodeId id;
  Status status = Status::alive;
  uint64_t incarnation = 0;
  NodeId from;  // who suspects it or declared it failed; the id of nobody otherwise
  std::optional<MemberDetails> details;
  Time age{0};
};

// Above this no incarnation ever is, so that there is always room to refute.
constexpr uint64_t maxIncarnation = uint64_t{1} << 48;

// Nothing if it does not make sense.
std::optional<MemberUpdate> decode(const wire::MemberUpdate& update);
// `accuser` goes along if the member is suspect or failed; details always if it is alive.
void encode(const Member& member, const NodeId& accuser, bool withDetails,
            wire::MemberUpdate& update);

}  // namespace cluster
