#pragma once

// Things of which the cluster has one: a name, a block of addresses, a number. A claim is granted
// by a majority of the members responsible for its key: the five that rank first for it by
// rendezvous hashing (Thaler, Ravishankar: "Using Name-Based Mappings to Increase Hit Rates", 1998)
// among all members that did not leave, dead ones included, so that two halves of a split never
// both have a majority. A grant lasts until it is released or a record stands for it, or for its
// time, and in any case as long as the member that asked for it is away. An automaton as membership
// is.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cluster/claim_service.h"
#include "cluster/claims/grant_log.h"
#include "cluster/network.h"
#include "cluster/types.h"

namespace cluster {

struct ClaimOptions {
  int responsible = 5;
  Time answerWithin{1'000};  // then the claim ends as unreachable
  Time retryAfter{250};      // those that have not answered are asked again
  Time keepFor{10'000};  // a grant, unless renewed; who forgot abstains as long. Equal everywhere
  // A grant of which the asker came back, from then on: time to tell what it has by records.
  Time keepForBack{5'000};
  Time releaseAgain{500};     // what was released at a member that could not be reached
  size_t maxGrants = 65'536;  // that we keep
  size_t maxGrantsOfMember = 4'096;
};

// What the granting side looks up, and may be asked of by claims only.
class ClaimWorld {
 public:
  virtual ~ClaimWorld() = default;
  // Who holds `key` by a record; nothing if nobody.
  virtual std::optional<Holding> holding(const std::string& key) const = 0;
  // The version of that owner's records that is known here.
  virtual uint64_t versionOf(const NodeId& owner) const = 0;
  // Whether this member is taken for dead: what it asked an engine for may have come to be.
  virtual bool isAway(const NodeId& member) const = 0;
};

class Claims {
 public:
  using Done = std::function<void(const ClaimResult&)>;

  Claims(NodeId self, ClaimOptions options, Network& network, const ClaimWorld& world);
  ~Claims();

  // `hadLife`: an earlier life of ours may have granted what still counts. It is taken up from
  // `log`, which then keeps what is granted; without that nothing is granted for keepFor.
  void start(Time now, bool hadLife, GrantLog* log = nullptr);
  // Everyone that counts: all members but those that left or were removed, ourselves included. For
  // twice keepFor after a change a claim also needs a majority of those responsible before, unless
  // the two majorities overlap anyway.
  void setMembers(Time now, std::vector<NodeId> members);

  // Asks for `key` in the name of `holder`; the same holder may ask again and is granted again.
  // `done` is called once, perhaps before this returns. A grant that a record will not stand for
  // within keepFor must be renewed by claiming again.
  void claim(Time now, std::string key, std::string holder, Done done);
  // Gives it back: before a record stood for it, or when that record was erased. Not while a claim
  // of the same holder is under way.
  void release(Time now, const std::string& key, const std::string& holder);
  // What was sent to that member may not have arrived. What was released there is released again,
  // so that the grant does not outlive the claim.
  void streamFailed(Time now, const NodeId& to);
  // Those responsible for this key, first ranked first.
  std::vector<NodeId> responsible(const std::string& key) const;

  // Messages whose body is one of claims'; others are left alone.
  void receive(Time now, const NodeId& sender, const wire::Message& message);
  void tick(Time now);
  Time nextTick() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cluster
