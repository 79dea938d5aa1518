#include "labels/ports.h"

#include <algorithm>
#include <tuple>

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

// In the order of TakenPorts.
bool isBefore(const PortUse& use, const PortUse& other) {
  uint32_t key = keyOf(use), otherKey = keyOf(other);
  return key != otherKey ? key < otherKey : use.ip < other.ip;
}

uint32_t keyOf(uint16_t port, Protocol protocol) {
  return uint32_t{port} << 16 | static_cast<uint32_t>(protocol) << 1;
}

// Gives requests their ports one after the other, in the order of sortForMeeting().
class Meeting {
 public:
  // Requests for any address are met on `ip`. All must outlive it.
  Meeting(const TakenPorts& taken, std::string_view ip) : taken_(taken), ip_(ip) {}

  // The first of the ports that it gets; nothing if it cannot be met.
  std::optional<uint16_t> meet(const PortRequest& request) {
    Range range{request.first, request.last, request.protocol,
                isWildcard(request.ip) ? ip_ : request.ip};
    if (!request.leavesChoice()) {
      if (!isFree(range)) return std::nullopt;
      given_.push_back(range);
      return request.first;
    }
    for (uint32_t port = request.first; port <= request.last;) {
      range.first = range.last = static_cast<uint16_t>(port);
      uint32_t next = afterOurs(range);
      if (next > port) {
        port = next;
      } else if (!isFreeOfOthers(range)) {
        port++;
      } else {
        drawn_.push_back(range);
        return range.first;
      }
    }
    return std::nullopt;
  }

 private:
  struct Range {
    uint16_t first;
    uint16_t last;
    Protocol protocol;
    std::string_view ip;

    bool meets(const Range& other) const {
      return first <= other.last && other.first <= last && protocol == other.protocol &&
             overlap(ip, other.ip);
    }
  };

  bool isFreeOfOthers(const Range& range) const {
    for (size_t i = taken_.from(range.first); i < taken_.size() && taken_.portAt(i) <= range.last;
         i++) {
      if (taken_.keeps(i, range.protocol, range.ip)) return false;
    }
    return true;
  }

  bool isFree(const Range& range) const {
    if (!isFreeOfOthers(range)) return false;
    // By their last ports these are in order, and so none before that one reaches us.
    for (size_t i = given_.size(); i-- > 0 && given_[i].last >= range.first;) {
      if (given_[i].meets(range)) return false;
    }
    return std::none_of(drawn_.begin(), drawn_.end(),
                        [&](const Range& each) { return each.meets(range); });
  }

  // The port behind what was given that meets this one; its own if nothing does.
  uint32_t afterOurs(const Range& one) const {
    auto reaches = std::lower_bound(given_.begin(), given_.end(), one.first,
                                    [](const Range& a, uint16_t port) { return a.last < port; });
    for (; reaches != given_.end(); ++reaches) {
      if (reaches->meets(one)) return uint32_t{reaches->last} + 1;
    }
    for (const Range& each : drawn_) {
      if (each.meets(one)) return uint32_t{each.last} + 1;
    }
    return one.first;
  }

  const TakenPorts& taken_;
  std::string_view ip_;
  std::vector<Range> given_;  // to those who left no choice, by their last ports
  std::vector<Range> drawn_;  // one of each range
};

}  // namespace

TakenPorts::TakenPorts(const std::vector<PortUse>& uses) : uses_(uses) {
  std::sort(uses_.begin(), uses_.end(), isBefore);
  for (const PortUse& each : uses_) keys_.push_back(keyOf(each));
}

size_t TakenPorts::from(uint32_t port) const {
  auto isBefore = [](uint32_t key, uint32_t wanted) { return key >> 16 < wanted; };
  return std::lower_bound(keys_.begin(), keys_.end(), port, isBefore) - keys_.begin();
}

