// What is wrong, and for how long that is said.

#include "cluster/node_conditions.h"

#include <criterion/criterion.h>

using namespace cluster;
using Cause = NodeConditions::Cause;

Test(conditions, the_gravest_is_shown_and_each_goes_with_its_cause) {
  NodeConditions conditions;
  cr_expect_eq(conditions.text(), "");
  cr_expect(conditions.begin(Cause::disk, "full"));
  cr_expect(conditions.begin(Cause::removed, "removed"));
  cr_expect_eq(conditions.text(), "removed");
  cr_expect(conditions.end(Cause::removed));
  cr_expect_not(conditions.end(Cause::removed));
  cr_expect_eq(conditions.text(), "full");
  cr_expect(conditions.end(Cause::disk));
  cr_expect_eq(conditions.text(), "");
}

Test(conditions, one_that_is_not_told_again_goes_by_itself) {
  NodeConditions conditions;
  cr_expect(conditions.begin(Cause::clone, "a clone", Time(100)));
  cr_expect_not(conditions.begin(Cause::clone, "a clone", Time(200)), "no news");
  cr_expect_not(conditions.expire(Time(199)));
  cr_expect(conditions.begin(Cause::clone, "another clone", Time(300)));
  cr_expect_not(conditions.expire(Time(299)));
  cr_expect_eq(conditions.text(), "another clone");
  cr_expect(conditions.expire(Time(300)));
  cr_expect_eq(conditions.text(), "");
  conditions.begin(Cause::disk, "full");
  cr_expect_not(conditions.expire(Time(1'000'000)));
}
