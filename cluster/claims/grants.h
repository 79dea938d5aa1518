#pragma once

// What one member has granted: for each key the holder that it promised it to, and until when.
// Pure, but for the log that it may be given.

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "cluster/claims/claims.h"
#include "cluster/claims/grant_log.h"
#include "cluster/wire.pb.h"

namespace cluster {

class Grants {
 public:
  Grants(ClaimOptions options, const ClaimWorld& world) : options_(options), world_(world) {}

  // From now on `log`, which must outlive it, keeps what is granted; none if null. After an earlier
  // life, whose grants may still count, those are taken up from it; if it does not have them,
  // nothing is granted for keepFor.
  void start(Time now, bool hadLife, const NodeId& self, GrantLog* log);
  // The answer, but for its number.
  wire::ClaimAnswer answer(Time now, const NodeId& asker, const wire::ClaimAsk& ask);
  // Only who was granted last may give it back.
  void release(const NodeId& asker, const std::string& key, const std::string& holder);
  // Forgets what is over. While its asker is away a grant goes on, and for keepForBack after the
  // asker came back, which may have a record for it by then.
  void expire(Time now);
  // When the first of them is over; Time::max() if there are none.
  Time nextExpiry() const;
  size_t size() const { return grants_.size(); }

 private:
  struct Grant {
    std::string holder;
    NodeId asker;
    Time until;
    bool wasAway = false;  // the asker, when the grant would have been over
  };
  using ByKey = std::map<std::string, Grant>;

  bool isOver(Time now, const Grant& grant) const;
  bool isFull(const NodeId& asker) const;
  void add(const KeptGrant& grant);
  void drop(ByKey::iterator grant);
  void keepLogShort(Time now);

  ClaimOptions options_;
  const ClaimWorld& world_;
  ByKey grants_;
  std::map<NodeId, size_t> byAsker_;
  std::set<std::pair<Time, std::string>> byTime_;
  Time abstainUntil_ = Time::min();
  NodeId self_;
  GrantLog* log_ = nullptr;
};

}  // namespace cluster
