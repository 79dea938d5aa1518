#include "cluster/claims/claims.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/hash.h"
#include "cluster/claims/grants.h"
#include "cluster/envelope.h"
#include "cluster/wire.pb.h"

namespace cluster {
namespace {

using Verdict = ClaimResult::Verdict;

// Members of which a claim needs more than half.
using Quorum = std::vector<NodeId>;

// Changes of membership that are remembered. When more come, the one before all of them still is.
constexpr size_t viewsMost = 8;
// Releases that are remembered, to be told again.
constexpr size_t releasesMost = 1024;

size_t majority(const Quorum& quorum) {
  return quorum.size() / 2 + 1;
}

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

class Claims::Impl {
 public:
  Impl(NodeId self, ClaimOptions options, Network& network, const ClaimWorld& world)
      : self_(self), options_(options), network_(network), world_(world), grants_(options, world) {}

  // That a grant is over with its asker, or that all members answer and have started anew, is no
  // reason to forget it:
  // - What the asker had told an engine goes on without it: the container may appear after the
  //   asker's next life has listed containers and said that its records are complete.
  // - "All" are those whom this member remembers. One that is cut off has not started anew, may
  //   hold grants of a majority of lives that are over, and counts on them for as long as they
  //   last.
  // So they are kept over a restart, or nothing is granted until all of them would be over.
  void start(Time now, bool hadLife, GrantLog* log) { grants_.start(now, hadLife, self_, log); }
  void setMembers(Time now, std::vector<NodeId> members);
  void claim(Time now, std::string key, std::string holder, Done done);
  void release(Time now, const std::string& key, const std::string& holder);
  void streamFailed(Time now, const NodeId& to);
  Quorum responsible(const std::string& key) const { return responsible(key, members_); }
  void receive(Time now, const NodeId& sender, const wire::Message& message);
  void tick(Time now);
  Time nextTick() const;

 private:
  struct Claim {
    uint64_t number = 0;  // of the questions whose answers count
    std::string key;
    std::string holder;
    std::vector<Done> done;
    std::vector<Quorum> quorums;  // the first is the present one
    std::map<NodeId, wire::ClaimAnswer> answers;
    std::set<NodeId> asked;
    Time since{0};
    Time retryAt{0};
    std::set<NodeId> silent;  // did not answer in time; not waited for again
    bool backsOff = false;    // asks nobody before retryAt
  };
  using Name = std::pair<std::string, std::string>;  // key and holder
  struct View {
    std::vector<NodeId> members;
    Time until;
  };
  struct Held {
    std::set<NodeId> by;
    Time until;
  };
  // That a name was let go.
  struct Release {
    std::set<NodeId> told;
    std::set<NodeId> missed;  // those of them that could not be reached
    Time until;               // when nobody has the grant any more
  };

  Quorum responsible(const std::string& key, const std::vector<NodeId>& members) const;
  std::vector<Quorum> quorums(const std::string& key) const;
  void forgetViews(Time now);
  void ask(Time now, Claim& claim);
  void answered(Time now, const NodeId& sender, const wire::ClaimAnswer& answer);
  // Goes on with it, or ends it and returns false.
  bool proceed(Time now, Claim& claim);
  bool isOutdated(const Claim& claim, const wire::ClaimAnswer& answer) const;
  size_t count(const Claim& claim, const Quorum& quorum, wire::ClaimAnswer::Verdict verdict) const;
  size_t unanswered(const Claim& claim, const Quorum& quorum) const;
  // Whether somebody who is not silent may still answer.
  bool isWaiting(const Claim& claim) const;
  void markSilent(Claim& claim);
  // To whom else it was granted by some, first the one with the smallest name.
  std::set<std::string> rivals(const Claim& claim) const;
  bool hasWon(const Claim& claim, const std::string& rival) const;
  void backOff(Time now, Claim& claim);
  void giveUp(Time now, Claim& claim);
  void finish(Time now, Claim& claim, Verdict verdict, std::string holder = {});
  void letGo(Time now, const std::set<NodeId>& members, const std::string& key,
             const std::string& holder);
  void tellRelease(const NodeId& member, const std::string& key, const std::string& holder);
  void releaseAgain(Time now);

  NodeId self_;
  ClaimOptions options_;
  Network& network_;
  const ClaimWorld& world_;
  Grants grants_;
  std::vector<NodeId> members_;
  std::vector<View> before_;  // what members_ was not long ago
  std::map<Name, Claim> claims_;
  std::map<uint64_t, Name> byNumber_;
  std::map<Name, Held> held_;  // granted to us
  std::map<Name, Release> releases_;
  Time releaseAgainAt_ = Time::max();
  uint64_t lastNumber_ = 0;
};

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
  if (before_.size() > viewsMost) before_.erase(before_.begin() + 1);
  members_ = std::move(members);
  for (auto& [name, claim] : claims_) {
    claim.quorums = quorums(claim.key);
    claim.retryAt = std::min(claim.retryAt, now);
  }
}

// ---- asking

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
  if (releases_.size() >= releasesMost)
    std::erase_if(releases_, [&](const auto& each) { return each.second.until <= now; });
  if (releases_.size() < releasesMost)
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
