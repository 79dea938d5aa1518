#include "cluster/membership/member_update.h"

#include <algorithm>
#include <cstring>

namespace cluster {
namespace {

constexpr size_t maxName = 253;  // RFC 1035, section 2.3.4, without the root

// A host name, or anything that can be shown on a terminal without harm.
bool isName(const std::string& name) {
  auto isVisible = [](unsigned char c) { return c > 0x20 && c != 0x7f; };
  return name.size() <= maxName && std::all_of(name.begin(), name.end(), isVisible);
}

std::optional<MemberDetails> decodeDetails(const wire::MemberUpdate& update) {
  MemberDetails details;
  if (update.ip().size() != details.gossip.ip.size()) return std::nullopt;
  if (update.gossip_port() == 0 || update.gossip_port() > UINT16_MAX) return std::nullopt;
  if (update.api_port() > UINT16_MAX || !isName(update.name())) return std::nullopt;
  std::memcpy(details.gossip.ip.data(), update.ip().data(), details.gossip.ip.size());
  details.gossip.port = static_cast<uint16_t>(update.gossip_port());
  details.apiPort = static_cast<uint16_t>(update.api_port());
  details.name = update.name();
  details.session = update.session();
  details.wireVersion = update.wire_version();
  return details;
}

std::optional<Status> decodeStatus(wire::MemberStatus status) {
  switch (status) {
    case wire::ALIVE:
      return Status::alive;
    case wire::SUSPECT:
      return Status::suspect;
    case wire::FAILED:
      return Status::failed;
    case wire::LEFT:
      return Status::left;
    default:
      return std::nullopt;
  }
}

wire::MemberStatus encodeStatus(Status status) {
  switch (status) {
    case Status::alive:
      return wire::ALIVE;
    case Status::suspect:
      return wire::SUSPECT;
    case Status::failed:
      return wire::FAILED;
    case Status::left:
      break;
  }
  return wire::LEFT;
}

}  // namespace

std::optional<MemberUpdate> decode(const wire::MemberUpdate& update) {
  auto id = NodeId::parse(update.id());
  auto status = decodeStatus(update.status());
  if (!id || !status || update.incarnation() > maxIncarnation) return std::nullopt;

  MemberUpdate decoded;
  decoded.id = *id;
  decoded.status = *status;
  decoded.incarnation = update.incarnation();
  decoded.age = std::chrono::seconds(update.age());
  if (*status != Status::alive) {
    auto from = NodeId::parse(update.from());
    if (!from || (*status == Status::left && *from != *id)) return std::nullopt;
    decoded.from = *from;
  }
  if (*status == Status::alive || !update.ip().empty()) {
    decoded.details = decodeDetails(update);
    if (!decoded.details) return std::nullopt;
  }
  return decoded;
}

void encode(const Member& member, const NodeId& accuser, bool withDetails,
            wire::MemberUpdate& update) {
  update.set_id(member.id.text().data(), NodeId::length);
  update.set_status(encodeStatus(member.status));
  update.set_incarnation(member.incarnation);
  if (member.status != Status::alive) {
    const NodeId& from = member.status == Status::left ? member.id : accuser;
    update.set_from(from.text().data(), NodeId::length);
  }
  if (member.status != Status::alive && !withDetails) return;
  update.set_name(member.name);
  update.set_ip(member.gossip.ip.data(), member.gossip.ip.size());
  update.set_gossip_port(member.gossip.port);
  update.set_api_port(member.apiPort);
  update.set_session(member.session);
  update.set_wire_version(member.wireVersion);
}

}  // namespace cluster
