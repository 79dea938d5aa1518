// Who still answers: SWIM, sections 3 and 4.3, with Lifeguard's nacks, local health and buddy
// system. One member at a time is pinged; if it is silent, others are asked to ping it, and a
// stream is tried, in case only datagrams are lost.

#include <algorithm>

#include "cluster/membership/membership_impl.h"

namespace cluster {
namespace {

constexpr size_t maxRelays = 128;
constexpr size_t maxProbeSoon = 8;
// Hints make probes come earlier, but not faster than this.
constexpr Time probesApart{50};

}  // namespace

void Membership::Impl::startProbe(Time now) {
  if (probe_) {  // we were late, and it was given more time
    nextProbe_ = probe_->endsAt;
    return;
  }
  nextProbe_ = now + scaled(options_.probeInterval);
  MemberRow* row = nextToProbe();
  if (!row) return;
  lastProbe_ = now;
  probe_ = Probe{row->member.id, nextSequence_++, clock(now), now + scaled(options_.probeTimeout),
                 now + scaled(options_.probeInterval)};
  network_.datagram(receiver(row->member), pingFor(*row, probe_->sequence));
}

void Membership::Impl::probeSoon(Time now, const NodeId& id) {
  if (isLeaving() || probeSoon_.size() >= maxProbeSoon) return;
  if (std::find(probeSoon_.begin(), probeSoon_.end(), id) != probeSoon_.end()) return;
  probeSoon_.push_back(id);
  if (!probe_) nextProbe_ = std::min(nextProbe_, std::max(now, lastProbe_ + probesApart));
}

// Those of whom there were hints; then by turns somebody at random, and the next alive one by id.
// With chance alone, e^-2n of the dead are probed by nobody for n seconds; this way somebody
// notices within two intervals, unless it died, too.
MemberRow* Membership::Impl::nextToProbe() {
  while (!probeSoon_.empty()) {
    MemberRow* row = table_.find(probeSoon_.front());
    probeSoon_.pop_front();
    if (row && row->isLiving()) return row;
  }
  isRingsTurn_ = !isRingsTurn_;
  MemberRow* row = isRingsTurn_ ? table_.nextAlive() : nullptr;
  return row ? row : nextInRound();
}

// Everyone in turn, in an order that is shuffled after each round, so that each pair of members
// meets within a bounded time.
MemberRow* Membership::Impl::nextInRound() {
  std::vector<MemberRow*>& others = table_.others();
  for (size_t looked = 0; looked < others.size(); looked++) {
    if (nextInRound_ >= others.size()) {
      for (size_t i = others.size() - 1; i > 0; i--) std::swap(others[i], others[draw(i + 1)]);
      nextInRound_ = 0;
    }
    MemberRow* row = others[nextInRound_++];
    if (row->isLiving()) return row;
  }
  return nullptr;
}

// Says who we are, too, in case we are not known there; and what is thought of it (buddy system).
wire::Message Membership::Impl::pingFor(const MemberRow& row, uint32_t sequence) {
  wire::Message message = begin();
  message.mutable_ping()->set_sequence(sequence);
  message.mutable_ping()->set_target(row.member.id.text().data(), NodeId::length);
  std::vector<const MemberRow*> first{&table_.self()};
  if (row.member.status != Status::alive) first.push_back(&row);
  piggyback(message, first);
  return message;
}

void Membership::Impl::askOthers(Time now) {
  probe_->othersAsked = true;
  MemberRow* target = table_.find(probe_->target);
  auto canHelp = [&](const MemberRow& row) {
    return row.member.status == Status::alive && &row != target;
  };
  for (const MemberRow* helper : some(options_.indirectProbes, canHelp)) {
    probe_->helpers.push_back(helper->member.id);
    wire::Message message = begin();
    wire::PingRequest& request = *message.mutable_ping_request();
    request.set_sequence(probe_->sequence);
    request.set_target(probe_->target.text().data(), NodeId::length);
    const Endpoint& gossip = target->member.gossip;
    request.set_ip(gossip.ip.data(), gossip.ip.size());
    request.set_gossip_port(gossip.port);
    piggyback(message, {});
    network_.datagram(receiver(helper->member), std::move(message));
  }
  network_.stream(probe_->target, pingFor(*target, probe_->sequence));
  endProbeIfHopeless(now);
}

// It has not answered, on any way.
void Membership::Impl::endProbe(Time now) {
  // Whoever does not even hear the nacks of those that it asked should doubt itself.
  size_t silent = probe_->helpers.size() - probe_->nacked.size();
  beAware(probe_->helpers.empty() ? 1 : static_cast<int>(silent));
  MemberRow& row = *table_.find(probe_->target);
  bool isRefused = probe_->isRefused;
  probe_.reset();
  const NodeId& self = table_.self().member.id;
  if (row.member.status == Status::alive) {
    suspect(now, row, self, row.member.incarnation);
  } else if (row.member.status == Status::suspect) {
    confirm(now, row, self);
  }
  if (!isRefused || !row.suspicion) return;
  row.suspicion->refused();
  nextSuspicion_ = std::min(nextSuspicion_, dueOf(*row.suspicion));
}

// Refused by the machine where it should run, and silent to everyone that we asked: no need to
// wait.
void Membership::Impl::endProbeIfHopeless(Time now) {
  if (!probe_->streamFailed || probe_->nacked.size() < probe_->helpers.size()) return;
  endProbe(now);
}

void Membership::Impl::streamFailed(Time now, const NodeId& to, bool isRefused) {
  if (probe_ && probe_->othersAsked && probe_->target == to) {
    probe_->streamFailed = true;
    probe_->isRefused = isRefused;
    endProbeIfHopeless(now);
    return;
  }
  silent(now, to);
}

// What is under way to it will not be answered, so that there is nothing to wait for.
void Membership::Impl::datagramRefused(Time now, const Endpoint& at) {
  auto isThere = [&](const MemberRow* row) { return row && row->member.gossip == at; };
  for (Relay& relay : relays_) {
    if (relay.nacked || !isThere(table_.find(relay.target))) continue;
    relay.nackAt = now;
    nextRelay_ = std::min(nextRelay_, now);
  }
  if (probe_ && isThere(table_.find(probe_->target))) {
    probe_->othersAt = std::min(probe_->othersAt, now);
    return;
  }
  for (const MemberRow* row : table_.others()) {
    if (isThere(row) && row->isLiving() && !(row->suspicion && row->suspicion->isConfirmed()))
      return probeSoon(now, row->member.id);
  }
}

void Membership::Impl::silent(Time now, const NodeId& id) {
  const MemberRow* row = table_.find(id);
  if (row && row->isLiving()) probeSoon(now, id);
}

void Membership::Impl::receivePing(const NodeId& sender, std::optional<Endpoint> from,
                                   const wire::Ping& ping, bool spokenOf) {
  if (ping.target() != table_.self().member.id.text()) return;
  const MemberRow* asker = table_.find(sender);
  if (!from && !asker) return;  // nowhere to answer to
  wire::Message message = begin();
  message.mutable_ack()->set_sequence(ping.sequence());
  std::vector<const MemberRow*> first;
  if (spokenOf || isLeaving()) first.push_back(&table_.self());
  if (asker && asker->member.status != Status::alive) first.push_back(asker);
  piggyback(message, first);
  if (from) {
    network_.datagram({sender, *from}, std::move(message));
  } else {
    network_.stream(sender, std::move(message));
  }
}

void Membership::Impl::receivePingRequest(Time now, const NodeId& sender,
                                          std::optional<Endpoint> from,
                                          const wire::PingRequest& request) {
  auto target = NodeId::parse(request.target());
  // Only members are pinged, where we know them to be: nobody shall aim us at others.
  const MemberRow* row = target ? table_.find(*target) : nullptr;
  if (!from || !row || row == &table_.self() || relays_.size() >= maxRelays) return;
  // The nack must be back before the asker's interval ends.
  Time wait = (options_.probeInterval - options_.probeTimeout) / 2;
  relays_.push_back({{sender, *from},
                     request.sequence(),
                     *target,
                     nextSequence_++,
                     now + wait,
                     now + options_.probeInterval});
  nextRelay_ = std::min(nextRelay_, relays_.back().nackAt);
  network_.datagram(receiver(row->member), pingFor(*row, relays_.back().sequence));
}

void Membership::Impl::receiveAck(Time now, const NodeId& sender, bool byStream,
                                  uint32_t sequence) {
  if (probe_ && probe_->sequence == sequence) {
    bool isDirect = sender == probe_->target;
    const std::vector<NodeId>& helpers = probe_->helpers;
    if (!isDirect && std::find(helpers.begin(), helpers.end(), sender) == helpers.end()) return;
    MemberRow* row = table_.find(sender);
    if (row && isDirect && !byStream) noteRoundTrip(*row, clock(now) - probe_->sentAt);
    beAware(-1);
    probe_.reset();
    if (!probeSoon_.empty()) nextProbe_ = std::min(nextProbe_, now + probesApart);
    return;
  }
  auto relay = std::find_if(relays_.begin(), relays_.end(), [&](const Relay& relay) {
    return relay.sequence == sequence && relay.target == sender;
  });
  if (relay == relays_.end()) return;
  wire::Message message = begin();
  message.mutable_ack()->set_sequence(relay->askersSequence);
  piggyback(message, {});
  network_.datagram(relay->asker, std::move(message));
  relays_.erase(relay);
}

// As TCP smooths it (RFC 6298, section 2).
void Membership::Impl::noteRoundTrip(MemberRow& row, std::chrono::microseconds took) {
  row.roundTrip = row.roundTrip.count() < 0 ? took : (row.roundTrip * 7 + took) / 8;
}

void Membership::Impl::receiveNack(Time now, const NodeId& sender, uint32_t sequence) {
  if (!probe_ || probe_->sequence != sequence) return;
  std::vector<NodeId>& nacked = probe_->nacked;
  const std::vector<NodeId>& helpers = probe_->helpers;
  if (std::find(helpers.begin(), helpers.end(), sender) == helpers.end()) return;
  if (std::find(nacked.begin(), nacked.end(), sender) != nacked.end()) return;
  nacked.push_back(sender);
  endProbeIfHopeless(now);
}

void Membership::Impl::tickRelays(Time now) {
  nextRelay_ = Time::max();
  std::erase_if(relays_, [&](const Relay& relay) { return now >= relay.endsAt; });
  for (Relay& relay : relays_) {
    if (!relay.nacked && now >= relay.nackAt) {
      relay.nacked = true;
      wire::Message message = begin();
      message.mutable_nack()->set_sequence(relay.askersSequence);
      piggyback(message, {});
      network_.datagram(relay.asker, std::move(message));
    }
    nextRelay_ = std::min(nextRelay_, relay.nacked ? relay.endsAt : relay.nackAt);
  }
}

// We had no processor, so answers may lie here unread: nobody shall be blamed for that.
void Membership::Impl::makeUpFor(Time lateness) {
  beAware(1);
  if (probe_) {
    probe_->othersAt += lateness;
    probe_->endsAt += lateness;
  }
  for (const NodeId& id : suspects_) table_.find(id)->suspicion->postpone(lateness);
  if (nextSuspicion_ != Time::max()) nextSuspicion_ += lateness;
  for (Relay& relay : relays_) {
    relay.nackAt += lateness;
    relay.endsAt += lateness;
  }
}

void Membership::Impl::beAware(int by) {
  awareness_ = std::clamp(awareness_ + by, 0, options_.maxAwareness - 1);
}

}  // namespace cluster
