// What one peer has and the other lacks. A question carries the hash of all that we have, and one
// of each bucket of owners; if the peer's differ, it answers with the versions of the owners in the
// buckets that differ, and each sends the other what that one lacks.

#include <algorithm>

#include "cluster/envelope.h"
#include "cluster/state/state_impl.h"

namespace cluster {
namespace {

// An answer is waited for so long before somebody else is asked for the same.
constexpr Time askAgainAfter{200};
// Of fewer owners all versions are as short as the hashes of the buckets.
constexpr size_t bucketsFrom = 32;

}  // namespace

void State::Impl::sync(Time now) {
  nextSync_ =
      now + options_.syncInterval * 3 / 4 + Time(draw(options_.syncInterval.count() / 2 + 1));
  std::erase_if(asked_, [&](const auto& asked) { return asked.second <= now; });
  restartStuck(now);
  if (now < busyUntil_) return;
  wire::Message message = envelope(self_);
  wire::StateDigest& digest = *message.mutable_state_digest();
  digest.set_hash(owners_.digest());
  digest.set_answer_wanted(true);
  const OwnerTable::Buckets& buckets = owners_.buckets();
  if (owners_.size() >= bucketsFrom)
    digest.mutable_bucket_hashes()->Add(buckets.begin(), buckets.end());
  network_.stream(peers_[draw(peers_.size())].id, std::move(message));
}

void State::Impl::receiveDigest(Time now, const NodeId& sender, const wire::StateDigest& digest) {
  if (size_t(digest.versions_size()) > options_.maxOwners) return;
  if (digest.versions().empty() && digest.answer_wanted()) {
    BucketSet buckets = digest.hash() == owners_.digest() ? 0 : differing(digest);
    if (buckets != 0) sendVersions(sender, false, buckets);
    return;
  }

  Told theirs = read(digest);
  compare(now, theirs);
  answer(sender, theirs, digest.partial(), digest.buckets() == 0 ? allBuckets : digest.buckets());
  if (digest.answer_wanted()) return;
  std::vector<NodeId> lacking = std::move(theirs.unknown);
  for (size_t place = 0; place < theirs.known.size(); place++) {
    const wire::OwnerVersion* version = theirs.known[place];
    const OwnerRow& row = *owners_.byId()[place];
    if (version && version->version() > row.records.version()) lacking.push_back(row.id);
  }
  ask(now, sender, lacking);
}

void State::Impl::receiveDelta(Time now, const NodeId& sender, const wire::StateDelta& delta) {
  bool learnt = false;
  for (const wire::OwnerDelta& each : delta.deltas()) {
    std::optional<NodeId> owner = NodeId::parse(each.owner());
    if (owner && take(now, *owner, each) == OwnerRecords::Fit::taken) learnt = true;
  }
  if (!delta.more() || !learnt) return;
  busyUntil_ = now + options_.syncInterval;
  sendVersions(sender, true, allBuckets);
}

// Those whose hashes differ from the sender's, or all if it did not say.
State::Impl::BucketSet State::Impl::differing(const wire::StateDigest& digest) const {
  if (size_t(digest.bucket_hashes_size()) != OwnerTable::bucketCount) return allBuckets;
  BucketSet buckets = 0;
  for (int i = 0; i < digest.bucket_hashes_size(); i++) {
    if (digest.bucket_hashes(i) != owners_.buckets()[i]) buckets |= BucketSet{1} << i;
  }
  return buckets;
}

// Both sides have nearly the same owners, in the same order: each is mostly where the one before
// makes us expect it.
State::Impl::Told State::Impl::read(const wire::StateDigest& digest) const {
  const std::vector<OwnerRow*>& rows = owners_.byId();
  Told told;
  told.known.resize(rows.size());
  size_t place = 0;
  for (const wire::OwnerVersion& version : digest.versions()) {
    if (place == rows.size() || rows[place]->id.text() != version.owner()) {
      std::optional<NodeId> owner = NodeId::parse(version.owner());
      if (!owner) continue;
      place = owners_.placeOf(*owner);
      if (place == rows.size() || rows[place]->id != *owner) {
        if (version.version() > 0 && !isForgotten(*owner)) told.unknown.push_back(*owner);
        continue;
      }
    }
    told.known[place++] = &version;
  }
  return told;
}

// Looks for what exchanging records would not mend: versions of ours that we never wrote, and
// records that differ under the same version, as a restored backup or a clone leaves them behind.
// The owner writes anew; if it is gone, the greater hash wins.
void State::Impl::compare(Time now, const Told& theirs) {
  for (size_t place = 0; place < theirs.known.size(); place++) {
    const wire::OwnerVersion* version = theirs.known[place];
    if (!version) continue;
    OwnerRow& row = *owners_.byId()[place];
    const OwnerRecords& records = row.records;
    bool differs = version->version() == records.version() && version->hash() != 0 &&
                   records.hash() != 0 && version->hash() != records.hash();
    if (&row == &own_) {
      if (version->version() > records.version())
        defend(now, version->version(), "versions that we did not use are known as ours");
      if (differs) defend(now, records.version(), "other records of ours are known as our own");
    } else if (differs && records.hash() < version->hash()) {
      restart(now, row);
    }
  }
}

// The order of owners begins anywhere and each is sent as a whole if it fits, so that owners become
// complete soon, and one that writes much cannot keep the others from being sent.
void State::Impl::answer(const NodeId& peer, const Told& theirs, bool partial, BucketSet buckets) {
  wire::Message message = envelope(self_);
  wire::StateDelta& delta = *message.mutable_state_delta();
  size_t budget = options_.maxDelta;
  const std::vector<OwnerRow*>& rows = owners_.byId();
  size_t place = draw(rows.size());
  for (size_t i = 0; i < rows.size() && !delta.more(); i++, place++) {
    if (place == rows.size()) place = 0;
    const OwnerRow& row = *rows[place];
    const wire::OwnerVersion* told = theirs.known[place];
    if (!told && (partial || !isIn(buckets, row))) continue;
    const OwnerRecords& records = row.records;
    uint64_t version = told ? told->version() : 0;
    if (records.partial() || records.version() <= version) continue;
    if (budget == 0) {
      delta.set_more(true);
      break;
    }
    wire::OwnerDelta& each = *delta.add_deltas();
    each.set_owner(row.id.text().data(), NodeId::length);
    records.fill(each, version, told ? told->clean() : 0, budget);
    budget -= std::min(budget, each.ByteSizeLong());
    if (each.version() < records.version()) delta.set_more(true);
  }
  if (delta.deltas_size() > 0) network_.stream(peer, std::move(message));
}

void State::Impl::ask(Time now, const NodeId& peer, const std::vector<NodeId>& owners) {
  if (owners.empty()) return;
  wire::Message message = envelope(self_);
  wire::StateDigest& digest = *message.mutable_state_digest();
  digest.set_partial(true);
  digest.set_answer_wanted(true);
  for (const NodeId& owner : owners) {
    auto asked = asked_.find(owner);
    if (asked != asked_.end() && asked->second > now) continue;
    if (asked == asked_.end() && asked_.size() >= options_.maxOwners) continue;
    asked_[owner] = now + askAgainAfter;
    wire::OwnerVersion& version = *digest.add_versions();
    if (const OwnerRow* row = owners_.find(owner)) {
      writeVersion(*row, version);
    } else {
      version.set_owner(owner.text().data(), NodeId::length);
    }
  }
  if (digest.versions_size() > 0) network_.stream(peer, std::move(message));
}

void State::Impl::sendVersions(const NodeId& peer, bool answerWanted, BucketSet buckets) {
  wire::Message message = envelope(self_);
  wire::StateDigest& digest = *message.mutable_state_digest();
  digest.set_hash(owners_.digest());
  digest.set_answer_wanted(answerWanted);
  if (buckets != allBuckets) digest.set_buckets(buckets);
  for (const OwnerRow* row : owners_.byId()) {
    if (row->records.version() > 0 && isIn(buckets, *row))
      writeVersion(*row, *digest.add_versions());
  }
  network_.stream(peer, std::move(message));
}

void State::Impl::writeVersion(const OwnerRow& row, wire::OwnerVersion& version) const {
  const OwnerRecords& records = row.records;
  version.set_owner(row.id.text().data(), NodeId::length);
  version.set_version(records.version());
  if (records.clean() > records.version()) version.set_clean(records.clean());
  if (!records.reloading()) version.set_hash(records.hash());
}

}  // namespace cluster
