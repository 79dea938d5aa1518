#include "orchestrator/held_claim.h"

#include <utility>

#include "base/fault.h"

namespace orchestrator {
namespace {

// Well within ClaimOptions::keepFor.
constexpr base::milliseconds renewEvery(3'000);

}  // namespace

bool hasNoMajority(const cluster::Nodes& nodes) {
  size_t up = 0, all = 0;
  for (const cluster::Node& each : nodes.nodes()) {
    all++;
    if (each.up) up++;
  }
  return up < all && up * 2 <= all;
}

base::milliseconds patienceFor(const cluster::ClaimResult& unreachable) {
  constexpr base::milliseconds abstainWait(12'000), silentWait(2'500);
  bool mayBeGranted = unreachable.reached * 2 > unreachable.responsible;
  return mayBeGranted && unreachable.abstained > 0 ? abstainWait : silentWait;
}

HeldClaim::HeldClaim(base::Loop& loop, const cluster::Nodes& nodes, cluster::ClaimService& claims,
                     base::Log& log)
    : nodes_(nodes),
      claims_(claims),
      log_(log),
      timer_(loop),
      renewing_(base::tellFaults(log, "claims")) {}

HeldClaim::~HeldClaim() {
  if (!holder_.empty()) claims_.release(key_, holder_);
}

void HeldClaim::granted(std::string key, std::string holder) {
  key_ = std::move(key);
  holder_ = std::move(holder);
  renewLater();
}

std::string HeldClaim::handOn() {
  timer_.stop();
  return std::exchange(holder_, {});
}

void HeldClaim::renewLater() {
  timer_.start(renewEvery, [this] {
    renewing_.spawn(renew());
    renewLater();
  });
}

base::Task<> HeldClaim::renew() {
  if (!nodes_.clustered()) co_return;
  cluster::ClaimResult result = co_await claims_.claim(key_, holder_);
  if (result.verdict == cluster::ClaimResult::Verdict::held && !holder_.empty())
    log_.warn("claim lost during a create", {{"claim", key_}});
}

}  // namespace orchestrator
