#include "cluster/state.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <set>

#include "base/hash.h"
#include "cluster/envelope.h"
#include "cluster/owner_records.h"
#include "cluster/rumors.h"

namespace cluster {
namespace {

// What a packet of news may hold of one owner's records, beside the names and versions.
constexpr size_t newsMost = packetMost - 220;
// In one round of telling, to each of the peers it goes to.
constexpr size_t packetsMost = 8;
// An answer is waited for so long before somebody else is asked for the same.
constexpr Time askAgainAfter{200};
// An owner whose records do not become complete in so many sync intervals is begun anew.
constexpr int patience = 10;

uint64_t weight(const NodeId& owner, const OwnerRecords& records) {
  if (records.version() == 0 && records.live() == 0) return 0;
  return base::spread(base::hashOf(owner.text()) ^ records.digest());
}

}  // namespace

class State::Impl {
 public:
  Impl(NodeId self, uint64_t startVersion, StateOptions options, uint64_t seed, Network& network,
       StateListener& listener)
      : self_(self),
        options_(options),
        random_(seed),
        network_(network),
        listener_(listener),
        rumors_(options.pushInterval / 4, options.pushInterval) {
    OwnerRecords& own = owners_[self_];
    own.begin(startVersion);
    total_ = weight(self_, own);
  }

  // ---- our own records
  void put(Time now, const std::string& key, std::string value, bool confidential) {
    std::string why;
    changeOwn(now, [&](OwnerRecords& own) {
      why = own.put(key, std::move(value), confidential, options_, reportOf(self_));
    });
    if (!why.empty()) listener_.recordsRefused(self_, why);
  }
  void erase(Time now, const std::string& key) {
    changeOwn(now, [&](OwnerRecords& own) { own.erase(now, key, reportOf(self_)); });
  }
  void finishReload(Time now) {
    changeOwn(now, [](OwnerRecords& own) { own.finishReload(); });
  }

  // ---- everyone's
  const std::map<NodeId, OwnerRecords>& owners() const { return owners_; }
  const OwnerRecords* find(const NodeId& owner) const {
    auto found = owners_.find(owner);
    return found == owners_.end() ? nullptr : &found->second;
  }
  const OwnerRecords& own() const { return owners_.at(self_); }
  uint64_t hash() const { return total_; }
  bool isForgotten(const NodeId& owner) const { return forgotten_.contains(owner); }

  // ---- with peers
  void setPeers(Time now, std::vector<Peer> peers);
  void forget(const NodeId& owner);
  void pullFrom(const NodeId& peer) { sendVersions(peer, true); }
  void receive(Time now, const NodeId& sender, const wire::Message& message);
  void tick(Time now);
  Time nextTick() const;

 private:
  using Told = std::map<NodeId, const wire::OwnerVersion*>;

  uint64_t draw(uint64_t bound) { return random_() % bound; }
  OwnerRecords::Report reportOf(const NodeId& owner);
  // Lets `act` change this owner's records, and keeps the sum right.
  template <class Act>
  void change(const NodeId& owner, OwnerRecords& records, Act act);
  template <class Act>
  void changeOwn(Time now, Act act);
  void passOn(Time now, const NodeId& owner, uint64_t base);
  void purge(Time now);
  void purgeLater(Time now, OwnerRecords& records);

  OwnerRecords::Fit take(Time now, const wire::OwnerDelta& delta);
  // Somebody published under our id.
  void defend(Time now, uint64_t version, const std::string& why);
  void restart(Time now, const NodeId& owner, OwnerRecords& records);
  void restartStuck(Time now);

  void receiveNews(Time now, const NodeId& sender, const wire::StateNews& news);
  void receiveDigest(Time now, const NodeId& sender, const wire::StateDigest& digest);
  void receiveDelta(Time now, const NodeId& sender, const wire::StateDelta& delta);
  Told read(const wire::StateDigest& digest) const;
  void compare(Time now, const Told& theirs);
  void answer(const NodeId& peer, const Told& theirs, bool partial);
  void ask(Time now, const NodeId& peer, const std::vector<NodeId>& owners);
  void sync(Time now);
  void sendVersions(const NodeId& peer, bool answerWanted);
  void writeVersion(const NodeId& owner, wire::OwnerVersion& version) const;
  void push(Time now);
  std::vector<wire::Message> packets(Time now);
  std::vector<Endpoint> somePeers(size_t count);

