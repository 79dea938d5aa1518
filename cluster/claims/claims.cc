#include "cluster/claims/claims.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "cluster/claims/claims_impl.h"
#include "cluster/envelope.h"

namespace cluster {
namespace {

// Changes of membership that are remembered. When more come, the one before all of them still is.
constexpr size_t maxViews = 8;
// Releases that are remembered, to be told again.
constexpr size_t maxReleases = 1024;

bool contains(const Quorum& quorum, const NodeId& member) {
  return std::find(quorum.begin(), quorum.end(), member) != quorum.end();
}

// Whether every majority of the one has a member in every majority of the other. The worst case
// takes first those that the other does not have.
bool alwaysOverlap(const Quorum& one, const Quorum& other) {
  size_t common =
      std::count_if(one.begin(), one.end(), [&](const NodeId& id) { return contains(other, id); });
  auto neededOfCommon = [&](const Quorum& quorum) {
    size_t own = quorum.size() - common;
    return majority(quorum) > own ? majority(quorum) - own : 0;
  };
  return neededOfCommon(one) + neededOfCommon(other) > common;
}

}  // namespace

// ---- who is responsible

Quorum Claims::Impl::responsible(const std::string& key, const std::vector<NodeId>& members) const {
  uint64_t seed = base::hashOf(key);
  std::vector<std::pair<uint64_t, NodeId>> ranked;
  ranked.reserve(members.size());
  for (const NodeId& member : members)
    ranked.push_back({base::hashOf(member.text(), seed), member});
  size_t count = std::min<size_t>(ranked.size(), options_.responsible);
  auto last = ranked.begin() + static_cast<std::ptrdiff_t>(count);
  std::partial_sort(ranked.begin(), last, ranked.end(), std::greater<>());
  Quorum quorum;
  quorum.reserve(count);
  for (size_t i = 0; i < count; i++) quorum.push_back(ranked[i].second);
  return quorum;
}

// A claim of somebody who has not heard of the change yet must not win beside one of somebody who
// has. Changed memberships need the majorities of both (Ongaro: "Consensus: Bridging Theory and
// Practice", 2014, section 4.3) where those might not overlap.
std::vector<Quorum> Claims::Impl::quorums(const std::string& key) const {
  std::vector<Quorum> list = {responsible(key)};
  for (const View& view : before_) {
    Quorum old = responsible(key, view.members);
    bool needed = std::none_of(list.begin(), list.end(),
                               [&](const Quorum& each) { return alwaysOverlap(each, old); });
    if (needed) list.push_back(std::move(old));
  }
  return list;
}

void Claims::Impl::forgetViews(Time now) {
  std::erase_if(before_, [&](const View& view) { return view.until <= now; });
}

void Claims::Impl::setMembers(Time now, std::vector<NodeId> members) {
  if (!std::is_sorted(members.begin(), members.end(), std::less_equal<>())) {
    std::sort(members.begin(), members.end());
    members.erase(std::unique(members.begin(), members.end()), members.end());
  }
  if (members == members_) return;
  forgetViews(now);
  if (!members_.empty()) before_.push_back({std::move(members_), now + 2 * options_.keepFor});
  if (before_.size() > maxViews) before_.erase(before_.begin() + 1);
  members_ = std::move(members);
  for (auto& [name, claim] : claims_) {
    claim.quorums = quorums(claim.key);
    claim.retryAt = std::min(claim.retryAt, now);
  }
}

// ---- letting go

void Claims::Impl::release(Time now, const std::string& key, const std::string& holder) {
  std::set<NodeId> members;
  for (const Quorum& quorum : quorums(key)) members.insert(quorum.begin(), quorum.end());
  auto held = held_.find({key, holder});
  if (held != held_.end()) {
    members.insert(held->second.by.begin(), held->second.by.end());
    held_.erase(held);
  }
  letGo(now, members, key, holder);
  grants_.expire(now);
}

void Claims::Impl::letGo(Time now, const std::set<NodeId>& members, const std::string& key,
                         const std::string& holder) {
  for (const NodeId& member : members) tellRelease(member, key, holder);
  if (releases_.size() >= maxReleases)
    std::erase_if(releases_, [&](const auto& each) { return each.second.until <= now; });
  if (releases_.size() < maxReleases)
    releases_[{key, holder}] = {members, {}, now + options_.keepFor + options_.keepForBack};
}

void Claims::Impl::tellRelease(const NodeId& member, const std::string& key,
                               const std::string& holder) {
  if (member == self_) {
    grants_.release(self_, key, holder);
    return;
  }
  wire::Message message = envelope(self_);
  message.mutable_claim_release()->set_key(key);
  message.mutable_claim_release()->set_holder(holder);
  network_.stream(member, std::move(message));
}

void Claims::Impl::streamFailed(Time now, const NodeId& to) {
  for (auto& [name, release] : releases_) {
    if (!release.told.contains(to)) continue;
    release.missed.insert(to);
    releaseAgainAt_ = std::min(releaseAgainAt_, now + options_.releaseAgain);
  }
}

void Claims::Impl::releaseAgain(Time now) {
  releaseAgainAt_ = Time::max();
  std::erase_if(releases_, [&](const auto& each) { return each.second.until <= now; });
  for (auto& [name, release] : releases_) {
    for (const NodeId& member : std::exchange(release.missed, {}))
      tellRelease(member, name.first, name.second);
  }
}

// ---- messages and time

void Claims::Impl::receive(Time now, const NodeId& sender, const wire::Message& message) {
  if (message.has_claim_ask()) {
    wire::Message reply = envelope(self_);
    *reply.mutable_claim_answer() = grants_.answer(now, sender, message.claim_ask());
    reply.mutable_claim_answer()->set_claim(message.claim_ask().claim());
    network_.stream(sender, std::move(reply));
  } else if (message.has_claim_answer()) {
    answered(now, sender, message.claim_answer());
  } else if (message.has_claim_release()) {
    grants_.release(sender, message.claim_release().key(), message.claim_release().holder());
  }
}

void Claims::Impl::tick(Time now) {
  grants_.expire(now);
  if (releaseAgainAt_ <= now) releaseAgain(now);
  std::erase_if(held_, [&](const auto& held) { return held.second.until <= now; });
  std::vector<Name> due;
  for (const auto& [name, claim] : claims_) {
    if (std::min(claim.retryAt, claim.since + options_.answerWithin) <= now) due.push_back(name);
  }
  for (const Name& name : due) {
    auto found = claims_.find(name);
    if (found == claims_.end()) continue;
    Claim& claim = found->second;
    if (claim.since + options_.answerWithin <= now) {
      giveUp(now, claim);
      continue;
    }
    if (!claim.backsOff) {
      markSilent(claim);
      if (!proceed(now, claim) || claim.backsOff) continue;
    }
    ask(now, claim);
    proceed(now, claim);
  }
}

Time Claims::Impl::nextTick() const {
  Time next = std::min(grants_.nextExpiry(), releaseAgainAt_);
  for (const auto& [name, held] : held_) next = std::min(next, held.until);
  for (const auto& [name, claim] : claims_)
    next = std::min({next, claim.retryAt, claim.since + options_.answerWithin});
  return next;
}

// ---- the outside

Claims::Claims(NodeId self, ClaimOptions options, Network& network, const ClaimWorld& world)
    : impl_(std::make_unique<Impl>(self, options, network, world)) {}
Claims::~Claims() = default;

void Claims::start(Time now, bool hadLife, GrantLog* log) {
  impl_->start(now, hadLife, log);
}
void Claims::setMembers(Time now, std::vector<NodeId> members) {
  impl_->setMembers(now, std::move(members));
}
void Claims::claim(Time now, std::string key, std::string holder, Done done) {
  impl_->claim(now, std::move(key), std::move(holder), std::move(done));
}
void Claims::release(Time now, const std::string& key, const std::string& holder) {
  impl_->release(now, key, holder);
}
std::vector<NodeId> Claims::responsible(const std::string& key) const {
  return impl_->responsible(key);
}
void Claims::receive(Time now, const NodeId& sender, const wire::Message& message) {
  impl_->receive(now, sender, message);
}
void Claims::streamFailed(Time now, const NodeId& to) {
  impl_->streamFailed(now, to);
}
void Claims::tick(Time now) {
  impl_->tick(now);
}
Time Claims::nextTick() const {
  return impl_->nextTick();
}

}  // namespace cluster
