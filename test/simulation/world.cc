#include "test/simulation/world.h"

#include <algorithm>
#include <cstdio>
#include <tuple>

#include "cluster/envelope.h"
#include "cluster/number_bounds.h"
#include "cluster/wire_version.h"

namespace simulation {
namespace {

using cluster::incarnationsBy;
using cluster::Instant;
using cluster::Member;
using cluster::Status;
using cluster::versionsBy;
namespace wire = cluster::wire;

// How long trouble lasts, and how long after it all must agree: local health is back to normal, the
// longest suspicion has ended, healed splits were found (some reconnect intervals) and tables
// compared with the last one who missed something (two sync intervals).
constexpr Time maxTrouble{60'000};
constexpr Time troubleOfLarge{40'000};
constexpr Time agreeWithin{90'000};

constexpr size_t largeFrom = 500;

const char* nameOf(Status status) {
  switch (status) {
    case Status::alive:
      return "alive";
    case Status::suspect:
      return "suspect";
    case Status::failed:
      return "failed";
    case Status::left:
      break;
  }
  return "left";
}

NodeId idOf(size_t place) {
  char text[NodeId::length + 1];
  std::snprintf(text, sizeof text, "node%021zu", place);
  return *NodeId::parse(text);
}

Endpoint endpointOf(size_t place) {
  return *Endpoint::parse("10.0." + std::to_string(place / 256) + "." + std::to_string(place % 256),
                          7946);
}

size_t drawSize(VirtualNetwork& network) {
  if (network.draw(20) == 0) return 100 + network.draw(201);
  return 3 + network.draw(58);
}

}  // namespace

World::World(uint64_t seed, size_t members) : network_(seed), states_(network_) {
  places_.resize(members > 0 ? members : drawSize(network_));
  states_.resize(places_.size());
  for (size_t place = 0; place < places_.size(); place++) {
    places_[place].id = idOf(place);
    network_.add(places_[place].id, endpointOf(place));
  }
}

World::~World() = default;

void World::run() {
  // The first one is alone; the others come in random order, some later than trouble.
  Time joinsLast = drawTime(Time(100), Time(isLarge() ? 20'000 : 5'000));
  for (size_t place : drawPlaces(places_.size())) {
    bool isLate = network_.draw(8) == 0;
    Time last = isLate ? joinsLast + troubleLasts() : joinsLast;
    network_.at(drawTime(Time(1), last), [this, place] { join(place); });
  }
  Time healed = joinsLast + troubleLasts();
  states_.schedule(Time(100), healed + agreeWithin);
  if (isLarge()) {
    scheduleLargeTrouble(joinsLast);
  } else {
    scheduleTrouble(joinsLast / 2, healed);
  }
  network_.at(healed + Time(1), [this] { heal(); });
  network_.runUntil(healed + agreeWithin);
}

std::vector<std::string> World::problems() const {
  std::vector<std::string> problems;
  checkMembers(problems);
  states_.check(problems);
  return problems;
}

std::string World::summary() const {
  auto count = [](int number, const char* what) { return std::to_string(number) + what; };
  return count(static_cast<int>(places_.size()), " members, ") + count(crashes_, " crashes, ") +
         count(restarts_, " restarts, ") + count(leaves_, " leaves, ") +
         count(splits_, " splits, ") + count(cuts_, " one-way cuts, ") +
         count(starvations_, " starvations, ") + count(lies_, " lies, ") + states_.summary();
}

// ---- the scenario

// It is told the members by one that runs, as `docker swarm join` does.
void World::join(size_t place) {
  std::vector<Member> others;
  if (running() > 0) {
    size_t helper = drawPlace();
    while (places_[helper].fate != Fate::running) helper = (helper + 1) % places_.size();
    for (const Member* member : places_[helper].node->membership().members()) {
      others.push_back(*member);
    }
  }
  startNode(place, others);
}

void World::startNode(size_t place, const std::vector<Member>& others) {
  Place& here = places_[place];
  Member self;
  self.id = here.id;
  self.name = "host-" + std::to_string(place);
  self.gossip = endpointOf(place);
  self.apiPort = 2377;
  self.session = network_.random()();
  self.wireVersion = cluster::wireVersion;
  cluster::MembershipOptions options;
  VirtualNetwork& network = network_;
  options.clock = [&network] { return network.exactNow(); };
  options.maxIncarnation = [&network] { return incarnationsBy(Instant(network.exactNow())); };
  Node::Past past = states_.past(place);
  past.maxVersion = [&network] { return versionsBy(Instant(network.exactNow())); };
  here.node = std::make_unique<Node>(self, options, network_.random()(), network_.port(place),
                                     std::move(past));
  here.fate = Fate::running;
  here.lives++;
  here.node->begin(network_.now(), others);
  network_.start(place, *here.node);
  states_.started(place, *here.node);
}

void World::scheduleTrouble(Time from, Time until) {
  changeWeather();
  for (Time time = from; time < until; time += drawTime(Time(200), Time(8'000))) {
    network_.at(time, [this] { makeTrouble(); });
  }
}

// The split lasts until both sides have given each other up (27 s, the longest suspicion of 1,000).
void World::scheduleLargeTrouble(Time from) {
  spoilWeather();
  network_.at(from, [this] { crashSome(); });
  network_.at(from + Time(3'000), [this] { splitSome(); });
  network_.at(from + Time(8'000), [this] { starveSome(); });
  network_.at(from + Time(12'000), [this] { crashSome(); });
  network_.at(from + Time(31'000), [this] { healCuts(); });
  network_.at(from + Time(33'000), [this] { leaveOne(); });
  network_.at(from + Time(36'000), [this] { crashSome(); });
}

void World::makeTrouble() {
  switch (network_.draw(9)) {
    case 0:
      return changeWeather();
    case 1:
    case 2:
      return cutSome();
    case 3:
    case 4:
      return crashSome();
    case 5:
      return starveSome();
    case 6:
      return leaveOne();
    case 7:
      return lie();
    default:
      return healCuts();
  }
}

void World::changeWeather() {
  if (network_.draw(2) == 0) return spoilWeather();
  network_.weather = Weather();
  network_.weather.delay = Micros(100 + network_.draw(1'000));
  network_.weather.jitter = Micros(1 + network_.draw(1'000));
}

void World::spoilWeather() {
  Weather& weather = network_.weather;
  weather.loss = double(network_.draw(31)) / 100;
  weather.duplication = double(network_.draw(21)) / 100;
  weather.delay = Micros(100 + network_.draw(30'000));
  weather.jitter = Micros(1 + network_.draw(80'000));
}

void World::cutSome() {
  if (network_.draw(2) == 0) return splitSome();
  auto [one, other] = drawHalves();
  cutsActive_++;
  cuts_++;
  network_.cut(one, other);
}

void World::splitSome() {
  auto [one, other] = drawHalves();
  cutsActive_++;
  splits_++;
  network_.split(one, other);
}

void World::crashSome() {
  size_t count = 1 + network_.draw(std::max<size_t>(1, places_.size() / 8));
  for (size_t place : drawPlaces(count)) {
    if (places_[place].fate == Fate::running && running() > 2) crash(place);
  }
}

// The first place is always started again, so that there is somebody at the end; and so is whoever
// alone knows both of two others, who could never find each other.
void World::crash(size_t place) {
  Place& here = places_[place];
  crashes_++;
  here.remembered.clear();
  for (const Member* member : here.node->membership().members()) {
    here.remembered.push_back(*member);
  }
  states_.stopped(place);
  network_.crash(place, network_.draw(2) == 0);
  here.node.reset();
  here.fate = Fate::crashed;
  if (place != 0 && network_.draw(2) == 0 && !holdsOthersTogether(place)) return;
  network_.at(network_.now() + drawTime(Time(100), Time(20'000)),
              [this, place] { restart(place); });
}

// As after kill -9: the same id and a new session; it remembers members, but not how often it
// refuted.
void World::restart(size_t place) {
  restarts_++;
  std::vector<Member> others = std::move(places_[place].remembered);
  startNode(place, others);
}

void World::starveSome() {
  starvations_++;
  for (size_t place : drawPlaces(1 + network_.draw(places_.size()))) {
    network_.starve(place, network_.now() + drawTime(Time(10), Time(2'000)));
  }
}

// Nobody who is cut off can tell that it leaves, nor who knows nobody that lives: one that came by
// way of a member that crashed at once.
void World::leaveOne() {
  size_t place = drawPlace();
  if (cutsActive_ > 0 || place == 0 || running() <= 2) return;
  if (places_[place].fate != Fate::running || !knowsSomebody(place)) return;
  leaves_++;
  places_[place].fate = Fate::left;
  network_.act(place, [&] { places_[place].node->leave(network_.now()); });
  network_.at(network_.now() + Time(2'000), [this, place] {
    states_.stopped(place);
    network_.crash(place, false);
    places_[place].node.reset();
  });
}

bool World::knowsSomebody(size_t place) const {
  const cluster::Membership& view = places_[place].node->membership();
  std::vector<const Member*> members = view.members();
  return std::any_of(members.begin(), members.end(), [&](const Member* each) {
    return each->id != view.self().id && each->status == Status::alive;
  });
}

// An insider says the worst of the first place, which always comes back, as high as is believed.
void World::lie() {
  size_t hearer = drawPlace();
  if (places_[0].lives == 0 || places_[hearer].fate != Fate::running) return;
  lies_++;
  Instant now(network_.exactNow());
  wire::Message message = cluster::envelope(places_[drawPlace()].id);
  std::string victim(places_[0].id.text());
  wire::MemberUpdate& update = *message.add_updates();
  update.set_id(victim);
  update.set_status(network_.draw(2) == 0 ? wire::FAILED : wire::LEFT);
  update.set_from(victim);
  update.set_incarnation(incarnationsBy(now));
  wire::OwnerDelta& delta = *message.mutable_state_news()->add_deltas();
  delta.set_owner(victim);
  delta.set_version(versionsBy(now));
  wire::Record& record = *delta.add_records();
  record.set_key("container/0");
  record.set_version(delta.version());
  record.set_value("a lie");
  network_.act(hearer, [&] {
    NodeId sender = *NodeId::parse(message.sender());
    places_[hearer].node->receive(network_.now(), sender, std::nullopt, message);
  });
}

void World::healCuts() {
  network_.healCuts();
  cutsActive_ = 0;
}

void World::heal() {
  healCuts();
  network_.weather = Weather();
}

bool World::isLarge() const {
  return places_.size() >= largeFrom;
}

Time World::troubleLasts() const {
  return isLarge() ? troubleOfLarge : maxTrouble;
}

Time World::drawTime(Time least, Time most) {
  return least + Time(network_.draw(static_cast<uint64_t>((most - least).count()) + 1));
}

// So many different ones, in random order.
std::vector<size_t> World::drawPlaces(size_t count) {
  std::vector<size_t> order(places_.size());
  for (size_t i = 0; i < order.size(); i++) order[i] = i;
  for (size_t i = order.size() - 1; i > 0; i--) std::swap(order[i], order[network_.draw(i + 1)]);
  order.resize(std::min(count, order.size()));
  return order;
}

// All of them, parted anywhere.
std::pair<std::vector<size_t>, std::vector<size_t>> World::drawHalves() {
  std::vector<size_t> order = drawPlaces(places_.size());
  auto middle = order.begin() + static_cast<std::ptrdiff_t>(1 + network_.draw(order.size() - 1));
  return {{order.begin(), middle}, {middle, order.end()}};
}

size_t World::running() const {
  return static_cast<size_t>(std::count_if(places_.begin(), places_.end(), [](const Place& place) {
    return place.fate == Fate::running;
  }));
}

// Whether the running ones, without it, know each other over no number of steps.
bool World::holdsOthersTogether(size_t place) const {
  std::vector<size_t> toLookAt;
  std::vector<bool> reached(places_.size());
  size_t count = 0;
  auto reach = [&](size_t next) {
    if (reached[next] || next == place || places_[next].fate != Fate::running) return;
    reached[next] = true;
    count++;
    toLookAt.push_back(next);
  };
  for (size_t i = 0; i < places_.size() && count == 0; i++) reach(i);
  while (!toLookAt.empty() && count < running()) {
    const cluster::Membership& view = places_[toLookAt.back()].node->membership();
    toLookAt.pop_back();
    for (size_t i = 0; i < places_.size(); i++) {
      if (!reached[i] && view.find(places_[i].id)) reach(i);
    }
  }
  return count < running();
}

// ---- the invariants

void World::checkMembers(std::vector<std::string>& problems) const {
  for (size_t place = 0; place < places_.size(); place++) {
    if (places_[place].fate == Fate::running) checkView(place, problems);
  }
}

// What it sees must be what is, and what the first running one sees.
void World::checkView(size_t viewer, std::vector<std::string>& problems) const {
  size_t first = 0;
  while (places_[first].fate != Fate::running) first++;
  const cluster::Membership& view = places_[viewer].node->membership();
  const cluster::Membership& firstView = places_[first].node->membership();
  for (size_t place = 0; place < places_.size(); place++) {
    const Place& there = places_[place];
    const Member* seen = view.find(there.id);
    const Member* seenFirst = firstView.find(there.id);
    auto wrong = [&](const std::string& what) {
      problems.push_back("host-" + std::to_string(viewer) + " sees host-" + std::to_string(place) +
                         " " + what);
    };
    if (there.fate == Fate::running && !seen) {
      wrong("not at all, though it runs");
    } else if (there.fate == Fate::running && seen->status != Status::alive) {
      wrong(std::string("as ") + nameOf(seen->status) + ", though it runs");
    } else if (there.fate == Fate::crashed && seen && seen->status != Status::failed) {
      wrong(std::string("as ") + nameOf(seen->status) + ", though it crashed");
    } else if (there.fate == Fate::left && seen && seen->status != Status::left) {
      wrong(std::string("as ") + nameOf(seen->status) + ", though it left");
    } else if (!seen != !seenFirst) {
      wrong(std::string(seen ? "" : "not, ") + "other than host-" + std::to_string(first) +
            " does");
    } else if (seen && std::tie(seen->incarnation, seen->gossip) !=
                           std::tie(seenFirst->incarnation, seenFirst->gossip)) {
      wrong("at incarnation " + std::to_string(seen->incarnation) + ", " + seen->gossip.text() +
            "; host-" + std::to_string(first) + " at " + std::to_string(seenFirst->incarnation) +
            ", " + seenFirst->gossip.text());
    }
  }
}

}  // namespace simulation
