#include "cluster/claims/grants.h"

#include <algorithm>

namespace cluster {
namespace {

// Longer names are nobody's.
constexpr size_t maxName = 1024;
// So often it is seen whether an asker that was away is back.
constexpr Time lookAgain(1'000);

bool isSound(const wire::ClaimAsk& ask) {
  return !ask.key().empty() && ask.key().size() <= maxName && !ask.holder().empty() &&
         ask.holder().size() <= maxName;
}

}  // namespace

void Grants::start(Time now, bool hadLife, const NodeId& self, GrantLog* log) {
  self_ = self;
  log_ = log;
  std::optional<std::vector<KeptGrant>> kept;
  if (log_ && hadLife) kept = log_->load(self_, now);
  if (hadLife && !kept) abstainUntil_ = now + options_.keepFor;
  if (kept) {
    // Whoever asked may have gone and come back meanwhile.
    for (KeptGrant& each : *kept) {
      each.until = std::max(each.until, now + options_.keepForBack);
      if (!isFull(each.asker)) add(each);
    }
  }
  if (log_) log_->begin(self_, now, kept.value_or(std::vector<KeptGrant>()));
}

wire::ClaimAnswer Grants::answer(Time now, const NodeId& asker, const wire::ClaimAsk& ask) {
  wire::ClaimAnswer answer;
  answer.set_verdict(wire::ClaimAnswer::ABSTAINED);
  // We could not be sure to remember for longer what we promise.
  Time keep(ask.keep_ms());
  if (!isSound(ask) || keep > options_.keepFor) return answer;

  std::optional<Holding> holding = world_.holding(ask.key());
  if (holding && holding->holder != ask.holder()) {
    answer.set_verdict(wire::ClaimAnswer::HELD);
    answer.set_holder(holding->holder);
    answer.set_owner(std::string(holding->owner.text()));
    answer.set_version(holding->version);
    return answer;
  }
  if (now < abstainUntil_) return answer;

  auto found = grants_.find(ask.key());
  if (found != grants_.end() && found->second.holder != ask.holder() &&
      !isOver(now, found->second)) {
    answer.set_verdict(wire::ClaimAnswer::HELD);
    answer.set_holder(found->second.holder);
    return answer;
  }
  Time until = now + keep;
  if (found != grants_.end()) {
    if (found->second.holder == ask.holder()) until = std::max(until, found->second.until);
    drop(found);
  }
  if (isFull(asker)) return answer;
  KeptGrant grant = {ask.key(), ask.holder(), asker, until};
  add(grant);
  if (log_) log_->granted(now, grant);
  keepLogShort(now);
  answer.set_verdict(wire::ClaimAnswer::GRANTED);
  return answer;
}

void Grants::release(const NodeId& asker, const std::string& key, const std::string& holder) {
  auto found = grants_.find(key);
  if (found == grants_.end()) return;
  if (found->second.holder == holder && found->second.asker == asker) drop(found);
}

void Grants::expire(Time now) {
  while (!byTime_.empty() && byTime_.begin()->first <= now) {
    auto found = grants_.find(byTime_.begin()->second);
    Grant& grant = found->second;
    if (isOver(now, grant)) {
      drop(found);
      continue;
    }
    byTime_.erase(byTime_.begin());
    grant.wasAway = world_.isAway(grant.asker);
    grant.until = now + (grant.wasAway ? lookAgain : options_.keepForBack);
    byTime_.emplace(grant.until, found->first);
  }
}

bool Grants::isOver(Time now, const Grant& grant) const {
  return grant.until <= now && !grant.wasAway && !world_.isAway(grant.asker);
}

Time Grants::nextExpiry() const {
  return byTime_.empty() ? Time::max() : byTime_.begin()->first;
}

bool Grants::isFull(const NodeId& asker) const {
  auto count = byAsker_.find(asker);
  return grants_.size() >= options_.maxGrants ||
         (count != byAsker_.end() && count->second >= options_.maxGrantsOfMember);
}

void Grants::add(const KeptGrant& grant) {
  grants_[grant.key] = {grant.holder, grant.asker, grant.until, false};
  byAsker_[grant.asker]++;
  byTime_.emplace(grant.until, grant.key);
}

void Grants::keepLogShort(Time now) {
  if (!log_ || !log_->isLong()) return;
  std::vector<KeptGrant> all;
  for (const auto& [key, grant] : grants_)
    all.push_back({key, grant.holder, grant.asker, grant.until});
  log_->begin(self_, now, all);
}

void Grants::drop(ByKey::iterator grant) {
  if (log_) log_->dropped(grant->first);
  auto count = byAsker_.find(grant->second.asker);
  if (--count->second == 0) byAsker_.erase(count);
  byTime_.erase({grant->second.until, grant->first});
  grants_.erase(grant);
}

}  // namespace cluster