size_t TakenPorts::placeOf(const PortUse& use) const {
  auto [first, last] = std::equal_range(keys_.begin(), keys_.end(), keyOf(use));
  auto begin = uses_.begin() + (first - keys_.begin()),
       end = uses_.begin() + (last - keys_.begin());
  auto byIp = [](const PortUse& a, const PortUse& b) { return a.ip < b.ip; };
  return std::lower_bound(begin, end, use, byIp) - uses_.begin();
}

void TakenPorts::erase(size_t place) {
  eraseAll(std::span(&place, 1));
}

std::vector<size_t> TakenPorts::insertAll(std::vector<PortUse> uses) {
  std::vector<size_t> places;
  std::vector<uint32_t> keys;
  size_t from = 0;
  for (const PortUse& each : uses) {
    // Those that come next are mostly near.
    if (from < size() && isBefore(uses_[from], each)) from = placeOf(each);
    places.push_back(from + places.size());
    keys.push_back(keyOf(each));
  }
  insertAt(keys_, places, std::move(keys));
  insertAt(uses_, places, std::move(uses));
  return places;
}

void TakenPorts::eraseAll(std::span<const size_t> places) {
  eraseAt(keys_, places);
  eraseAt(uses_, places);
}

void TakenPorts::append(PortUse use) {
  keys_.push_back(keyOf(use));
  uses_.push_back(std::move(use));
}

bool TakenPorts::keeps(size_t place, Protocol protocol, std::string_view ip) const {
  uint32_t key = keys_[place], least = keyOf(portAt(place), protocol);
  return key == least || (key == least + 1 && overlap(uses_[place].ip, ip));
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

std::string describe(const PortRequest& request) {
  std::string text;
  if (!request.ip.empty())
    text = familyOf(request.ip) == Family::v6 ? "[" + request.ip + "]:" : request.ip + ":";
  text += std::to_string(request.first);
  if (request.last != request.first) text += "-" + std::to_string(request.last);
  return text + "/" + std::string(protocolName(request.protocol));
}

void sortForMeeting(std::vector<PortRequest>& requests) {
  auto single = std::stable_partition(requests.begin(), requests.end(),
                                      [](const PortRequest& each) { return each.count() > 1; });
  std::sort(single, requests.end(), [](const PortRequest& a, const PortRequest& b) {
    return std::tie(a.protocol, a.ip, a.first) < std::tie(b.protocol, b.ip, b.first);
  });
  auto kept = single;
  for (auto each = single; each != requests.end(); ++each) {
    if (each == single) continue;
    bool isNext = each->protocol == kept->protocol && each->ip == kept->ip &&
                  each->first == uint32_t{kept->last} + 1;
    if (isNext) {
      kept->last = each->last;
      kept->all = true;
    } else if (++kept != each) {
      *kept = std::move(*each);
    }
  }
  if (single != requests.end()) requests.erase(kept + 1, requests.end());
  std::stable_sort(requests.begin(), requests.end(),
                   [](const PortRequest& a, const PortRequest& b) { return a.last < b.last; });
}

const PortRequest* unmetPort(std::span<const PortRequest> requests, const TakenPorts& taken,
                             std::string_view ip) {
  Meeting meeting(taken, ip);
  size_t asked = 0;
  for (const PortRequest& each : requests) asked += each.asked();
  for (const PortRequest& request : requests) {
    // Whatever the others take, something is left of so large a range.
    size_t within = 0;
    if (request.leavesChoice())
      within = taken.from(uint32_t{request.last} + 1) - taken.from(request.first);
    if (request.leavesChoice() && request.count() > within + asked) continue;
    if (!meeting.meet(request)) return &request;
  }
  return nullptr;
}

std::vector<PortUse> likelyPorts(std::span<const PortRequest> requests, const TakenPorts& taken) {
  Meeting meeting(taken, {});
  std::vector<PortUse> ports;
  for (const PortRequest& request : requests) {
    if (request.leavesChoice() && request.first == PortRequest::randomFirst) continue;
    std::optional<uint16_t> first = meeting.meet(request);
    for (size_t i = 0; first && i < request.asked(); i++)
      ports.push_back({static_cast<uint16_t>(*first + i), request.protocol, request.ip});
  }
  return ports;
}

}  // namespace labels
