#pragma once

// How much looking one request may ask for, so that none keeps the daemon busy. Readers of
// expressions take from it; what goes beyond is a BadValue.

#include "labels/problem.h"

#include <cstddef>
#include <string>

namespace labels {

class Budget {
 public:
  void takeRule(size_t at) { take(rules_, maxRules, "rules", at); }
  // A glob or a regular expression, which is held against many texts.
  void takeSearch(size_t at) {
    take(searches_, maxSearches, "wildcards and regular expressions", at);
  }

 private:
  static constexpr size_t maxRules = 1'024, maxSearches = 128;

  static void take(size_t& taken, size_t most, const char* what, size_t at) {
    if (taken == most)
      throw BadValue{at, "one container may have at most " + std::to_string(most) + " " + what};
    taken++;
  }

  size_t rules_ = 0;
  size_t searches_ = 0;
};

}  // namespace labels
