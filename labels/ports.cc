#include "labels/ports.h"

#include <algorithm>

namespace labels {
namespace {

enum class Family { any, v4, v6 };

Family familyOf(std::string_view ip) {
  if (ip.empty()) return Family::any;
  return ip.find(':') == ip.npos ? Family::v4 : Family::v6;
}

bool isWildcard(std::string_view ip) {
  return ip.empty() || ip == "0.0.0.0" || ip == "::";
}

bool isFree(const PortUse& wanted, std::span<const PortUse> taken) {
  PortUse least{wanted.port, wanted.protocol, {}};
  for (auto each = std::lower_bound(taken.begin(), taken.end(), least);
       each != taken.end() && each->port == wanted.port && each->protocol == wanted.protocol;
       ++each) {
    if (overlap(each->ip, wanted.ip)) return false;
  }
  return true;
}

// Those between its first and its last port, of any protocol and address.
std::span<const PortUse> takenWithin(const PortWish& wish, std::span<const PortUse> taken) {
  auto isBefore = [](const PortUse& use, uint32_t port) { return use.port < port; };
  auto begin = std::lower_bound(taken.begin(), taken.end(), uint32_t{wish.first}, isBefore);
  auto end = std::lower_bound(begin, taken.end(), uint32_t{wish.last} + 1, isBefore);
  return {begin, end};
}

// The same as isFree(), for ports that are asked about in ascending order: what lies before the
// port is taken off `taken`.
bool isFreeNext(const PortUse& wanted, std::span<const PortUse>& taken) {
  while (!taken.empty() && taken.front().port < wanted.port) taken = taken.subspan(1);
  for (const PortUse& each : taken) {
    if (each.port != wanted.port) break;
    if (each.protocol == wanted.protocol && overlap(each.ip, wanted.ip)) return false;
  }
  return true;
}

}  // namespace

std::string_view protocolName(Protocol protocol) {
  switch (protocol) {
    case Protocol::tcp:
      return "tcp";
    case Protocol::udp:
      return "udp";
    case Protocol::sctp:
      return "sctp";
  }
  return {};
}

std::optional<Protocol> findProtocol(std::string_view name) {
  for (Protocol each : {Protocol::tcp, Protocol::udp, Protocol::sctp}) {
    if (protocolName(each) == name) return each;
  }
  return std::nullopt;
}

bool overlap(std::string_view ip, std::string_view other) {
  Family one = familyOf(ip), two = familyOf(other);
  if (one == Family::any || two == Family::any) return true;
  if (one != two) return false;
  return isWildcard(ip) || isWildcard(other) || ip == other;
}

std::string describe(const PortWish& wish) {
  std::string text;
  if (!wish.ip.empty())
    text = familyOf(wish.ip) == Family::v6 ? "[" + wish.ip + "]:" : wish.ip + ":";
  text += std::to_string(wish.first);
  if (wish.last != wish.first) text += "-" + std::to_string(wish.last);
  return text + "/" + std::string(protocolName(wish.protocol));
}

void sortForMeeting(std::vector<PortWish>& wishes) {
  std::stable_sort(wishes.begin(), wishes.end(),
                   [](const PortWish& a, const PortWish& b) { return a.last < b.last; });
}

const PortWish* unmetPort(std::span<const PortWish> wishes, std::span<const PortUse> taken,
                          std::string_view ip) {
  std::vector<PortUse> ours;  // sorted
  for (const PortWish& wish : wishes) {
    // Whatever the others take, something is left of so large a range.
    std::span<const PortUse> within = takenWithin(wish, taken);
    if (wish.count() > within.size() + wishes.size()) continue;
    PortUse use{wish.first, wish.protocol, std::string(isWildcard(wish.ip) ? ip : wish.ip)};
    while (!isFreeNext(use, within) || !isFree(use, ours)) {
      if (use.port == wish.last) return &wish;
      use.port++;
    }
    ours.insert(std::upper_bound(ours.begin(), ours.end(), use), use);
  }
  return nullptr;
}

}  // namespace labels
