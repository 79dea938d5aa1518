// Who believes what of whom: SWIM, section 4.2, with the exceptions that splits, restarts, clones
// and graceful leaving ask for. A higher incarnation wins; only the member itself raises its
// incarnation; at the same incarnation left > failed > suspect > alive.

#include <algorithm>
#include <cmath>

#include "cluster/membership/membership_impl.h"
#include "cluster/wire_version.h"

namespace cluster {
namespace {

// An earlier process under our id can no longer answer, but news of it may reach us late and in the
// wrong order. One that comes back so often is no such news.
constexpr int defiedByClone = 3;
// We answer some times more, so that the clone sees as much of us.
constexpr int maxDefied = 6;
constexpr size_t maxOtherSessions = 16;
// Who is about to be forgotten is not learnt anew from somebody whose clock is a little behind.
constexpr Time forgetMargin{60'000};

bool isOld(const MemberRow& row, const wire::MemberUpdate& update) {
  if (update.status() == wire::ALIVE) return update.incarnation() <= row.detailsIncarnation;
  return update.incarnation() < row.member.incarnation;
}

}  // namespace

bool Membership::Impl::takeUpdates(Time now, const wire::Message& message, bool isTable) {
  bool spokenOf = false;
  for (const wire::MemberUpdate& encoded : message.updates()) {
    auto id = NodeId::parse(encoded.id());
    if (!id || removed_.count(*id) > 0) continue;
    MemberRow* row = table_.find(*id);
    bool isSelf = row == &table_.self();
    if (row && !isSelf && isOld(*row, encoded)) continue;  // most are: spare the decoding
    auto update = decode(encoded);
    if (!update || !isBelievable(*update)) continue;
    if (isSelf) {
      spokenOf |= takeAboutSelf(now, *update);
    } else {
      take(now, row, *update, isTable);
    }
  }
  return spokenOf;
}

// What is too high now is said again when it no longer is, if it is true.
bool Membership::Impl::isBelievable(const MemberUpdate& update) const {
  return !options_.maxIncarnation || update.incarnation <= options_.maxIncarnation();
}

void Membership::Impl::take(Time now, MemberRow* row, const MemberUpdate& update, bool isTable) {
  switch (update.status) {
    case Status::alive:
      return takeAlive(now, row, update);
    case Status::suspect:
      return takeSuspect(now, row, update);
    case Status::failed:
      // In a table it may be what the other half of a split believed. The member must have its say.
      if (isTable && row && row->isLiving()) return takeSuspect(now, row, update);
      return takeFailed(now, row, update);
    case Status::left:
      return takeLeft(now, row, update);
  }
}

void Membership::Impl::takeAlive(Time now, MemberRow* row, const MemberUpdate& update) {
  if (!row) {
    row = learn(now, update, Status::alive);
    if (row) enqueue(now, *row);
    return;
  }
  // A suspicion of this incarnation may have come before its details.
  const MemberDetails& details = *update.details;
  Member& member = row->member;
  bool isOther = member.name != details.name || member.gossip != details.gossip ||
                 member.apiPort != details.apiPort || member.session != details.session;
  member.name = details.name;
  member.gossip = details.gossip;
  member.apiPort = details.apiPort;
  member.session = details.session;
  member.wireVersion = details.wireVersion;
  row->detailsIncarnation = update.incarnation;
  bool isNews = update.incarnation > member.incarnation;
  change(now, *row, isNews ? Status::alive : member.status,
         std::max(update.incarnation, member.incarnation), isOther);
  if (isNews) enqueue(now, *row);
}

void Membership::Impl::takeSuspect(Time now, MemberRow* row, const MemberUpdate& update) {
  if (!row) row = learn(now, update, Status::alive);
  if (!row) return;
  bool isNewer = update.incarnation > row->member.incarnation;
  if (row->member.status == Status::alive || isNewer) {
    return suspect(now, *row, update.from, update.incarnation);
  }
  if (row->member.status == Status::suspect) confirm(now, *row, update.from);
}

void Membership::Impl::takeFailed(Time now, MemberRow* row, const MemberUpdate& update) {
  if (!row) {
    row = learn(now, update, Status::failed);
    if (row) enqueue(now, *row);
    return;
  }
  bool isNewer = update.incarnation > row->member.incarnation;
  if (row->isLiving() || isNewer) fail(now, *row, update.from, update.incarnation);
}

void Membership::Impl::takeLeft(Time now, MemberRow* row, const MemberUpdate& update) {
  if (!row) {
    row = learn(now, update, Status::left);
    if (row) enqueue(now, *row);
    return;
  }
  bool isNewer = update.incarnation > row->member.incarnation;
  if (row->member.status == Status::left && !isNewer) return;
  change(now, *row, Status::left, update.incarnation);
  enqueue(now, *row);
}

// ---- ourselves

bool Membership::Impl::takeAboutSelf(Time now, const MemberUpdate& update) {
  const Member& self = table_.self().member;
  bool isBad = update.status == Status::suspect || update.status == Status::failed;
  if (update.incarnation < self.incarnation) return isBad;
  if (update.status == Status::alive) {
    bool isEcho = update.details->session == self.session;
    if (isEcho && update.incarnation == self.incarnation) return false;
    if (!isEcho && isClone(update)) return false;
  }
  if (update.status == Status::left && isLeaving() && update.incarnation == self.incarnation) {
    return false;
  }
  // It cost somebody a suspicion that we were slow to answer.
  if (isBad) beAware(1);
  refute(now, update.incarnation);
  return true;
}

// Whether another process lives under our id, so that arguing with it has no end.
bool Membership::Impl::isClone(const MemberUpdate& update) {
  uint64_t session = update.details->session;
  uint64_t answer = update.incarnation + 1;  // what refute() will say
  auto known = std::find_if(otherSessions_.begin(), otherSessions_.end(),
                            [&](const OtherSession& other) { return other.session == session; });
  if (known == otherSessions_.end()) {
    otherSessions_.push_back({session, answer});
    if (otherSessions_.size() > maxOtherSessions) otherSessions_.pop_front();
    return false;
  }
  if (known->defied >= maxDefied) return true;
  if (update.incarnation >= known->answered) known->defied++;
  known->answered = answer;
  if (known->defied == defiedByClone && !known->told) {
    known->told = true;
    Member clone = table_.self().member;
    clone.name = update.details->name;
    clone.gossip = update.details->gossip;
    clone.apiPort = update.details->apiPort;
    clone.session = session;
    clone.wireVersion = update.details->wireVersion;
    clone.incarnation = update.incarnation;
    listener_.cloneSeen(clone);
  }
  return false;
}

void Membership::Impl::refute(Time now, uint64_t incarnation) {
  MemberRow& self = table_.self();
  if (incarnation >= maxIncarnation) return;
  table_.set(self, self.member.status, std::max(incarnation, self.member.incarnation) + 1);
  enqueue(now, self);
}

// ---- others

MemberRow* Membership::Impl::learn(Time now, const MemberUpdate& update, Status status) {
  if (!update.details || table_.size() >= options_.maxMembers) return nullptr;
  const MemberDetails& details = *update.details;
  if (details.wireVersion < wireOldestReader) {
    refuse(now, update.id,
           "it reads version " + std::to_string(details.wireVersion) +
               " of the wire format and cannot read ours, which takes version " +
               std::to_string(wireOldestReader) + ": update it");
    return nullptr;
  }
  Time kept = status == Status::left ? options_.forgetLeftAfter : options_.forgetFailedAfter;
  bool isLiving = status == Status::alive || status == Status::suspect;
  if (!isLiving && update.age > kept - forgetMargin) return nullptr;

  Member member;
  member.id = update.id;
  member.name = details.name;
  member.gossip = details.gossip;
  member.apiPort = details.apiPort;
  member.incarnation = update.incarnation;
  member.session = details.session;
  member.wireVersion = details.wireVersion;
  member.status = status;
  member.since = isLiving ? now : now - update.age;
  // At a random place of the round, so that no two members get probed by all in the same order.
  size_t place = draw(table_.others().size() + 1);
  if (place < nextInRound_) nextInRound_++;
  MemberRow& row = table_.add(std::move(member), place);
  row.accuser = update.from;
  listener_.memberChanged(row.member, std::nullopt);
  return &row;
}

// Tells the listener if it is a change for others; an incarnation alone is not.
void Membership::Impl::change(Time now, MemberRow& row, Status status, uint64_t incarnation,
                              bool otherDetails) {
  Status before = row.member.status;
  if (before == Status::suspect && status != Status::suspect) {
    row.suspicion.reset();
    std::erase(suspects_, row.member.id);
  }
  table_.set(row, status, incarnation);
  if (status != before) row.member.since = now;
  if (status != before || otherDetails) listener_.memberChanged(row.member, before);
}

void Membership::Impl::suspect(Time now, MemberRow& row, const NodeId& accuser,
                               uint64_t incarnation) {
  if (isLeaving()) return;
  if (row.member.status != Status::suspect) suspects_.push_back(row.member.id);
  change(now, row, Status::suspect, incarnation);
  double living = double(table_.living());
  double lasting =
      options_.suspicionFactor * std::log10(living) * double(options_.probeInterval.count());
  Time least = std::max(options_.minSuspicion, Time(std::llround(lasting)));
  Time most{std::llround(options_.maxSuspicion * double(least.count()))};
  // All but the suspect and the accuser may confirm.
  int confirmers = std::max(0, static_cast<int>(table_.living()) - 2);
  row.suspicion =
      std::make_unique<Suspicion>(now, accuser, std::min(options_.confirmations, confirmers), least,
                                  most, options_.suspicionRefused);
  row.accuser = accuser;
  enqueue(now, row);
  followSuspicion(now, row);
}

void Membership::Impl::confirm(Time now, MemberRow& row, const NodeId& accuser) {
  if (!row.suspicion->confirm(accuser)) return;
  row.accuser = accuser;
  enqueue(now, row);
  followSuspicion(now, row);
}

void Membership::Impl::followSuspicion(Time now, MemberRow& row) {
  nextSuspicion_ = std::min(nextSuspicion_, dueOf(*row.suspicion));
  // Rather than leave it to chance who looks next, a few look at once; most others do not, so that
  // a large cluster does not fall upon one member. Their pings tell the suspect, too.
  if (row.accuser == table_.self().member.id || row.suspicion->isConfirmed()) return;
  if (draw(table_.living()) < 3 * static_cast<uint64_t>(options_.confirmations)) {
    probeSoon(now, row.member.id);
  }
}

// When something is to be done about it.
Time Membership::Impl::dueOf(const Suspicion& suspicion) const {
  return suspicion.wasAsked() ? suspicion.deadline() : suspicion.deadline() - options_.probeTimeout;
}

void Membership::Impl::fail(Time now, MemberRow& row, const NodeId& accuser, uint64_t incarnation) {
  row.accuser = accuser;
  lastFailure_ = now;
  change(now, row, Status::failed, incarnation);
  enqueue(now, row);
}

// Gossip reaches nearly everyone, not everyone: we may have missed that it was refuted. Therefore
// each asks the suspect itself, once, before it declares it failed.
void Membership::Impl::endSuspicions(Time now) {
  std::vector<NodeId> ended;
  nextSuspicion_ = Time::max();
  for (const NodeId& id : suspects_) {
    MemberRow& row = *table_.find(id);
    Suspicion& suspicion = *row.suspicion;
    if (!suspicion.wasAsked() && dueOf(suspicion) <= now) {
      suspicion.ask(now, options_.probeTimeout);
      network_.datagram(receiver(row.member), pingFor(row, nextSequence_++));
    }
    if (dueOf(suspicion) <= now) {
      ended.push_back(id);
    } else {
      nextSuspicion_ = std::min(nextSuspicion_, dueOf(suspicion));
    }
  }
  for (const NodeId& id : ended) {
    MemberRow& row = *table_.find(id);
    fail(now, row, table_.self().member.id, row.member.incarnation);
  }
}

}  // namespace cluster
