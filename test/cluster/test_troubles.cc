// What is wrong, and for how long that is said.

#include "cluster/troubles.h"

#include <criterion/criterion.h>

using namespace cluster;
using Cause = Troubles::Cause;

Test(troubles, the_gravest_is_shown_and_each_goes_with_its_cause) {
  Troubles troubles;
  cr_expect_eq(troubles.text(), "");
  cr_expect(troubles.begin(Cause::disk, "full"));
  cr_expect(troubles.begin(Cause::removed, "removed"));
  cr_expect_eq(troubles.text(), "removed");
  cr_expect(troubles.end(Cause::removed));
  cr_expect_not(troubles.end(Cause::removed));
  cr_expect_eq(troubles.text(), "full");
  cr_expect(troubles.end(Cause::disk));
  cr_expect_eq(troubles.text(), "");
}

Test(troubles, one_that_is_not_told_again_goes_by_itself) {
  Troubles troubles;
  cr_expect(troubles.begin(Cause::clone, "a clone", Time(100)));
  cr_expect_not(troubles.begin(Cause::clone, "a clone", Time(200)), "no news");
  cr_expect_not(troubles.expire(Time(199)));
  cr_expect(troubles.begin(Cause::clone, "another clone", Time(300)));
  cr_expect_not(troubles.expire(Time(299)));
  cr_expect_eq(troubles.text(), "another clone");
  cr_expect(troubles.expire(Time(300)));
  cr_expect_eq(troubles.text(), "");
  troubles.begin(Cause::disk, "full");
  cr_expect_not(troubles.expire(Time(1'000'000)));
}
