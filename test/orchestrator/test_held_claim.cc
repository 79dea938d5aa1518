// For how long a claim that ended as unreachable is tried again.

#include "orchestrator/held_claim.h"

#include <criterion/criterion.h>

using cluster::ClaimResult;

namespace {

ClaimResult unreachable(int reached, int abstained) {
  ClaimResult result;
  result.reached = reached;
  result.abstained = abstained;
  result.responsible = 5;
  return result;
}

}  // namespace

Test(held_claim, waits_long_only_while_those_that_abstain_could_make_a_majority) {
  base::milliseconds brief = orchestrator::patienceFor(unreachable(0, 0));
  cr_expect_leq(brief.count(), 2'500);
  cr_expect(orchestrator::patienceFor(unreachable(2, 2)) == brief, "too few answer");
  cr_expect(orchestrator::patienceFor(unreachable(4, 0)) == brief,
            "they answer, and would not grant");
  cr_expect_gt(orchestrator::patienceFor(unreachable(3, 1)).count(), 10'000,
               "they grant when they are sure");
}
