// How high numbers may be that others say of a node.

#include "cluster/number_bounds.h"

#include <criterion/criterion.h>

using namespace cluster;

namespace {

constexpr Instant at(int64_t seconds) {
  return Instant(std::chrono::seconds(seconds));
}
constexpr int64_t in2026 = 1'795'000'000;
constexpr uint64_t oneDay = 86'400;

}  // namespace

Test(number_bounds, leave_room_for_all_that_is_true_and_go_on_with_the_clock) {
  cr_expect_eq(versionsBy(at(0)), 2 * oneDay * 1'000'000, "also by a clock that was never set");
  cr_expect_eq(versionsBy(at(-5)), versionsBy(at(0)));
  cr_expect_eq(versionsBy(at(in2026)), (in2026 + 2 * oneDay) * 1'000'000);
  cr_expect_eq(incarnationsBy(at(in2026)), (in2026 + 2 * oneDay) * 1'000);
  cr_expect_lt(incarnationsBy(at(in2026)), uint64_t{1} << 48);
  cr_expect_eq(versionsBy(at(in2026 + 1)) - versionsBy(at(in2026)), 1'000'000);
}

Test(number_bounds, a_start_is_where_the_disk_says_unless_that_cannot_be) {
  cr_expect_eq(firstVersion(7'000'001, at(in2026)), 7'000'001);
  cr_expect_eq(firstVersion(7'000'001, at(0)), 7'000'001);
  uint64_t raised = versionsBy(at(in2026));
  cr_expect_eq(firstVersion(raised, at(0)), raised, "whatever our clock says now");
  for (uint64_t absurd : {uint64_t{1} << 54, uint64_t{1} << 62}) {
    cr_expect_eq(firstVersion(absurd, at(in2026)), in2026 * 1'000'000ull);
    cr_expect_lt(firstVersion(absurd, at(in2026)), versionsBy(at(in2026)));
  }
}
