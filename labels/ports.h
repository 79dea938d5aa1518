#pragma once

// Ports of a host: those that containers have, those that one asks for, and whether they go
// together.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace labels {

enum class Protocol : uint8_t { tcp, udp, sctp };
std::string_view protocolName(Protocol protocol);
std::optional<Protocol> findProtocol(std::string_view name);

// A port that a container has bound, or will when it is started.
struct PortUse {
  uint16_t port = 0;
  Protocol protocol = Protocol::tcp;
  std::string ip;  // empty: all addresses; 0.0.0.0 and :: all of their kind

  auto operator<=>(const PortUse&) const = default;
};

// Ports that are asked for: one of a range, which may be of one port, or all of it.
struct PortRequest {
  // Where the kernel chooses ports for those who do not care (ip_local_port_range).
  static constexpr uint16_t randomFirst = 32'768, randomLast = 60'999;

  uint16_t first = randomFirst;
  uint16_t last = randomLast;
  Protocol protocol = Protocol::tcp;
  std::string ip;
  bool all = false;

  size_t count() const { return size_t{last} - first + 1; }
  // How many ports it gets.
  size_t asked() const { return all ? count() : 1; }
  bool leavesChoice() const { return !all && first != last; }
  bool operator==(const PortRequest&) const = default;
};

// Whether both addresses can be bound to one port.
bool overlap(std::string_view ip, std::string_view other);

// `8080/tcp`, `10.0.0.1:8000-8010/udp`.
std::string describe(const PortRequest& request);

// The ports that are taken on a host, as often as each is bound, in ascending order. A decision
// looks at those of every node; what it reads of most of them are small numbers that lie side by
// side.
class TakenPorts {
 public:
  TakenPorts() = default;
  explicit TakenPorts(const std::vector<PortUse>& uses);

  size_t size() const { return uses_.size(); }
  bool empty() const { return uses_.empty(); }
  const PortUse& operator[](size_t place) const { return uses_[place]; }
  const std::vector<PortUse>& uses() const { return uses_; }
  uint16_t portAt(size_t place) const { return static_cast<uint16_t>(keys_[place] >> 16); }
  // The first place that is not before this port; size() if there is none.
  size_t from(uint32_t port) const;
  // Where the first equal one is, or where it would be.
  size_t placeOf(const PortUse& use) const;
  // `place` as placeOf() gives it.
  void erase(size_t place);
  // Many at once, which takes as long as going through all of them. What is inserted is sorted; the
  // places, in ascending order, are those after inserting and those before erasing.
  std::vector<size_t> insertAll(std::vector<PortUse> uses);
  void eraseAll(std::span<const size_t> places);
  void append(PortUse use);  // not before any that is here
  // Whether what is at the place keeps others from its port on that address.
  bool keeps(size_t place, Protocol protocol, std::string_view ip) const;

  void prefetch() const {
    for (size_t i = 0; i < keys_.size(); i += 16) __builtin_prefetch(keys_.data() + i);
  }
  bool operator==(const TakenPorts&) const = default;

 private:
  // Of each: port, protocol, and whether it has an address.
  std::vector<uint32_t> keys_;
  std::vector<PortUse> uses_;
};

// Inserts `values` so that they are at `places`, or erases what is there: in one pass.
template <class Value>
void insertAt(std::vector<Value>& into, std::span<const size_t> places, std::vector<Value> values) {
  size_t from = into.size(), to = from + places.size();
  into.resize(to);
  for (size_t left = places.size(); left > 0;) {
    to--;
    if (places[left - 1] == to) {
      into[to] = std::move(values[--left]);
    } else {
      into[to] = std::move(into[--from]);
    }
  }
}
template <class Value>
void eraseAt(std::vector<Value>& of, std::span<const size_t> places) {
  if (places.empty()) return;
  size_t to = places.front();
  for (size_t from = to, next = 0; from < of.size(); from++) {
    if (next < places.size() && places[next] == from) {
      next++;
    } else {
      of[to++] = std::move(of[from]);
    }
  }
  of.resize(to);
}

// Puts requests in the order in which unmetPort() takes them: by their last ports. Those for single
// ports that stand side by side become one for all of them.
void sortForMeeting(std::vector<PortRequest>& requests);

// The first request that cannot be met while the others are, or nullptr. `requests` are sorted for
// meeting. Each request takes the lowest port that is free, which succeeds whenever there is a way
// to meet them all. Requests for any address are met on `ip`.
const PortRequest* unmetPort(std::span<const PortRequest> requests, const TakenPorts& taken,
                             std::string_view ip = {});

// What the requests, sorted for meeting, are likely to get: the lowest ports that are free, and
// none where the kernel draws one.
std::vector<PortUse> likelyPorts(std::span<const PortRequest> requests, const TakenPorts& taken);

}  // namespace labels
