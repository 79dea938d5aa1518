// A claim that is under way: who is asked for it, and what their answers come to.

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "cluster/claims/claims_impl.h"
#include "cluster/envelope.h"

namespace cluster {

void Claims::Impl::claim(Time now, std::string key, std::string holder, Done done) {
  Name name(key, holder);
  auto [found, fresh] = claims_.try_emplace(name);
  Claim& claim = found->second;
  claim.done.push_back(std::move(done));
  if (!fresh) return;
  forgetViews(now);
  claim.key = std::move(key);
  claim.holder = std::move(holder);
  claim.quorums = quorums(claim.key);
  claim.since = now;
  claim.number = ++lastNumber_;
  byNumber_[claim.number] = name;
  ask(now, claim);
  proceed(now, claim);
}

// Asks everyone who has not granted it yet.
void Claims::Impl::ask(Time now, Claim& claim) {
  releases_.erase({claim.key, claim.holder});
  claim.backsOff = false;
  claim.retryAt = now + options_.retryAfter;
  std::set<NodeId> members;
  for (const Quorum& quorum : claim.quorums) members.insert(quorum.begin(), quorum.end());
  wire::Message message = envelope(self_);
  wire::ClaimAsk& ask = *message.mutable_claim_ask();
  ask.set_claim(claim.number);
  ask.set_key(claim.key);
  ask.set_holder(claim.holder);
  ask.set_keep_ms(options_.keepFor.count());
  for (const NodeId& member : members) {
    auto answer = claim.answers.find(member);
    if (answer != claim.answers.end() && answer->second.verdict() == wire::ClaimAnswer::GRANTED)
      continue;
    if (answer != claim.answers.end()) claim.answers.erase(answer);
    claim.asked.insert(member);
    if (member == self_) {
      claim.answers[self_] = grants_.answer(now, self_, ask);
    } else {
      network_.stream(member, message);
    }
  }
}

void Claims::Impl::answered(Time now, const NodeId& sender, const wire::ClaimAnswer& answer) {
  auto name = byNumber_.find(answer.claim());
  if (name == byNumber_.end()) return;
  Claim& claim = claims_.at(name->second);
  if (!claim.asked.contains(sender) || sender == self_) return;
  claim.answers[sender] = answer;
  claim.silent.erase(sender);
  proceed(now, claim);
}

bool Claims::Impl::proceed(Time now, Claim& claim) {
  for (auto it = claim.answers.begin(); it != claim.answers.end();) {
    const wire::ClaimAnswer& answer = it->second;
    if (answer.verdict() != wire::ClaimAnswer::HELD || answer.owner().empty()) {
      ++it;
    } else if (isOutdated(claim, answer)) {
      it = claim.answers.erase(it);
      claim.retryAt = std::min(claim.retryAt, now + options_.retryAfter / 8);
    } else {
      finish(now, claim, Verdict::held, answer.holder());
      return false;
    }
  }

  auto isWon = [&](const Quorum& quorum) {
    return count(claim, quorum, wire::ClaimAnswer::GRANTED) >= majority(quorum);
  };
  if (!claim.quorums[0].empty() && std::all_of(claim.quorums.begin(), claim.quorums.end(), isWon)) {
    finish(now, claim, Verdict::granted);
    return false;
  }

  std::set<std::string> others = rivals(claim);
  for (const std::string& rival : others) {
    if (!hasWon(claim, rival)) continue;
    finish(now, claim, Verdict::held, rival);
    return false;
  }
  // Nobody has a majority. The one with the smallest name keeps what it has, the others make way.
  if (others.empty() || isWaiting(claim)) return true;
  if (*others.begin() < claim.holder) {
    backOff(now, claim);
  } else {
    claim.retryAt = std::min(claim.retryAt, now + options_.retryAfter / 8);
  }
  return true;
}

// Whether a record that somebody refused us for is gone, as far as we have seen.
bool Claims::Impl::isOutdated(const Claim& claim, const wire::ClaimAnswer& answer) const {
  std::optional<NodeId> owner = NodeId::parse(answer.owner());
  if (!owner || world_.versionOf(*owner) <= answer.version()) return false;
  std::optional<Holding> holding = world_.holding(claim.key);
  return !holding || holding->holder == claim.holder;
}

size_t Claims::Impl::count(const Claim& claim, const Quorum& quorum,
                           wire::ClaimAnswer::Verdict verdict) const {
  return std::count_if(quorum.begin(), quorum.end(), [&](const NodeId& member) {
    auto answer = claim.answers.find(member);
    return answer != claim.answers.end() && answer->second.verdict() == verdict;
  });
}

size_t Claims::Impl::unanswered(const Claim& claim, const Quorum& quorum) const {
  return std::count_if(quorum.begin(), quorum.end(),
                       [&](const NodeId& member) { return !claim.answers.contains(member); });
}

bool Claims::Impl::isWaiting(const Claim& claim) const {
  return std::any_of(claim.asked.begin(), claim.asked.end(), [&](const NodeId& member) {
    return !claim.answers.contains(member) && !claim.silent.contains(member);
  });
}

void Claims::Impl::markSilent(Claim& claim) {
  for (const NodeId& member : claim.asked) {
    if (!claim.answers.contains(member)) claim.silent.insert(member);
  }
}

std::set<std::string> Claims::Impl::rivals(const Claim& claim) const {
  std::set<std::string> holders;
  for (const auto& [member, answer] : claim.answers) {
    if (answer.verdict() == wire::ClaimAnswer::HELD) holders.insert(answer.holder());
  }
  return holders;
}

bool Claims::Impl::hasWon(const Claim& claim, const std::string& rival) const {
  return std::all_of(claim.quorums.begin(), claim.quorums.end(), [&](const Quorum& quorum) {
    size_t grants = std::count_if(quorum.begin(), quorum.end(), [&](const NodeId& member) {
      auto answer = claim.answers.find(member);
      return answer != claim.answers.end() && answer->second.holder() == rival &&
             answer->second.verdict() == wire::ClaimAnswer::HELD;
    });
    return grants >= majority(quorum);
  });
}

// Gives back what it was granted and asks again later. Answers to the earlier question no longer
// count: what they grant may have been given to somebody else since.
void Claims::Impl::backOff(Time now, Claim& claim) {
  if (!held_.contains({claim.key, claim.holder})) letGo(now, claim.asked, claim.key, claim.holder);
  claim.answers.clear();
  byNumber_.erase(claim.number);
  claim.number = ++lastNumber_;
  byNumber_[claim.number] = {claim.key, claim.holder};
  uint64_t jitter = base::spread(base::hashOf(self_.text()) + claim.number);
  Time half = options_.retryAfter / 2;
  claim.retryAt = now + half + Time(jitter % (half.count() + 1));
  claim.backsOff = true;
}

void Claims::Impl::giveUp(Time now, Claim& claim) {
  std::set<std::string> others = rivals(claim);
  const Quorum& quorum = claim.quorums[0];
  size_t spoken = count(claim, quorum, wire::ClaimAnswer::GRANTED) +
                  count(claim, quorum, wire::ClaimAnswer::HELD);
  bool held = !others.empty() && spoken >= majority(quorum);
  finish(now, claim, held ? Verdict::held : Verdict::unreachable,
         held ? *others.begin() : std::string());
}

void Claims::Impl::finish(Time now, Claim& claim, Verdict verdict, std::string holder) {
  Name name(claim.key, claim.holder);
  ClaimResult result;
  result.verdict = verdict;
  result.holder = verdict == Verdict::granted ? claim.holder : std::move(holder);
  result.responsible = static_cast<int>(claim.quorums[0].size());
  result.abstained = static_cast<int>(count(claim, claim.quorums[0], wire::ClaimAnswer::ABSTAINED));
  result.reached = result.responsible - static_cast<int>(unanswered(claim, claim.quorums[0]));
  if (verdict == Verdict::granted) {
    // Counted from when we began to ask, so that nobody has forgotten it before we have.
    Held& held = held_[name];
    held.by.insert(claim.asked.begin(), claim.asked.end());
    held.until = claim.since + options_.keepFor;
  } else if (auto held = held_.find(name); held == held_.end() || held->second.until <= now) {
    letGo(now, claim.asked, claim.key, claim.holder);
  }
  byNumber_.erase(claim.number);
  auto ended = claims_.extract(name);
  for (Done& done : ended.mapped().done) done(result);
}

}  // namespace cluster
