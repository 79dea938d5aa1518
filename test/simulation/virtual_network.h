#pragma once

// Many hosts in one process under a virtual clock, for tests: a network with delay, loss,
// duplication, cuts and crashes, drawn from a seed. Equal seeds and equal calls give equal runs.
//
//   VirtualNetwork network(seed);
//   size_t a = network.add(id, endpoint);      // a place in the network, nothing runs there yet
//   MyHost host(network.port(a));              // its automata send through the port
//   network.start(a, host);                    // from now on it receives and ticks
//   network.act(a, [&] { host.leave(); });     // any call from outside into the automata
//   network.weather.loss = 0.1;                // may change at any time
//   network.at(Time(5000), [&] { network.cut({a}, {b}); });
//   network.crash(a, false);                   // nothing in or out; then destroy `host` if you
//   like network.runUntil(Time(60'000));
//
// A host is an object derived from Host; it composes whatever automata it likes and hands each call
// on to them. Hosts are named by the number that add() returned. A datagram that is too large, and
// a stream to somebody nobody knows, are faults of the caller: std::logic_error out of runUntil().

#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "cluster/network.h"
#include "cluster/types.h"
#include "cluster/wire.pb.h"

namespace simulation {

using cluster::Endpoint;
using cluster::NodeId;
using cluster::Time;
using Micros = std::chrono::microseconds;

// What runs on one host. Called by the network only, one call at a time.
class Host {
 public:
  virtual ~Host() = default;
  // `from` is nothing for a stream.
  virtual void receive(Time now, const NodeId& sender, std::optional<Endpoint> from,
                       const cluster::wire::Message& message) = 0;
  virtual void streamFailed(Time now, const NodeId& to, bool isRefused) = 0;
  virtual void datagramRefused(Time now, const Endpoint& at) = 0;
  virtual void tick(Time now) = 0;
  // Asked after every call; Time::max() for never.
  virtual Time nextTick() const = 0;
};

struct Weather {
  Micros delay{200};
  Micros jitter{100};      // up to this is added to the delay
  double loss = 0;         // share of the datagrams; a stream is slowed down by it
  double duplication = 0;  // share of the datagrams that arrive twice
};

class VirtualNetwork {
 public:
  explicit VirtualNetwork(uint64_t seed);
  ~VirtualNetwork();
  VirtualNetwork(const VirtualNetwork&) = delete;
  VirtualNetwork& operator=(const VirtualNetwork&) = delete;

  Weather weather;

  Time now() const { return std::chrono::floor<Time>(now_); }
  Micros exactNow() const { return now_; }
  // Of the network's own draws; a host seeds its own.
  std::mt19937_64& random() { return random_; }
  // Below `bound`, which is not 0.
  uint64_t draw(uint64_t bound) { return random_() % bound; }
  bool happens(double probability);

  // ---- hosts. Two may have one id (a clone): streams to it reach the first of them that runs.
  size_t add(const NodeId& id, const Endpoint& endpoint);
  size_t size() const { return places_.size(); }
  // Lives as long as the network.
  cluster::Network& port(size_t host);
  // Starts it, or starts it again. `object` is lent until crash() or the end of the network.
  void start(size_t host, Host& object);
  // What is under way to it is lost. If the machine stands still (`machineToo`), streams to it fail
  // late; else they are refused at once, and datagrams, too.
  void crash(size_t host, bool machineToo);
  bool runs(size_t host) const { return places_[host].object != nullptr; }
  // It gets no processor until then: everything for it waits.
  void starve(size_t host, Time until);
  // Its machine got another address.
  void move(size_t host, const Endpoint& endpoint);
  // Calls into the host's automata from outside, so that their next tick is noticed.
  void act(size_t host, const std::function<void()>& action);

  // ---- cuts. No packet from any of `from` reaches any of `to`; cuts add up. No stream works
  // between two hosts if either way is cut.
  void cut(const std::vector<size_t>& from, const std::vector<size_t>& to);
  // Both ways.
  void split(const std::vector<size_t>& one, const std::vector<size_t>& other);
  void healCuts() { cuts_.clear(); }

