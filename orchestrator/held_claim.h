#pragma once

// A claim that the cluster granted, for as long as what it is for is being made: that may take
// longer than a grant lasts, so it is renewed. It is given back when this goes, unless it was
// handed on to who sees to it from then on.

#include <string>

#include "base/log.h"
#include "base/loop.h"
#include "base/task.h"
#include "cluster/claim_service.h"
#include "cluster/nodes.h"

namespace orchestrator {

// Whether so many nodes are known to be dead that nobody has a majority. Then a new name is given
// all the same: one that was given out twice is settled when they come back.
bool hasNoMajority(const cluster::Nodes& nodes);

// For how long after its first try a claim is tried again that ended as
// `unreachable`: while nodes answer but abstain, since their hosts have just been booted, until
// they grant again (ClaimOptions::keepFor); else not for long.
base::milliseconds patienceFor(const cluster::ClaimResult& unreachable);

class HeldClaim {
 public:
  // All must outlive it.
  HeldClaim(base::Loop& loop, const cluster::Nodes& nodes, cluster::ClaimService& claims,
            base::Log& log);
  HeldClaim(const HeldClaim&) = delete;
  HeldClaim& operator=(const HeldClaim&) = delete;
  ~HeldClaim();

  // It was granted. Called once.
  void granted(std::string key, std::string holder);
  // It is neither renewed nor given back from now on. Its holder; empty if it was never granted.
  std::string handOn();

 private:
  void renewLater();
  base::Task<> renew();

  const cluster::Nodes& nodes_;
  cluster::ClaimService& claims_;
  base::Log& log_;
  std::string key_;
  std::string holder_;  // empty: there is nothing to give back
  base::Timer timer_;
  base::Scope renewing_;
};

}  // namespace orchestrator
