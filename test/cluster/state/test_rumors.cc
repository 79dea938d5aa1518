#include "cluster/state/rumors.h"

#include <criterion/criterion.h>

#include "test/cluster/state_stage.h"

using cluster::Rumors;
using cluster::Time;
using test::nodeId;

// Gathers for 5 ms, tells again after 20.
Test(rumors, are_told_soon_then_each_interval_until_the_copies_are_spent) {
  Rumors rumors(Time(5), Time(20));
  cr_expect_eq(rumors.nextDue().count(), Time::max().count());
  rumors.add(Time(100), nodeId(1), 7, 8, 8);
  cr_expect_eq(rumors.nextDue().count(), 105);
  cr_expect(!rumors.firstDue(Time(104)));
  cr_assert(rumors.firstDue(Time(105)));
  cr_expect_eq(rumors.firstDue(Time(105))->base, 7);
  rumors.told(Time(105), nodeId(1), 4);
  cr_expect_eq(rumors.nextDue().count(), 125);
  rumors.told(Time(125), nodeId(1), 4);
  cr_expect_eq(rumors.nextDue().count(), Time::max().count());
}

Test(rumors, each_one_heard_again_saves_a_copy_once_it_was_told) {
  Rumors rumors(Time(5), Time(20));
  rumors.add(Time(0), nodeId(1), 7, 8, 6);
  rumors.heardAgain(nodeId(1), 8);
  rumors.told(Time(5), nodeId(1), 4);
  rumors.heardAgain(nodeId(1), 7);
  cr_expect_eq(rumors.nextDue().count(), 25, "an older version is no sign");
  rumors.heardAgain(nodeId(1), 8);
  rumors.heardAgain(nodeId(1), 9);
  cr_expect_eq(rumors.nextDue().count(), Time::max().count());
}

Test(rumors, changes_in_a_row_are_told_from_before_the_oldest_that_is_still_worth_it) {
  Rumors rumors(Time(5), Time(20));
  rumors.add(Time(0), nodeId(1), 1, 2, 8);
  rumors.add(Time(3), nodeId(1), 2, 3, 8);
  cr_expect_eq(rumors.nextDue().count(), 5, "the first does not wait longer for the second");
  rumors.told(Time(5), nodeId(1), 4);
  rumors.add(Time(6), nodeId(1), 3, 4, 8);
  cr_expect_eq(rumors.nextDue().count(), 15, "half an interval after the last telling");
  cr_expect_eq(rumors.firstDue(Time(15))->base, 1);
  rumors.told(Time(15), nodeId(1), 4);
  cr_assert(rumors.firstDue(Time(35)));
  cr_expect_eq(rumors.firstDue(Time(35))->base, 3, "the first two were told twice");
}

Test(rumors, what_has_waited_longest_is_told_first) {
  Rumors rumors(Time(5), Time(20));
  rumors.add(Time(1), nodeId(1), 1, 2, 8);
  rumors.add(Time(0), nodeId(3), 1, 2, 8);
  rumors.add(Time(0), nodeId(2), 1, 2, 8);
  cr_expect(rumors.firstDue(Time(6))->owner == nodeId(2));
  rumors.told(Time(6), nodeId(2), 4);
  cr_expect(rumors.firstDue(Time(6))->owner == nodeId(3));
  rumors.told(Time(6), nodeId(3), 4);
  cr_expect(rumors.firstDue(Time(6))->owner == nodeId(1));
  rumors.told(Time(6), nodeId(1), 4);
  cr_expect(!rumors.firstDue(Time(25)));
  cr_expect(rumors.firstDue(Time(26))->owner == nodeId(1));
}

Test(rumors, can_be_dropped) {
  Rumors rumors(Time(5), Time(20));
  rumors.add(Time(0), nodeId(2), 1, 2, 8);
  rumors.add(Time(0), nodeId(1), 1, 2, 8);
  rumors.drop(nodeId(1));
  cr_expect(rumors.firstDue(Time(5))->owner == nodeId(2));
  rumors.clear();
  cr_expect(!rumors.firstDue(Time(5)));
  cr_expect_eq(rumors.nextDue().count(), Time::max().count());
}
