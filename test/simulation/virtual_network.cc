#include "test/simulation/virtual_network.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace simulation {
namespace {

// What TCP waits before it sends a lost segment again, at first (RFC 6298 allows less than its 1 s;
// Linux has 200 ms), and how long a connection to a silent machine is tried.
constexpr Micros retransmitAfter{200'000};
constexpr Micros silentStreamFailsAfter{2'000'000};

}  // namespace

class VirtualNetwork::Port : public cluster::Network {
 public:
  Port(VirtualNetwork& network, uint32_t host) : network_(network), host_(host) {}
  void datagram(const cluster::Receiver& to, cluster::wire::Message message) override {
    network_.sendDatagram(host_, {&to, 1}, std::move(message));
  }
  void datagrams(const std::vector<cluster::Receiver>& to,
                 cluster::wire::Message message) override {
    network_.sendDatagram(host_, to, std::move(message));
  }
  void stream(const NodeId& to, cluster::wire::Message message) override {
    network_.sendStream(host_, to, std::move(message));
  }

 private:
  VirtualNetwork& network_;
  uint32_t host_;
};

VirtualNetwork::VirtualNetwork(uint64_t seed) : random_(seed) {}

VirtualNetwork::~VirtualNetwork() = default;

bool VirtualNetwork::happens(double probability) {
  // Not a std:: distribution: those differ between standard libraries.
  return probability > 0 && static_cast<double>(random_() >> 11) * 0x1p-53 < probability;
}

size_t VirtualNetwork::add(const NodeId& id, const Endpoint& endpoint) {
  auto host = static_cast<uint32_t>(places_.size());
  Place& place = places_.emplace_back();
  place.id = id;
  place.endpoint = endpoint;
  place.port = std::make_unique<Port>(*this, host);
  byEndpoint_[endpoint] = host;
  byId_[id].push_back(host);
  return host;
}

cluster::Network& VirtualNetwork::port(size_t host) {
  return *places_[host].port;
}

void VirtualNetwork::start(size_t host, Host& object) {
  Place& place = places_[host];
  place.object = &object;
  place.machineStands = true;
  place.life++;
  place.wakeAt = Micros::max();
  place.starvedUntil = Micros(0);
  wakeLater(host, now_);
}

void VirtualNetwork::crash(size_t host, bool machineToo) {
  places_[host].object = nullptr;
  places_[host].machineStands = !machineToo;
}

void VirtualNetwork::starve(size_t host, Time until) {
  places_[host].starvedUntil = until;
}

void VirtualNetwork::move(size_t host, const Endpoint& endpoint) {
  byEndpoint_.erase(places_[host].endpoint);
  places_[host].endpoint = endpoint;
  byEndpoint_[endpoint] = host;
}

void VirtualNetwork::act(size_t host, const std::function<void()>& action) {
  action();
  wakeLater(host, now_);
}

void VirtualNetwork::cut(const std::vector<size_t>& from, const std::vector<size_t>& to) {
  Cut& cut = cuts_.emplace_back();
  cut.from.resize(places_.size());
  cut.to.resize(places_.size());
  for (size_t host : from) cut.from[host] = true;
  for (size_t host : to) cut.to[host] = true;
}

void VirtualNetwork::split(const std::vector<size_t>& one, const std::vector<size_t>& other) {
  cut(one, other);
  cut(other, one);
}

void VirtualNetwork::at(Time time, std::function<void()> action) {
  push(Kind::action, std::max<Micros>(time, now_), 0).action = std::move(action);
}

void VirtualNetwork::runUntil(Time end) {
  while (!queue_.empty() && queue_.front().time <= end) {
    std::pop_heap(queue_.begin(), queue_.end(), Later());
    Turn turn = queue_.back();
    queue_.pop_back();
    now_ = turn.time;
    Event event = std::move(events_[turn.event]);
    freeEvents_.push_back(turn.event);
    deliver(event);
  }
  now_ = end;
}

void VirtualNetwork::sendDatagram(uint32_t from, std::span<const cluster::Receiver> to,
                                  cluster::wire::Message message) {
  size_t bytes = message.ByteSizeLong();
  if (bytes > cluster::maxPacket) {
    throw std::logic_error("a datagram of " + std::to_string(bytes) + " bytes, body " +
                           std::to_string(message.body_case()) + ", " +
                           std::to_string(message.updates_size()) + " updates");
  }
  if (!runs(from)) return;
  auto packet = std::make_shared<const std::string>(message.SerializeAsString());
  for (const cluster::Receiver& each : to) {
    datagramCount_++;
    datagramBytes_ += bytes;
    auto found = byEndpoint_.find(each.at);
    if (found != byEndpoint_.end() && places_[found->second].id == each.id)
      sendPacket(from, found->second, packet);
  }
}

void VirtualNetwork::sendPacket(uint32_t from, uint32_t to, const Packet& packet) {
  if (isCut(from, to)) return;
  int copies = happens(weather.duplication) ? 2 : 1;
  for (int i = 0; i < copies; i++) {
    if (happens(weather.loss)) continue;
    Event& event = push(Kind::datagram, now_ + delay(), to);
    event.from = from;
    event.fromEndpoint = places_[from].endpoint;
    event.packet = packet;
  }
}

void VirtualNetwork::sendStream(uint32_t from, const NodeId& to, cluster::wire::Message message) {
  if (!runs(from)) return;
  auto known = byId_.find(to);
  if (known == byId_.end()) throw std::logic_error("a stream to an unknown node");
  streamCount_++;
  streamBytes_ += message.ByteSizeLong();
  uint32_t target = known->second.front();
  for (uint32_t host : known->second) {
    if (runs(host)) {
      target = host;
      break;
    }
  }

  Micros takes = delay() * 2;
  Micros again = retransmitAfter;
  for (int lost = 0; lost < 4 && happens(weather.loss); lost++, again *= 2) takes += again;
  Micros& last = lastOnStream_[uint64_t{from} << 32 | target];
  last = std::max(last, now_ + takes);
  Event& event = push(Kind::stream, last, target);
  event.from = from;
  event.packet = std::make_shared<const std::string>(message.SerializeAsString());
}

void VirtualNetwork::failStream(uint32_t from, uint32_t to, Kind how, Micros after) {
  push(how, now_ + after, from).from = to;
}

void VirtualNetwork::refuseDatagram(const Event& event) {
  const Place& place = places_[event.to];
  bool isHeard = !place.object && place.machineStands && !isCut(event.from, event.to) &&
                 !isCut(event.to, event.from) && !happens(weather.loss);
  if (!isHeard) return;
  Event& refusal = push(Kind::datagramRefused, now_ + delay(), event.from);
  refusal.from = event.to;
  refusal.fromEndpoint = place.endpoint;
}

// The caller fills in the rest.
VirtualNetwork::Event& VirtualNetwork::push(Kind kind, Micros time, uint32_t to) {
  Event event;
  event.kind = kind;
  event.to = to;
  event.life = kind == Kind::action ? 0 : places_[to].life;
  return pushAgain(std::move(event), time);
}

VirtualNetwork::Event& VirtualNetwork::pushAgain(Event event, Micros time) {
  if (freeEvents_.empty()) {
    freeEvents_.push_back(static_cast<uint32_t>(events_.size()));
    events_.emplace_back();
  }
  uint32_t place = freeEvents_.back();
  freeEvents_.pop_back();
  events_[place] = std::move(event);
  queue_.push_back({time, nextNumber_++, place});
  std::push_heap(queue_.begin(), queue_.end(), Later());
  return events_[place];
}

void VirtualNetwork::deliver(Event& event) {
  if (event.kind == Kind::action) {
    note(event);
    event.action();
    return;
  }
  Place& place = places_[event.to];
  bool lives = place.object && place.life == event.life;
  if (!lives && event.kind == Kind::datagram) refuseDatagram(event);
  if (!lives && event.kind != Kind::stream) return;
  if (lives && place.starvedUntil > now_) {
    // A wake-up keeps its place in line as all others do, so wakeAt goes along.
    if (event.kind == Kind::wake && place.wakeAt == now_) place.wakeAt = place.starvedUntil;
    pushAgain(std::move(event), place.starvedUntil);
    return;
  }

  switch (event.kind) {
    case Kind::wake:
      if (place.wakeAt != now_) return;  // another wake-up took its place
      note(event);
      place.wakeAt = Micros::max();
      place.object->tick(now());
      // A host that is never content shall not stop the clock.
      wakeLater(event.to, now() + Time(1));
      return;
    case Kind::datagram:
      if (isCut(event.from, event.to)) return;
      arrived_.ParseFromString(*event.packet);
      note(event);
      place.object->receive(now(), places_[event.from].id, event.fromEndpoint, arrived_);
      break;
    case Kind::stream:
      deliverStream(event);
      return;
    case Kind::datagramRefused:
      note(event);
      place.object->datagramRefused(now(), event.fromEndpoint);
      break;
    case Kind::streamFailed:
    case Kind::streamRefused:
      note(event);
      place.object->streamFailed(now(), places_[event.from].id, event.kind == Kind::streamRefused);
      break;
    case Kind::action:
      return;
  }
  wakeLater(event.to, now_);
}

void VirtualNetwork::deliverStream(Event& event) {
  Place& place = places_[event.to];
  if (isCut(event.from, event.to) || isCut(event.to, event.from) ||
      (!place.object && !place.machineStands)) {
    return failStream(event.from, event.to, Kind::streamFailed, silentStreamFailsAfter);
  }
  if (!place.object) return failStream(event.from, event.to, Kind::streamRefused, delay());
  if (place.life != event.life)
    return failStream(event.from, event.to, Kind::streamFailed, delay());
  arrived_.ParseFromString(*event.packet);
  note(event);
  place.object->receive(now(), places_[event.from].id, std::nullopt, arrived_);
  wakeLater(event.to, now_);
}

void VirtualNetwork::wakeLater(uint32_t host, Micros soonest) {
  Place& place = places_[host];
  if (!place.object) return;
  Time next = place.object->nextTick();
  if (next == Time::max()) return;
  Micros time = std::max<Micros>(next, soonest);
  if (place.wakeAt <= time) return;
  place.wakeAt = time;
  push(Kind::wake, time, host);
}

bool VirtualNetwork::isCut(uint32_t from, uint32_t to) const {
  return std::any_of(cuts_.begin(), cuts_.end(), [&](const Cut& cut) {
    size_t known = cut.from.size();
    return from < known && to < known && cut.from[from] && cut.to[to];
  });
}

Micros VirtualNetwork::delay() {
  Micros jitter{weather.jitter.count() > 0 ? draw(weather.jitter.count()) : 0};
  return weather.delay + jitter;
}

void VirtualNetwork::note(const Event& event) {
  eventCount_++;
  auto mix = [this](uint64_t value) {
    for (int shift = 0; shift < 64; shift += 16) {
      orderHash_ = (orderHash_ ^ ((value >> shift) & 0xffff)) * 1099511628211u;
    }
  };
  mix(now_.count());
  mix(uint64_t(event.kind) << 56 | uint64_t{event.to} << 24 | event.from);
  if (!event.packet) return;
  mix(uint64_t(arrived_.body_case()) << 32 | uint64_t(arrived_.updates_size()));
}

}  // namespace simulation
