#include "cluster/state/state.h"

#include <algorithm>
#include <utility>

#include "cluster/state/state_impl.h"

namespace cluster {
namespace {

// An owner whose records do not become complete in so many sync intervals is begun anew.
constexpr int patience = 10;

}  // namespace

State::Impl::Impl(NodeId self, uint64_t startVersion, StateOptions options, uint64_t seed,
                  Network& network, StateListener& listener)
    : self_(self),
      options_(options),
      random_(seed),
      network_(network),
      listener_(listener),
      own_(owners_.at(self)),
      rumors_(options.pushInterval / 4, options.pushInterval) {
  owners_.change(own_, [&](OwnerRecords& own) { own.begin(startVersion); });
}

// ---- our own records

void State::Impl::put(Time now, const std::string& key, std::string value, bool confidential) {
  std::string why;
  changeOwn(now, [&](OwnerRecords& own) {
    why = own.put(key, std::move(value), confidential, options_, reportOf(self_));
  });
  if (!why.empty()) listener_.recordsRefused(self_, why);
}

void State::Impl::erase(Time now, const std::string& key) {
  changeOwn(now, [&](OwnerRecords& own) { own.erase(now, key, reportOf(self_)); });
}

void State::Impl::finishReload(Time now) {
  changeOwn(now, [](OwnerRecords& own) { own.finishReload(); });
}

template <class Act>
void State::Impl::changeOwn(Time now, Act act) {
  uint64_t before = own().version();
  owners_.change(own_, act);
  if (own().version() == before) return;
  purgeLater(now, own_);
  passOn(now, own_, before);
}

OwnerRecords::Report State::Impl::reportOf(const NodeId& owner) {
  return [this, owner](const OwnerRecords::Entry& entry) {
    if (entry.deleted) {
      listener_.recordErased(owner, entry.key);
    } else {
      listener_.recordChanged(owner, entry.key, entry.record);
    }
  };
}

// Somebody published under our id: all of ours is written anew, above.
void State::Impl::defend(Time now, uint64_t version, const std::string& why) {
  if (now < mayDefend_ || version > OwnerRecords::maxVersion(options_)) return;
  mayDefend_ = now + options_.syncInterval;
  listener_.recordsRefused(self_, why);
  changeOwn(
      now, [&](OwnerRecords& own) { own.jump(std::max(version, own.version()), reportOf(self_)); });
}

// ---- others'

OwnerRecords::Fit State::Impl::take(Time now, const NodeId& owner, const wire::OwnerDelta& delta) {
  using Fit = OwnerRecords::Fit;
  if (owner == self_) {
    if (delta.version() > own().version())
      defend(now, delta.version(), "records that we do not know are known as ours");
    return Fit::known;
  }
  OwnerRow* row = owners_.find(owner);
  if (!row && forgotten_.contains(owner)) return Fit::known;
  if (!row && owners_.size() >= options_.maxOwners) {
    listener_.recordsRefused(owner, "too many owners");
    return Fit::refused;
  }

  if (!row) row = &owners_.at(owner);
  uint64_t before = row->records.version();
  OwnerRecords::Taken taken;
  owners_.change(*row, [&](OwnerRecords& records) {
    taken = records.take(now, delta, options_, reportOf(owner));
  });
  if (taken.fit == Fit::refused) listener_.recordsRefused(owner, taken.why);
  if (taken.fit == Fit::taken) {
    bool wasAsked = asked_.erase(owner) > 0;
    purgeLater(now, *row);
    if (row->records.partial()) {
      partial_[owner] = now;
      rumors_.drop(owner);
    } else {
      partial_.erase(owner);
      // What a newcomer is told of everyone is no news to others.
      if (before > 0 || wasAsked || delta.base() > 0) passOn(now, *row, before);
    }
  }
  const OwnerRecords& records = row->records;
  if (records.version() == 0 && records.live() == 0 && !records.partial()) owners_.erase(owner);
  return taken.fit;
}

void State::Impl::restart(Time now, OwnerRow& row) {
  owners_.change(row, [](OwnerRecords& records) { records.restart(); });
  partial_[row.id] = now;
  rumors_.drop(row.id);
}

void State::Impl::restartStuck(Time now) {
  for (auto& [owner, since] : partial_) {
    if (now - since > patience * options_.syncInterval) restart(now, owners_.at(owner));
  }
}

void State::Impl::forget(const NodeId& owner) {
  if (owner == self_ || !forgotten_.insert(owner).second) return;
  rumors_.drop(owner);
  asked_.erase(owner);
  partial_.erase(owner);
  withTombstones_.erase(owner);
  std::vector<std::string> keys;
  if (const OwnerRecords* records = find(owner)) {
    records->each("", [&](const std::string& key, const Record&) { keys.push_back(key); });
  }
  owners_.erase(owner);
  for (const std::string& key : keys) listener_.recordErased(owner, key);
}

void State::Impl::purgeLater(Time now, OwnerRow& row) {
  if (row.records.tombstones() == 0) return;
  if (row.records.tombstones() > options_.maxRecords)
    row.records.purge(now - options_.tombstonesFor, options_.maxRecords);
  withTombstones_.insert(row.id);
  if (nextPurge_ == Time::max()) nextPurge_ = now + options_.tombstonesFor / 16;
}

void State::Impl::purge(Time now) {
  nextPurge_ = Time::max();
  for (const NodeId& owner : std::exchange(withTombstones_, {})) {
    OwnerRow* row = owners_.find(owner);
    if (!row) continue;
    row->records.purge(now - options_.tombstonesFor, options_.maxRecords);
    purgeLater(now, *row);
  }
}

// ---- messages and time

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
  for (const OwnerRow* row : impl_->owners().byId()) {
    row->records.each(
        prefix, [&](const std::string& key, const Record& record) { take(row->id, key, record); });
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
  for (const OwnerRow* row : impl_->owners().byId()) {
    if (row->records.target() > 0) versions[row->id] = row->records.target();
  }
  return versions;
}

uint64_t State::known(const NodeId& owner) const {
  const OwnerRecords* records = impl_->find(owner);
  return records ? records->known() : 0;
}

bool State::covers(const Versions& seen) const {
  return std::all_of(seen.begin(), seen.end(), [&](const auto& each) {
    return each.second <= known(each.first) || impl_->isForgotten(each.first);
  });
}

uint64_t State::hash() const {
  return impl_->owners().digest();
}

size_t State::records() const {
  size_t sum = 0;
  for (const OwnerRow* row : impl_->owners().byId()) sum += row->records.live();
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
