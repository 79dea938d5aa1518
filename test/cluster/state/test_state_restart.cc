// States of owners that start again, of a backup, or twice.

#include "cluster/state/state.h"

#include <criterion/criterion.h>

#include <string>
#include <vector>

#include "test/cluster/state_stage.h"

using namespace test;
using cluster::NodeId;
using cluster::StateOptions;
using cluster::Time;
using cluster::wire::Message;

Test(state, a_restarted_owner_replaces_what_it_said_without_a_gap) {
  StateStage stage(3);
  stage.put(0, "kept", "1");
  stage.put(0, "gone", "1");
  stage[0].finishReload(stage.now);
  stage.run(Time(3'000));
  stage.begin(0, 1'000);
  stage.connect(0);
  stage.put(0, "kept", "1");
  stage.put(0, "fresh", "1");
  stage.run(Time(3'000));
  cr_expect_eq(stage.value(1, 0, "gone"), "1", "until it has said all");
  cr_expect_eq(stage.value(1, 0, "fresh"), "1");
  stage[0].finishReload(stage.now);
  auto took = stage.runUntil(Time(100), [&] { return stage.agree(); });
  cr_assert(took.has_value());
  for (size_t i = 0; i < 3; i++) {
    cr_expect_eq(stage.value(i, 0, "kept"), "1");
    cr_expect_eq(stage.value(i, 0, "gone"), "-");
  }
  cr_expect_not(has(stage.site(1).told, "0 kept erased"));
  cr_expect(has(stage.site(1).told, "0 gone erased"));
}

Test(state, who_missed_the_restart_catches_up) {
  StateOptions options;
  options.maxDelta = 1'000;
  StateStage stage(3, options);
  for (int i = 0; i < 20; i++) stage.put(0, "k" + std::to_string(i), std::string(300, 'x'));
  stage[0].finishReload(stage.now);
  stage.run(Time(4'000));
  stage.connect(0, {0, 1});
  stage.connect(1, {0, 1});
  stage.disconnect(2);
  stage.begin(0, 1'000);
  stage.connect(0, {0, 1});
  for (int i = 10; i < 30; i++) stage.put(0, "k" + std::to_string(i), std::string(300, 'x'));
  stage[0].finishReload(stage.now);
  stage.run(Time(4'000));
  for (size_t i = 0; i < 3; i++) stage.connect(i);
  auto took = stage.runUntil(Time(10'000), [&] { return stage.agree(); });
  cr_assert(took.has_value());
  cr_expect_eq(stage.value(2, 0, "k9"), "-");
  cr_expect_eq(stage[2].records(), 20);
  cr_expect_not(has(stage.site(2).told, "0 k15 erased"));
}

Test(state, a_restored_backup_wins_with_versions_above_all_that_were_used) {
  StateStage stage(4);
  for (int i = 0; i < 30; i++) stage.put(0, "k" + std::to_string(i % 7), std::to_string(i));
  stage[0].finishReload(stage.now);
  stage.run(Time(3'000));
  // It begins where a process did whose versions were used already.
  stage.begin(0, 5);
  stage.put(0, "k1", "restored");
  stage.put(0, "new", "restored");
  stage[0].finishReload(stage.now);
  stage.connect(0);
  auto took = stage.runUntil(Time(10'000), [&] { return stage.agree(); });
  cr_assert(took.has_value());
  cr_expect_gt(stage[0].ownVersion(), 31);
  for (size_t i = 0; i < 4; i++) {
    cr_expect_eq(stage.value(i, 0, "k1"), "restored");
    cr_expect_eq(stage.value(i, 0, "k2"), "-");
  }
  cr_expect_not(stage.site(0).refused.empty());
  cr_expect(stage.site(0).refused[0].starts_with("0: "));
}

Test(state, a_restored_backup_wins_even_if_its_versions_overtook_the_old_ones_unseen) {
  StateStage stage(4);
  for (int i = 0; i < 30; i++) stage.put(0, "k" + std::to_string(i), "old");
  stage[0].finishReload(stage.now);
  stage.run(Time(3'000));
  stage.begin(0, 5);
  for (int i = 0; i < 60; i++) stage.put(0, "n" + std::to_string(i), "restored");
  stage[0].finishReload(stage.now);
  stage.connect(0);
  auto took = stage.runUntil(Time(20'000), [&] { return stage.agree(); });
  cr_assert(took.has_value());
  for (size_t i = 0; i < 4; i++) {
    cr_expect_eq(stage[i].records(), 60, "site %zu has %zu", i, stage[i].records());
    cr_expect_eq(stage.value(i, 0, "n0"), "restored");
  }
}

Test(state, clones_disturb_each_other_at_most_once_in_an_interval) {
  StateStage stage(3);
  stage.put(0, "a", "1");
  stage.run(Time(3'000));
  uint64_t before = stage[0].ownVersion();
  for (int i = 1; i <= 50; i++) {
    Message forged = newsOf(0, 0, before + 10 * i);
    addRecord(forged, "a", before + 10 * i, "clone's");
    stage[0].receive(stage.now, nodeId(1), forged);
  }
  cr_expect_eq(stage.site(0).refused.size(), 1);
  cr_expect_eq(stage.value(0, 0, "a"), "1");
  cr_expect_gt(stage[0].ownVersion(), before + 10);
}
