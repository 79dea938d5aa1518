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

// Ports with one number and protocol are sorted by whether they have an address.
uint32_t keyOf(const PortUse& use) {
  uint32_t protocol = static_cast<uint32_t>(use.protocol);
  return uint32_t{use.port} << 16 | protocol << 1 | (use.ip.empty() ? 0 : 1);
}

bool isFree(const PortUse& wanted, std::span<const PortUse> taken) {
  return std::none_of(taken.begin(), taken.end(), [&](const PortUse& each) {
    return each.port == wanted.port && each.protocol == wanted.protocol &&
           overlap(each.ip, wanted.ip);
  });
}

// Whether nobody keeps it from us. `place` is where to begin to look, and is moved on for ports
// that are asked about in ascending order.
bool isFreeNext(const PortUse& wanted, const TakenPorts& taken, size_t& place) {
  while (place < taken.size() && taken.portAt(place) < wanted.port) place++;
  for (size_t i = place; i < taken.size() && taken.portAt(i) == wanted.port; i++) {
    if (taken.keeps(i, wanted)) return false;
  }
  return true;
}

}  // namespace

TakenPorts::TakenPorts(const std::vector<PortUse>& uses) {
  for (const PortUse& each : uses) insert(placeOf(each), each);
}

size_t TakenPorts::from(uint32_t port) const {
  auto isBefore = [](uint32_t key, uint32_t wanted) { return key >> 16 < wanted; };
  return std::lower_bound(keys_.begin(), keys_.end(), port, isBefore) - keys_.begin();
}

size_t TakenPorts::placeOf(const PortUse& use) const {
  uint32_t key = keyOf(use);
  size_t place = std::lower_bound(keys_.begin(), keys_.end(), key) - keys_.begin();
  while (place < size() && keys_[place] == key && uses_[place].ip < use.ip) place++;
  return place;
}

void TakenPorts::insert(size_t place, PortUse use) {
  keys_.insert(keys_.begin() + static_cast<std::ptrdiff_t>(place), keyOf(use));
  uses_.insert(uses_.begin() + static_cast<std::ptrdiff_t>(place), std::move(use));
}

void TakenPorts::erase(size_t place) {
  keys_.erase(keys_.begin() + static_cast<std::ptrdiff_t>(place));
  uses_.erase(uses_.begin() + static_cast<std::ptrdiff_t>(place));
}

bool TakenPorts::keeps(size_t place, const PortUse& wanted) const {
  PortUse everywhere{wanted.port, wanted.protocol, {}};
  uint32_t key = keys_[place], least = keyOf(everywhere);
  return key == least || (key == least + 1 && overlap(uses_[place].ip, wanted.ip));
}

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

const PortWish* unmetPort(std::span<const PortWish> wishes, const TakenPorts& taken,
                          std::string_view ip) {
  std::vector<PortUse> ours;
  for (const PortWish& wish : wishes) {
    // Whatever the others take, something is left of so large a range.
    size_t place = taken.from(wish.first);
    size_t within = taken.from(uint32_t{wish.last} + 1) - place;
    if (wish.count() > within + wishes.size()) continue;
    PortUse use{wish.first, wish.protocol, std::string(isWildcard(wish.ip) ? ip : wish.ip)};
    while (!isFreeNext(use, taken, place) || !isFree(use, ours)) {
      if (use.port == wish.last) return &wish;
      use.port++;
    }
    ours.push_back(std::move(use));
  }
  return nullptr;
}

}  // namespace labels