  // ---- time
  // Not earlier than now.
  void at(Time time, std::function<void()> action);
  // Lets everything happen up to and including `end`, which becomes now().
  void runUntil(Time end);

  // ---- what happened
  // Digest of all events in their order.
  uint64_t orderHash() const { return orderHash_; }
  uint64_t events() const { return eventCount_; }
  uint64_t datagrams() const { return datagramCount_; }
  uint64_t datagramBytes() const { return datagramBytes_; }
  uint64_t streams() const { return streamCount_; }
  uint64_t streamBytes() const { return streamBytes_; }

 private:
  class Port;
  // Encoded, since that is less memory; shared if it went to several hosts or arrives twice.
  using Packet = std::shared_ptr<const std::string>;
  enum class Kind : uint8_t {
    wake,
    datagram,
    datagramRefused,
    stream,
    streamFailed,
    streamRefused,
    action
  };

  struct Place {
    NodeId id;
    Endpoint endpoint;
    Host* object = nullptr;
    bool machineStands = true;
    uint32_t life = 0;  // counts starts; what was sent to an earlier life is lost
    Micros wakeAt = Micros::max();
    Micros starvedUntil{0};
    std::unique_ptr<Port> port;
  };
  struct Event {
    Kind kind = Kind::action;
    uint32_t to = 0;
    uint32_t life = 0;  // of the host `to` that is meant
    uint32_t from = 0;
    Endpoint fromEndpoint;
    Packet packet;
    std::function<void()> action;
  };
  // When an event's turn comes. Small, since the heap moves it about.
  struct Turn {
    Micros time;
    uint64_t number;  // equal times: in the order they were made
    uint32_t event;   // in events_
  };
  struct Later {
    bool operator()(const Turn& one, const Turn& other) const {
      return one.time != other.time ? one.time > other.time : one.number > other.number;
    }
  };
  struct Cut {
    std::vector<bool> from, to;  // by host; hosts that came later are in neither
  };

  struct EndpointHash {
    size_t operator()(const Endpoint& endpoint) const noexcept {
      auto bytes = reinterpret_cast<const char*>(endpoint.ip.data());
      return base::hashOf({bytes, endpoint.ip.size()}, endpoint.port);
    }
  };

  void sendDatagram(uint32_t from, std::span<const cluster::Receiver> to,
                    cluster::wire::Message message);
  void sendPacket(uint32_t from, uint32_t to, const Packet& packet);
  void sendStream(uint32_t from, const NodeId& to, cluster::wire::Message message);
  void failStream(uint32_t from, uint32_t to, Kind how, Micros after);
  // Told to who sent it, unless that is lost, too.
  void refuseDatagram(const Event& event);
  // Both return the event as it waits, valid until the next is pushed.
  Event& push(Kind kind, Micros time, uint32_t to);
  Event& pushAgain(Event event, Micros time);
  void deliver(Event& event);
  void deliverStream(Event& event);
  void wakeLater(uint32_t host, Micros soonest);
  bool isCut(uint32_t from, uint32_t to) const;
  Micros delay();
  void note(const Event& event);

  Micros now_{0};
  std::mt19937_64 random_;
  std::vector<Place> places_;
  std::unordered_map<Endpoint, uint32_t, EndpointHash> byEndpoint_;
  std::unordered_map<NodeId, std::vector<uint32_t>> byId_;
  std::unordered_map<uint64_t, Micros> lastOnStream_;  // by from and to: when its last one arrives
  std::vector<Cut> cuts_;
  cluster::wire::Message arrived_;  // what is being delivered, kept for its memory
  std::vector<Turn> queue_;         // a heap, the next first
  std::vector<Event> events_;
  std::vector<uint32_t> freeEvents_;  // places in events_
  uint64_t nextNumber_ = 0;
  uint64_t orderHash_ = 14695981039346656037u;  // FNV-1a
  uint64_t eventCount_ = 0;
  uint64_t datagramCount_ = 0, datagramBytes_ = 0, streamCount_ = 0, streamBytes_ = 0;
};

}  // namespace simulation