  NodeId self_;
  StateOptions options_;
  std::mt19937_64 random_;
  Network& network_;
  StateListener& listener_;
  std::map<NodeId, OwnerRecords> owners_;
  std::set<NodeId> forgotten_;
  uint64_t total_ = 0;  // sum of the owners' weights
  std::vector<Peer> peers_;
  Rumors rumors_;
  std::map<NodeId, Time> asked_;    // until when nobody else is asked for this owner
  std::map<NodeId, Time> partial_;  // since when there was no progress
  Time nextSync_{0};
  Time busyUntil_ = Time::min();  // with a transfer of several deltas
  Time pushAgain_ = Time::min();
  Time mayDefend_ = Time::min();
  Time nextPurge_ = Time::max();
};

// ---- changes

OwnerRecords::Report State::Impl::reportOf(const NodeId& owner) {
  return [this, owner](const OwnerRecords::Entry& entry) {
    if (entry.deleted) {
      listener_.recordErased(owner, entry.key);
    } else {
      listener_.recordChanged(owner, entry.key, entry.record);
    }
  };
}

template <class Act>
void State::Impl::change(const NodeId& owner, OwnerRecords& records, Act act) {
  total_ -= weight(owner, records);
  act(records);
  total_ += weight(owner, records);
}

template <class Act>
void State::Impl::changeOwn(Time now, Act act) {
  OwnerRecords& own = owners_[self_];
  uint64_t before = own.version();
  change(self_, own, act);
  if (own.version() == before) return;
  purgeLater(now, own);
  passOn(now, self_, before);
}

void State::Impl::passOn(Time now, const NodeId& owner, uint64_t base) {
  if (peers_.empty()) return;
  double rounds = options_.pushFactor * std::log10(static_cast<double>(peers_.size()) + 1);
  int copies = std::max(1, static_cast<int>(std::ceil(rounds))) * options_.pushFanout;
  rumors_.add(now, owner, base, owners_[owner].version(), copies);
}

void State::Impl::purgeLater(Time now, OwnerRecords& records) {
  if (records.tombstones() == 0) return;
  if (records.tombstones() > options_.recordsMost)
    records.purge(now - options_.tombstonesFor, options_.recordsMost);
  if (nextPurge_ == Time::max()) nextPurge_ = now + options_.tombstonesFor / 16;
}

void State::Impl::purge(Time now) {
  nextPurge_ = Time::max();
  for (auto& [owner, records] : owners_) {
    records.purge(now - options_.tombstonesFor, options_.recordsMost);
    purgeLater(now, records);
  }
}

void State::Impl::forget(const NodeId& owner) {
  if (owner == self_ || !forgotten_.insert(owner).second) return;
  rumors_.drop(owner);
  asked_.erase(owner);
  partial_.erase(owner);
  auto found = owners_.find(owner);
  if (found == owners_.end()) return;
  total_ -= weight(owner, found->second);
  auto gone = owners_.extract(found);
  gone.mapped().each(
      "", [&](const std::string& key, const Record&) { listener_.recordErased(owner, key); });
}

OwnerRecords::Fit State::Impl::take(Time now, const wire::OwnerDelta& delta) {
  using Fit = OwnerRecords::Fit;
  std::optional<NodeId> owner = NodeId::parse(delta.owner());
  if (!owner || forgotten_.contains(*owner)) return Fit::known;
  if (*owner == self_) {
    if (delta.version() > own().version())
      defend(now, delta.version(), "records that we do not know are known as ours");
    return Fit::known;
  }
  if (!owners_.contains(*owner) && owners_.size() >= options_.ownersMost) {
    listener_.recordsRefused(*owner, "too many owners");
    return Fit::refused;
  }

  OwnerRecords& records = owners_[*owner];
  uint64_t before = records.version();
  OwnerRecords::Taken taken;
  change(*owner, records,
         [&](OwnerRecords&) { taken = records.take(now, delta, options_, reportOf(*owner)); });
  if (taken.fit == Fit::refused) listener_.recordsRefused(*owner, taken.why);
  bool wasAsked = asked_.contains(*owner);
  if (taken.fit == Fit::taken) {
    asked_.erase(*owner);
    purgeLater(now, records);
    if (records.partial()) {
      partial_[*owner] = now;
      rumors_.drop(*owner);
    } else {
      partial_.erase(*owner);
      // What a newcomer is told of everyone is no news to others.
      if (before > 0 || wasAsked || delta.base() > 0) passOn(now, *owner, before);
    }
  }
  if (records.version() == 0 && records.live() == 0 && !records.partial()) owners_.erase(*owner);
  return taken.fit;
}

void State::Impl::defend(Time now, uint64_t version, const std::string& why) {
  if (now < mayDefend_ || version > OwnerRecords::versionMost) return;
  mayDefend_ = now + options_.syncInterval;
  listener_.recordsRefused(self_, why);
  changeOwn(
      now, [&](OwnerRecords& own) { own.jump(std::max(version, own.version()), reportOf(self_)); });
}

void State::Impl::restart(Time now, const NodeId& owner, OwnerRecords& records) {
  change(owner, records, [](OwnerRecords& changed) { changed.restart(); });
  partial_[owner] = now;
  rumors_.drop(owner);
}

void State::Impl::restartStuck(Time now) {
  for (const auto& [owner, since] : std::map(partial_)) {
    if (now - since > patience * options_.syncInterval) restart(now, owner, owners_[owner]);
  }
}

// ---- messages

void State::Impl::receive(Time now, const NodeId& sender, const wire::Message& message) {
  switch (message.body_case()) {
    case wire::Message::kStateNews:
      return receiveNews(now, sender, message.state_news());
    case wire::Message::kStateDigest:
      return receiveDigest(now, sender, message.state_digest());
    case wire::Message::kStateDelta:
      return receiveDelta(now, sender, message.state_delta());
    default:
      return;
  }
}

void State::Impl::receiveNews(Time now, const NodeId& sender, const wire::StateNews& news) {
  std::vector<NodeId> lacking;
  for (const wire::OwnerDelta& delta : news.deltas()) {
    OwnerRecords::Fit fit = take(now, delta);
    std::optional<NodeId> owner = NodeId::parse(delta.owner());
    if (fit == OwnerRecords::Fit::gap) lacking.push_back(*owner);
    if (fit == OwnerRecords::Fit::known && owner) rumors_.heardAgain(*owner, delta.version());
  }
  ask(now, sender, lacking);
}

void State::Impl::receiveDelta(Time now, const NodeId& sender, const wire::StateDelta& delta) {
  bool learnt = false;
  for (const wire::OwnerDelta& each : delta.deltas()) {
    if (take(now, each) == OwnerRecords::Fit::taken) learnt = true;
  }
  if (!delta.more() || !learnt) return;
  busyUntil_ = now + options_.syncInterval;
  sendVersions(sender, true);
}

void State::Impl::receiveDigest(Time now, const NodeId& sender, const wire::StateDigest& digest) {
  if (size_t(digest.versions_size()) > options_.ownersMost) return;
  if (digest.versions().empty() && digest.answer_wanted()) {
    if (digest.hash() != total_) sendVersions(sender, false);
    return;
  }

  Told theirs = read(digest);
  compare(now, theirs);
  answer(sender, theirs, digest.partial());
  if (digest.answer_wanted()) return;
  std::vector<NodeId> lacking;
  for (const auto& [owner, version] : theirs) {
    const OwnerRecords* records = find(owner);
    if (version->version() > (records ? records->version() : 0)) lacking.push_back(owner);
  }
  ask(now, sender, lacking);
}

State::Impl::Told State::Impl::read(const wire::StateDigest& digest) const {
  Told told;
  for (const wire::OwnerVersion& version : digest.versions()) {
    std::optional<NodeId> owner = NodeId::parse(version.owner());
    if (owner && !forgotten_.contains(*owner)) told[*owner] = &version;
  }
  return told;
}

// Looks for what exchanging records would not mend: versions of ours that we never wrote, and
// records that differ under the same version, as a restored backup or a clone leaves them behind.
// The owner writes anew; if it is gone, the greater hash wins.
void State::Impl::compare(Time now, const Told& theirs) {
  for (const auto& [owner, version] : theirs) {
    auto found = owners_.find(owner);
    if (found == owners_.end()) continue;
    OwnerRecords& records = found->second;
    bool differs = version->version() == records.version() && version->hash() != 0 &&
                   records.hash() != 0 && version->hash() != records.hash();
    if (owner == self_) {
      if (version->version() > records.version())
        defend(now, version->version(), "versions that we did not use are known as ours");
      if (differs) defend(now, records.version(), "other records of ours are known as our own");
    } else if (differs && records.hash() < version->hash()) {
      restart(now, owner, records);
    }
  }
}

// The order of owners begins anywhere and each is sent as a whole if it fits, so that owners become
// complete soon, and one that writes much cannot keep the others from being sent.
void State::Impl::answer(const NodeId& peer, const Told& theirs, bool partial) {
  wire::Message message = envelope(self_);
  wire::StateDelta& delta = *message.mutable_state_delta();
  size_t budget = options_.deltaMost;
  auto next = std::next(owners_.begin(), draw(owners_.size()));
  for (size_t i = 0; i < owners_.size() && !delta.more(); i++) {
    if (next == owners_.end()) next = owners_.begin();
    const auto& [owner, records] = *next++;
    auto told = theirs.find(owner);
    uint64_t version = told == theirs.end() ? 0 : told->second->version();
    if (records.partial() || records.version() <= version) continue;
    if (partial && told == theirs.end()) continue;
    if (budget == 0) {
      delta.set_more(true);
      break;
    }
    wire::OwnerDelta& each = *delta.add_deltas();
    each.set_owner(std::string(owner.text()));
    records.fill(each, version, told == theirs.end() ? 0 : told->second->clean(), budget);
    budget -= std::min(budget, each.ByteSizeLong());
    if (each.version() < records.version()) delta.set_more(true);
  }
  if (delta.deltas_size() > 0) network_.stream(peer, std::move(message));
}

void State::Impl::ask(Time now, const NodeId& peer, const std::vector<NodeId>& owners) {
  wire::Message message = envelope(self_);
  wire::StateDigest& digest = *message.mutable_state_digest();
  digest.set_partial(true);
  digest.set_answer_wanted(true);
  for (const NodeId& owner : owners) {
    auto asked = asked_.find(owner);
    if (asked != asked_.end() && asked->second > now) continue;
    if (asked == asked_.end() && asked_.size() >= options_.ownersMost) continue;
    asked_[owner] = now + askAgainAfter;
    writeVersion(owner, *digest.add_versions());
  }
  if (digest.versions_size() > 0) network_.stream(peer, std::move(message));
}

void State::Impl::sendVersions(const NodeId& peer, bool answerWanted) {
  wire::Message message = envelope(self_);
  wire::StateDigest& digest = *message.mutable_state_digest();
  digest.set_hash(total_);
  digest.set_answer_wanted(answerWanted);
  for (const auto& [owner, records] : owners_) {
    if (records.version() > 0) writeVersion(owner, *digest.add_versions());
  }
  network_.stream(peer, std::move(message));
}

void State::Impl::writeVersion(const NodeId& owner, wire::OwnerVersion& version) const {
  version.set_owner(std::string(owner.text()));
  const OwnerRecords* records = find(owner);
  if (!records) return;
  version.set_version(records->version());
  if (records->clean() > records->version()) version.set_clean(records->clean());
  if (!records->reloading()) version.set_hash(records->hash());
}

// ---- peers and time

void State::Impl::setPeers(Time now, std::vector<Peer> peers) {
  if (peers_.empty()) nextSync_ = now;
  if (peers.empty()) rumors_.clear();
  peers_ = std::move(peers);
}

void State::Impl::tick(Time now) {
  if (now >= nextPurge_) purge(now);
  if (peers_.empty()) return;
  if (now >= nextSync_) sync(now);
  if (now >= std::max(rumors_.nextDue(), pushAgain_)) push(now);
}

Time State::Impl::nextTick() const {
  if (peers_.empty()) return nextPurge_;
  return std::min({nextPurge_, nextSync_, std::max(rumors_.nextDue(), pushAgain_)});
}

void State::Impl::sync(Time now) {
  nextSync_ =
      now + options_.syncInterval * 3 / 4 + Time(draw(options_.syncInterval.count() / 2 + 1));
  std::erase_if(asked_, [&](const auto& asked) { return asked.second <= now; });
  restartStuck(now);
  if (now < busyUntil_) return;
  wire::Message message = envelope(self_);
  message.mutable_state_digest()->set_hash(total_);
  message.mutable_state_digest()->set_answer_wanted(true);
  network_.stream(peers_[draw(peers_.size())].id, std::move(message));
}

void State::Impl::push(Time now) {
  std::vector<wire::Message> news = packets(now);
  for (const Endpoint& peer : somePeers(options_.pushFanout)) {
    for (const wire::Message& message : news) network_.datagram(peer, message);
  }
}

std::vector<wire::Message> State::Impl::packets(Time now) {
  std::vector<Rumors::Due> due = rumors_.due(now);
  std::rotate(due.begin(), due.begin() + draw(due.size()), due.end());
  std::vector<wire::Message> packets;
  for (const Rumors::Due& rumor : due) {
    wire::OwnerDelta delta;
    delta.set_owner(std::string(rumor.owner.text()));
    owners_[rumor.owner].fillNews(delta, rumor.base, newsMost);
    size_t bytes = delta.ByteSizeLong() + 4;
    if (packets.empty() || packets.back().ByteSizeLong() + bytes > packetMost - 4) {
      if (packets.size() == packetsMost) {
        pushAgain_ = now + options_.pushInterval;
        break;
      }
      packets.push_back(envelope(self_));
    }
    *packets.back().mutable_state_news()->add_deltas() = std::move(delta);
    rumors_.told(now, rumor.owner, options_.pushFanout);
  }
  return packets;
}

std::vector<Endpoint> State::Impl::somePeers(size_t count) {
  // The first of a shuffle (Fisher, Yates) that is broken off.
  count = std::min(count, peers_.size());
  std::vector<Endpoint> some;
  for (size_t i = 0; i < count; i++) {
    std::swap(peers_[i], peers_[i + draw(peers_.size() - i)]);
    some.push_back(peers_[i].gossip);
  }
  return some;
}

// ---- the outside

State::State(NodeId self, uint64_t startVersion, StateOptions options, uint64_t seed,
             Network& network, StateListener& listener)
    : impl_(std::make_unique<Impl>(self, startVersion, options, seed, network, listener)) {}
State::~State() = default;

void State::put(Time now, const std::string& key, std::string value, bool confidential) {
  impl_->put(now, key, std::move(value), confidential);
}
void State::erase(Time now, const std::string& key) {
  impl_->erase(now, key);
}
void State::finishReload(Time now) {
  impl_->finishReload(now);
}
uint64_t State::ownVersion() const {
  return impl_->own().version();
}

const Record* State::find(const NodeId& owner, const std::string& key) const {
  const OwnerRecords* records = impl_->find(owner);
  return records ? records->find(key) : nullptr;
}

void State::each(std::string_view prefix,
                 const std::function<void(const NodeId& owner, const std::string& key,
                                          const Record& record)>& take) const {
  for (const auto& [owner, records] : impl_->owners()) {
    const NodeId& id = owner;
    records.each(prefix,
                 [&](const std::string& key, const Record& record) { take(id, key, record); });
  }
}

void State::eachOf(
    const NodeId& owner, std::string_view prefix,
    const std::function<void(const std::string& key, const Record& record)>& take) const {
  const OwnerRecords* records = impl_->find(owner);
  if (records) records->each(prefix, take);
}

Versions State::versions() const {
  Versions versions;
  for (const auto& [owner, records] : impl_->owners()) {
    if (records.target() > 0) versions[owner] = records.target();
  }
  return versions;
}

bool State::covers(const Versions& seen) const {
  return std::all_of(seen.begin(), seen.end(), [&](const auto& each) {
    const OwnerRecords* records = impl_->find(each.first);
    return each.second <= (records ? records->known() : 0) || impl_->isForgotten(each.first);
  });
}

uint64_t State::hash() const {
  return impl_->hash();
}

size_t State::records() const {
  size_t sum = 0;
  for (const auto& [owner, records] : impl_->owners()) sum += records.live();
  return sum;
}

void State::setPeers(Time now, std::vector<Peer> peers) {
  impl_->setPeers(now, std::move(peers));
}
void State::forget(const NodeId& owner) {
  impl_->forget(owner);
}
void State::pullFrom(Time, const NodeId& peer) {
  impl_->pullFrom(peer);
}
void State::receive(Time now, const NodeId& sender, const wire::Message& message) {
  impl_->receive(now, sender, message);
}
void State::tick(Time now) {
  impl_->tick(now);
}
Time State::nextTick() const {
  return impl_->nextTick();
}

}  // namespace cluster
