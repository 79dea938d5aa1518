#pragma once

// The inside of Claims. claims.cc has who is responsible and what is let go, claims_asking.cc what
// is asked for and what the answers come to.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cluster/claims/claims.h"
#include "cluster/claims/grants.h"
#include "cluster/wire.pb.h"

namespace cluster {

// Members of which a claim needs more than half.
using Quorum = std::vector<NodeId>;

inline size_t majority(const Quorum& quorum) {
  return quorum.size() / 2 + 1;
}

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
  using Verdict = ClaimResult::Verdict;
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

}  // namespace cluster
