#include "cluster/membership/suspicion.h"

#include <algorithm>
#include <cmath>

namespace cluster {
namespace {

Time lasting(size_t confirmed, int wanted, Time least, Time most) {
  if (wanted < 1) return least;
  double share = std::log(double(confirmed) + 1) / std::log(double(wanted) + 1);
  return std::max(least, most - Time(std::llround(share * double((most - least).count()))));
}

}  // namespace

Suspicion::Suspicion(Time now, const NodeId& accuser, int confirmations, Time least, Time most,
                     Time soonest)
    : accusers_{accuser},
      confirmations_(confirmations),
      least_(least),
      most_(std::max(least, most)),
      deadline_(now + lasting(0, confirmations, least_, most_)),
      soonest_(now + soonest) {}

bool Suspicion::confirm(const NodeId& accuser) {
  if (isConfirmed()) return false;
  if (std::find(accusers_.begin(), accusers_.end(), accuser) != accusers_.end()) return false;
  Time before = lasting(accusers_.size() - 1, confirmations_, least_, most_);
  accusers_.push_back(accuser);
  deadline_ -= before - lasting(accusers_.size() - 1, confirmations_, least_, most_);
  endSoonIfCertain();
  return true;
}

void Suspicion::refused() {
  isRefused_ = true;
  endSoonIfCertain();
}

void Suspicion::endSoonIfCertain() {
  if (isRefused_ && isConfirmed() && !wasAsked_) deadline_ = std::min(deadline_, soonest_);
}

void Suspicion::postpone(Time by) {
  deadline_ += by;
  soonest_ += by;
}

void Suspicion::ask(Time now, Time within) {
  wasAsked_ = true;
  deadline_ = std::max(deadline_, now + within);
}

}  // namespace cluster
