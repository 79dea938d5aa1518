#include "cluster/membership/membership.h"

#include <algorithm>
#include <cmath>

#include "cluster/envelope.h"
#include "cluster/membership/membership_impl.h"
#include "cluster/wire_version.h"

namespace cluster {
namespace {

// Until somebody has sent us their table we keep asking.
constexpr Time askForTableEvery{1'000};
// Whoever was thought to have failed and is heard from gets our table, but not more often.
constexpr Time mergeAtMostEvery{1'000};
constexpr Time forgetEvery{60'000};
// Gossip has reached all whom it will reach by then.
constexpr Time missedAfter{500};
constexpr int maxMissed = 5;
// Who hears of it first hand when we leave.
constexpr size_t toldOfLeaving = 32;
// The same refusal is told again after this, and so many senders are kept in mind.
constexpr Time tellRefusalEvery{3600 * 1000};
constexpr size_t maxRefused = 64;

// Bytes that a field of this size takes inside another message: its tag, length and contents.
size_t asField(size_t size) {
  return 1 + (size < 128 ? 1 : 2) + size;
}

}  // namespace

Membership::Impl::Impl(Member self, MembershipOptions options, uint64_t seed, Network& network,
                       MembershipListener& listener)
    : options_(std::move(options)),
      random_(seed),
      network_(network),
      listener_(listener),
      table_(std::move(self)),
      nextSequence_(static_cast<uint32_t>(random_())) {}

void Membership::Impl::start(Time now, const std::vector<Member>& others) {
  Member& self = table_.self().member;
  self.since = now;
  for (const Member& other : others) {
    if (table_.find(other.id) || table_.size() >= options_.maxMembers) continue;
    Member member = other;
    // Suspicions are not inherited: we shall see for ourselves.
    if (member.status == Status::suspect) member.status = Status::alive;
    if (member.status == Status::alive) member.since = now;
    MemberRow& row = table_.add(std::move(member), draw(table_.others().size() + 1));
    listener_.memberChanged(row.member, std::nullopt);
  }
  hasTable_ = table_.others().empty();
  enqueue(now, table_.self());
  // Members that start together shall not all do the same at the same time.
  nextProbe_ = now + Time(draw(options_.probeInterval.count() + 1));
  nextReconnect_ = now + Time(draw(options_.reconnectInterval.count() + 1));
  nextForget_ = now + forgetEvery;
  nextSync_ = hasTable_ ? now + Time(draw(options_.syncInterval.count() + 1)) : now;
}

void Membership::Impl::leave(Time now) {
  if (isLeaving()) return;
  MemberRow& self = table_.self();
  table_.set(self, Status::left, self.member.incarnation + 1);
  self.member.since = now;
  nextProbe_ = nextSync_ = nextMissed_ = nextReconnect_ = nextForget_ = nextSuspicion_ =
      Time::max();
  probe_.reset();
  suspects_.clear();
  enqueue(now, self);
  for (MemberRow* row : some(toldOfLeaving, [](const MemberRow& row) { return row.isLiving(); })) {
    wire::Message message = begin();
    message.mutable_gossip();
    encode(self.member, self.member.id, false, *message.add_updates());
    network_.datagram(receiver(row->member), std::move(message));
  }
}

void Membership::Impl::remove(Time, const NodeId& id) {
  if (id == table_.self().member.id) return;
  removed_.insert(id);
  if (table_.find(id)) forget(id);
}

void Membership::Impl::updateSelf(Time now, std::string name, Endpoint gossip, uint16_t apiPort) {
  MemberRow& self = table_.self();
  Member& member = self.member;
  if (member.name == name && member.gossip == gossip && member.apiPort == apiPort) return;
  member.name = std::move(name);
  member.gossip = gossip;
  member.apiPort = apiPort;
  table_.set(self, member.status, member.incarnation + 1);
  enqueue(now, self);
}

// ---- messages

bool Membership::Impl::receive(Time now, const NodeId& sender, std::optional<Endpoint> from,
                               const wire::Message& message) {
  if (!isReadable(now, sender, message) || removed_.count(sender) > 0) return false;
  if (static_cast<size_t>(message.updates_size()) > 2 * options_.maxMembers) return false;
  const MemberRow* before = table_.find(sender);
  bool wasFailed = before && before->member.status == Status::failed;

  bool spokenOf = takeUpdates(now, message, message.has_members_sync());
  if (sender == table_.self().member.id)
    return false;  // a clone: what it is after is in its updates
  switch (message.body_case()) {
    case wire::Message::kPing:
      receivePing(sender, from, message.ping(), spokenOf);
      break;
    case wire::Message::kPingRequest:
      receivePingRequest(now, sender, from, message.ping_request());
      break;
    case wire::Message::kAck:
      receiveAck(now, sender, !from, message.ack().sequence());
      break;
    case wire::Message::kNack:
      receiveNack(now, sender, message.nack().sequence());
      break;
    case wire::Message::kMembersSync:
      receiveSync(sender, message);
      return true;
    default:
      break;
  }
  // A split has healed, or one side of it: both must learn what happened on the other.
  if (wasFailed && now >= mayMergeAgain_ && !isLeaving()) {
    mayMergeAgain_ = now + mergeAtMostEvery;
    sendTable(sender, true, true);
  }
  return true;
}

bool Membership::Impl::isReadable(Time now, const NodeId& sender, const wire::Message& message) {
  WireFit fit = wireFit(message.version(), message.oldest_reader());
  if (fit == WireFit::tooNew) {
    refuse(now, sender,
           "it speaks version " + std::to_string(message.version()) +
               " of the wire format, which takes version " +
               std::to_string(message.oldest_reader()) + " to read; this node has version " +
               std::to_string(wireVersion) + ": update it");
    return false;
  }
  if (fit == WireFit::tooOld) {
    refuse(now, sender,
           "it speaks version " + std::to_string(message.version()) +
               " of the wire format and cannot read ours, which takes version " +
               std::to_string(wireOldestReader) + ": update it");
    return false;
  }
  return true;
}

void Membership::Impl::refuse(Time now, const NodeId& sender, const std::string& why) {
  auto [told, isNew] = refusedAt_.try_emplace(sender, now);
  if (!isNew && now - told->second < tellRefusalEvery) return;
  told->second = now;
  listener_.refused(sender, why);
  if (refusedAt_.size() <= maxRefused) return;
  auto isOlder = [](const auto& one, const auto& other) { return one.second < other.second; };
  refusedAt_.erase(std::min_element(refusedAt_.begin(), refusedAt_.end(), isOlder));
}

wire::Message Membership::Impl::begin() const {
  return envelope(table_.self().member.id);
}

void Membership::Impl::piggyback(wire::Message& message,
                                 const std::vector<const MemberRow*>& first) {
  size_t bytes = message.ByteSizeLong();
  auto append = [&](const MemberRow& row) {
    wire::MemberUpdate* update = message.add_updates();
    encode(row.member, row.accuser, false, *update);
    size_t more = asField(update->ByteSizeLong());
    if (bytes + more > maxPacket) {
      message.mutable_updates()->RemoveLast();
      return false;
    }
    bytes += more;
    return true;
  };

  for (const MemberRow* row : first) append(*row);
  if (queue_.empty()) return;
  double sendings = options_.retransmitFactor * std::log10(double(table_.living()) + 1);
  queue_.offer(static_cast<size_t>(std::ceil(sendings)), [&](const MemberRow& row) {
    bool isIn = std::find(first.begin(), first.end(), &row) != first.end();
    return isIn || append(row);
  });
}

// ---- gossip

void Membership::Impl::enqueue(Time now, MemberRow& row) {
  queue_.put(row);
  nextGossip_ = std::min(nextGossip_, now + options_.gossipSoon);
}

void Membership::Impl::gossip(Time now) {
  nextGossip_ = Time::max();
  gossipTo(some(options_.gossipFanout, [](const MemberRow& row) { return row.isLiving(); }));
  if (table_.failed() > 0 && lastFailure_ + options_.gossipToFailedFor > now) {
    gossipTo(some(1, [&](const MemberRow& row) {
      const Member& member = row.member;
      return member.status == Status::failed && now - member.since < options_.gossipToFailedFor;
    }));
  }
  // With nobody there to hear it, news becomes part of the table that is exchanged later.
  if (table_.living() <= 1) queue_.clear();
  if (!queue_.empty()) nextGossip_ = now + options_.gossipInterval;
}

void Membership::Impl::gossipTo(const std::vector<MemberRow*>& rows) {
  for (const MemberRow* row : rows) {
    if (queue_.empty()) return;
    wire::Message message = begin();
    message.mutable_gossip();
    // One that lives shall hear what is said of it while it can still object.
    bool isDoubted = row->member.status != Status::alive;
    piggyback(message,
              isDoubted ? std::vector<const MemberRow*>{row} : std::vector<const MemberRow*>{});
    network_.datagram(receiver(row->member), std::move(message));
  }
}

std::vector<MemberRow*> Membership::Impl::some(size_t count,
                                               const std::function<bool(const MemberRow&)>& good) {
  std::vector<MemberRow*> chosen;
  const std::vector<MemberRow*>& others = table_.others();
  if (others.empty()) return chosen;
  auto consider = [&](MemberRow* row) {
    if (!good(*row) || std::find(chosen.begin(), chosen.end(), row) != chosen.end()) return;
    chosen.push_back(row);
  };
  for (size_t tries = 0; tries < 4 * count && chosen.size() < count; tries++) {
    consider(others[draw(others.size())]);
  }
  // Luck was against us, or the good ones are few.
  size_t from = chosen.size() < count ? draw(others.size()) : 0;
  for (size_t i = 0; i < others.size() && chosen.size() < count; i++) {
    consider(others[(from + i) % others.size()]);
  }
  return chosen;
}

// ---- the exchange of tables

// Before the first answer whoever did not leave is asked: all we know may be what we remember.
void Membership::Impl::sync(Time now) {
  nextSync_ = now + (hasTable_ ? options_.syncInterval : askForTableEvery);
  auto isGood = [&](const MemberRow& row) {
    return hasTable_ ? row.isLiving() : row.member.status != Status::left;
  };
  for (MemberRow* row : some(1, isGood)) sendTable(row->member.id, !hasTable_, true);
}

// The news is most likely on its way. One name is enough: with it comes whoever else we missed.
void Membership::Impl::spokenOf(Time now, const NodeId& id) {
  if (isLeaving() || missed_ || table_.find(id)) return;
  missed_ = Missed{id};
  nextMissed_ = now + missedAfter + Time(draw(missedAfter.count()));
}

// Whom we ask may have missed it, too.
void Membership::Impl::askForMissed(Time now) {
  nextMissed_ = Time::max();
  bool isOver = table_.find(missed_->id) || missed_->asked == maxMissed;
  if (isOver) return missed_.reset();
  missed_->asked++;
  nextMissed_ = now + missedAfter + Time(draw(missedAfter.count()));
  sync(now);
}

void Membership::Impl::sendTable(const NodeId& to, bool whole, bool answerWanted) {
  wire::Message message = begin();
  message.mutable_members_sync()->set_answer_wanted(answerWanted);
  message.mutable_members_sync()->set_hash(table_.hash());
  if (whole) {
    message.mutable_updates()->Reserve(static_cast<int>(table_.size()));
    const MemberRow& self = table_.self();
    encode(self.member, self.accuser, true, *message.add_updates());
    for (const MemberRow* row : table_.others()) {
      encode(row->member, row->accuser, true, *message.add_updates());
      if (row->isLiving()) continue;
      // A clock of ours that did not run when it came to this is as good as none.
      Time age = std::max(Time(0), lastTick_ - row->member.since);
      message.mutable_updates()->rbegin()->set_age(
          static_cast<uint32_t>(std::chrono::floor<std::chrono::seconds>(age).count()));
    }
  }
  network_.stream(to, std::move(message));
}

void Membership::Impl::receiveSync(const NodeId& sender, const wire::Message& message) {
  const wire::MembersSync& theirs = message.members_sync();
  bool isWhole = message.updates_size() > 0;
  if (isWhole || !theirs.answer_wanted()) {
    hasTable_ = true;
  }
  if (!theirs.answer_wanted() || !table_.find(sender)) return;
  if (theirs.hash() != table_.hash()) return sendTable(sender, true, !isWhole);
  // Equal. Who sent all of theirs waits to hear that it is all.
  if (isWhole) sendTable(sender, false, false);
}

// All members together try each failed one about once per interval, however many they are.
void Membership::Impl::reconnect(Time now) {
  nextReconnect_ = now + options_.reconnectInterval;
  if (table_.failed() == 0 || draw(table_.living()) >= table_.failed() + 2) return;
  auto isFailed = [](const MemberRow& row) { return row.member.status == Status::failed; };
  for (MemberRow* row : some(1, isFailed)) {
    wire::Message ping = pingFor(*row, nextSequence_++);
    network_.datagram(receiver(row->member), ping);
    network_.stream(row->member.id, std::move(ping));
  }
}

void Membership::Impl::forgetOld(Time now) {
  nextForget_ = now + forgetEvery;
  std::vector<NodeId> old;
  for (const MemberRow* row : table_.others()) {
    const Member& member = row->member;
    bool isOld =
        (member.status == Status::failed && now - member.since >= options_.forgetFailedAfter) ||
        (member.status == Status::left && now - member.since >= options_.forgetLeftAfter);
    if (isOld) old.push_back(member.id);
  }
  for (const NodeId& id : old) forget(id);
}

void Membership::Impl::forget(const NodeId& id) {
  queue_.drop(*table_.find(id));
  std::erase(suspects_, id);
  if (probe_ && probe_->target == id) probe_.reset();
  table_.erase(id);
  listener_.memberForgotten(id);
}

// ---- time

void Membership::Impl::tick(Time now) {
  lastTick_ = now;
  Time due = nextTick();
  if (now > due && now - due > options_.lateness) makeUpFor(now - due);
  if (probe_ && now >= probe_->endsAt) endProbe(now);
  if (probe_ && !probe_->othersAsked && now >= probe_->othersAt) askOthers(now);
  if (now >= nextProbe_) startProbe(now);
  if (now >= nextRelay_) tickRelays(now);
  if (now >= nextSuspicion_) endSuspicions(now);
  if (now >= nextSync_) sync(now);
  if (now >= nextMissed_) askForMissed(now);
  if (now >= nextReconnect_) reconnect(now);
  if (now >= nextForget_) forgetOld(now);
  if (now >= nextGossip_) gossip(now);
}

Time Membership::Impl::nextTick() const {
  Time next = std::min({nextProbe_, nextGossip_, nextSync_, nextMissed_, nextReconnect_,
                        nextForget_, nextSuspicion_, nextRelay_});
  if (!probe_) return next;
  return std::min(next, probe_->othersAsked ? probe_->endsAt : probe_->othersAt);
}

std::chrono::microseconds Membership::Impl::clock(Time now) const {
  return options_.clock ? options_.clock() : std::chrono::microseconds(now);
}

// ---- the outside

Membership::Membership(Member self, MembershipOptions options, uint64_t seed, Network& network,
                       MembershipListener& listener)
    : impl_(std::make_unique<Impl>(std::move(self), std::move(options), seed, network, listener)) {}

Membership::~Membership() = default;

void Membership::start(Time now, const std::vector<Member>& others) {
  impl_->start(now, others);
}

void Membership::leave(Time now) {
  impl_->leave(now);
}

void Membership::remove(Time now, const NodeId& id) {
  impl_->remove(now, id);
}

void Membership::updateSelf(Time now, std::string name, Endpoint gossip, uint16_t apiPort) {
  impl_->updateSelf(now, std::move(name), gossip, apiPort);
}

bool Membership::receive(Time now, const NodeId& sender, std::optional<Endpoint> from,
                         const wire::Message& message) {
  return impl_->receive(now, sender, from, message);
}

void Membership::streamFailed(Time now, const NodeId& to, bool isRefused) {
  impl_->streamFailed(now, to, isRefused);
}

void Membership::datagramRefused(Time now, const Endpoint& at) {
  impl_->datagramRefused(now, at);
}

void Membership::spokenOf(Time now, const NodeId& id) {
  impl_->spokenOf(now, id);
}

void Membership::silent(Time now, const NodeId& id) {
  impl_->silent(now, id);
}

void Membership::tick(Time now) {
  impl_->tick(now);
}

Time Membership::nextTick() const {
  return impl_->nextTick();
}

const Member& Membership::self() const {
  return impl_->table().self().member;
}

const Member* Membership::find(const NodeId& id) const {
  const MemberRow* row = impl_->table().find(id);
  return row ? &row->member : nullptr;
}

std::vector<const Member*> Membership::members() const {
  std::vector<const Member*> all;
  for (const MemberRow* row : impl_->table().byId()) all.push_back(&row->member);
  return all;
}

size_t Membership::living() const {
  return impl_->table().living();
}

int Membership::awareness() const {
  return impl_->awareness();
}

std::optional<std::chrono::microseconds> Membership::roundTrip(const NodeId& id) const {
  const MemberRow* row = impl_->table().find(id);
  if (!row || row->roundTrip.count() < 0) return std::nullopt;
  return row->roundTrip;
}

}  // namespace cluster
