// States that talk to each other over a network in memory; each test tells what one of them writes
// and what the others must know of it.

#include "cluster/state/state.h"

#include <criterion/criterion.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "test/cluster/state_stage.h"

using namespace test;
using cluster::NodeId;
using cluster::StateOptions;
using cluster::Time;
using cluster::Versions;
using cluster::wire::Message;
using cluster::wire::OwnerDelta;

namespace {

using Letter = StateStage::Letter;
using Strings = std::vector<std::string>;

bool noDatagrams(const Letter& letter) {
  return letter.isStream;
}

std::string keysOf(StateStage& stage, size_t site, const std::string& prefix) {
  std::string keys;
  stage[site].each(prefix,
                   [&](const NodeId& owner, const std::string& key, const cluster::Record&) {
                     keys += StateStage::Site::short_(owner) + "/" + key + " ";
                   });
  return keys;
}

}  // namespace

// ---- one alone

Test(state, finds_what_was_put_and_tells_the_listener) {
  StateStage stage(1);
  stage.put(0, "container/a", "1");
  stage.put(0, "container/b", "2");
  stage.put(0, "network/a", "3");
  stage.erase(0, "container/b");
  cr_expect_eq(stage.value(0, 0, "container/a"), "1");
  cr_expect_eq(stage.value(0, 0, "container/b"), "-");
  cr_expect_eq(keysOf(stage, 0, "container/"), "0/container/a ");
  cr_expect_eq(keysOf(stage, 0, ""), "0/container/a 0/network/a ");
  cr_expect_eq(stage[0].records(), 2);
  Strings expected = {"0 container/a=1", "0 container/b=2", "0 network/a=3",
                      "0 container/b erased"};
  cr_expect(stage.site(0).told == expected);
}

Test(state, writing_what_is_there_changes_nothing) {
  StateStage stage(1);
  stage.put(0, "a", "1");
  uint64_t version = stage[0].ownVersion(), hash = stage[0].hash();
  stage.put(0, "a", "1");
  stage.erase(0, "b");
  cr_expect_eq(stage[0].ownVersion(), version);
  cr_expect_eq(stage[0].hash(), hash);
  cr_expect_eq(stage.site(0).told.size(), 1);
  stage.put(0, "a", "2");
  cr_expect_eq(stage[0].ownVersion(), version + 1);
  cr_expect_neq(stage[0].hash(), hash);
}

Test(state, refuses_to_put_what_breaks_a_limit) {
  StateOptions options;
  options.maxValue = 10;
  options.maxKey = 5;
  options.maxRecords = 3;
  options.maxBytes = 20;
  StateStage stage(1, options);
  stage.put(0, "", "1");
  stage.put(0, "longer", "1");
  stage.put(0, "a", std::string(11, 'x'));
  cr_expect_eq(stage.site(0).refused.size(), 3);
  stage.put(0, "a", std::string(10, 'x'));
  stage.put(0, "b", std::string(10, 'x'));
  cr_expect_eq(stage.value(0, 0, "b"), "-", "22 bytes are more than 20");
  stage.put(0, "b", "1");
  stage.put(0, "c", "1");
  stage.put(0, "d", "1");
  cr_expect_eq(stage.value(0, 0, "d"), "-", "a fourth record");
  cr_expect_eq(stage.site(0).refused.size(), 5);
  cr_expect_eq(stage[0].records(), 3);
}

// ---- news

Test(state, a_change_reaches_all_of_a_hundred_soon_in_spite_of_losses) {
  for (unsigned loss : {0u, 5u}) {
    StateStage stage(100);
    for (size_t i = 0; i < 100; i++) stage.put(i, "node", "up");
    cr_assert(stage.runUntil(Time(20'000), [&] { return stage.agree(); }).has_value());
    stage.run(Time(500));
    stage.loss = loss;
    Time longest{0};
    for (int i = 0; i < 20; i++) {
      stage.put(i, "container/web", "running");
      auto took = stage.runUntil(Time(2'000), [&] { return stage.agree(); });
      cr_assert(took.has_value());
      longest = std::max(longest, *took);
      stage.run(Time(200));
    }
    cr_expect_leq(longest.count(), 90, "with %u %% loss it took %d ms", loss,
                  static_cast<int>(longest.count()));
    cr_expect_leq(stage.largestPacket, cluster::maxPacket);
  }
}

Test(state, news_stop_being_told_once_everyone_knows) {
  StateStage stage(20);
  stage.run(Time(3'000));
  stage.put(0, "a", "1");
  stage.datagrams = 0;
  stage.run(Time(1'000));
  cr_expect(stage.agree());
  stage.run(Time(500));  // the last ones are told seldom
  cr_expect_leq(stage.datagrams, 20 * 5, "%zu datagrams for one change", stage.datagrams);
  stage.datagrams = 0;
  stage.run(Time(2'000));
  cr_expect_eq(stage.datagrams, 0);
}

Test(state, survives_news_lost_doubled_and_out_of_order) {
  StateStage stage(10);
  stage.loss = 30;
  stage.doubling = 30;
  stage.shuffles = true;
  std::mt19937_64 random(3);
  for (int i = 0; i < 600; i++) {
    size_t site = random() % 10;
    std::string key = "k" + std::to_string(random() % 5);
    if (random() % 3 == 0) {
      stage.erase(site, key);
    } else {
      stage.put(site, key, std::to_string(i));
    }
    stage.run(Time(random() % 10));
  }
  cr_assert(stage.runUntil(Time(10'000), [&] { return stage.agree(); }).has_value());
  for (size_t owner = 0; owner < 10; owner++) {
    for (int k = 0; k < 5; k++) {
      std::string key = "k" + std::to_string(k);
      cr_expect_eq(stage.value((owner + 1) % 10, owner, key), stage.value(owner, owner, key));
    }
  }
  for (auto& site : stage.sites) cr_expect(site->refused.empty());
}

Test(state, works_without_any_datagram) {
  StateStage stage(8);
  stage.passes = noDatagrams;
  for (size_t i = 0; i < 8; i++) stage.put(i, "a", std::to_string(i));
  auto took = stage.runUntil(Time(20'000), [&] { return stage.agree(); });
  cr_expect(took.has_value());
}

Test(state, a_change_comes_once_to_the_listener_of_each) {
  StateStage stage(5);
  stage.doubling = 50;
  stage.put(0, "a", "1");
  stage.run(Time(3'000));
  for (auto& site : stage.sites) {
    cr_expect_eq(std::count(site->told.begin(), site->told.end(), "0 a=1"), 1);
  }
}

Test(state, confidential_records_never_go_into_a_datagram_whoever_passes_them_on) {
  StateStage stage(30);
  bool leaked = false;
  stage.passes = [&](const Letter& letter) {
    std::string bytes = letter.message.SerializeAsString();
    if (!letter.isStream && bytes.find("secret") != bytes.npos) leaked = true;
    return true;
  };
  stage.run(Time(2'000));
  stage.put(0, "key", "secret", true);
  stage.put(0, "other", "open");
  auto took = stage.runUntil(Time(1'000), [&] { return stage.agree(); });
  cr_assert(took.has_value());
  cr_expect_leq(took->count(), 500, "it took %d ms", static_cast<int>(took->count()));
  cr_expect_eq(stage.value(29, 0, "key"), "secret");
  stage.put(0, "key", "secret 2", true);
  stage.run(Time(1'000));
  cr_expect_eq(stage.value(29, 0, "key"), "secret 2");
  cr_expect_not(leaked);
}

Test(state, a_record_too_large_for_a_datagram_spreads_as_fast) {
  StateStage stage(50);
  stage.run(Time(2'000));
  std::string large(500'000, 'x');
  stage.put(0, "large", large);
  auto took = stage.runUntil(Time(2'000), [&] { return stage.agree(); });
  cr_assert(took.has_value());
  cr_expect_leq(took->count(), 250, "it took %d ms", static_cast<int>(took->count()));
  cr_expect_eq(stage.value(49, 0, "large"), large);
}

// ---- reconciliation

Test(state, equal_states_compare_hashes_only) {
  StateStage stage(4);
  for (size_t i = 0; i < 4; i++) stage.put(i, "a", std::to_string(i));
  stage.run(Time(5'000));
  cr_assert(stage.agree());
  bool onlyHashes = true;
  size_t seen = 0;
  stage.passes = [&](const Letter& letter) {
    seen++;
    if (letter.message.ByteSizeLong() > 60) onlyHashes = false;
    return true;
  };
  stage.run(Time(5'000));
  cr_expect(onlyHashes);
  cr_expect(seen >= 4 * 3 && seen <= 4 * 7, "%zu messages", seen);
}

Test(state, ten_megabytes_come_in_bounded_pieces_and_starve_nobody) {
  StateOptions options;
  StateStage stage(4, options);
  for (size_t i = 0; i < 4; i++) stage.disconnect(i);
  for (int i = 0; i < 10'000; i++)
    stage.put(0, "record/" + std::to_string(i), std::string(1'000, 'a' + i % 26));
  for (size_t i = 0; i < 3; i++) stage.connect(i, {0, 1, 2});
  auto took = stage.runUntil(
      Time(30'000), [&] { return stage[1].records() == 10'000 && stage[2].records() == 10'000; });
  cr_assert(took.has_value());
  cr_expect_leq(took->count(), 5'000);
  cr_expect_leq(stage.largestStream, options.maxDelta + 10'000);
  // The newcomer gets the others' few records before the last of the many.
  stage.put(1, "small", "1");
  stage.put(2, "small", "2");
  stage.run(Time(3'000));
  for (size_t i = 0; i < 4; i++) stage.connect(i);
  stage.runUntil(Time(10'000), [&] { return stage.value(3, 2, "small") == "2"; });
  cr_expect_lt(stage[3].records(), 9'000, "%zu are there", stage[3].records());
  took = stage.runUntil(Time(30'000), [&] { return stage.agree(); });
  cr_expect(took.has_value());
}

Test(state, does_not_claim_to_know_what_a_cut_delta_left_out) {
  StateOptions options;
  options.maxDelta = 2'000;
  StateStage stage(2, options);
  stage.passes = noDatagrams;
  stage.put(0, "k", "old");
  stage.run(Time(3'000));
  stage.put(0, "k", "new");
  Versions seen = stage[0].versions();
  for (int i = 0; i < 10; i++) stage.put(0, "filler" + std::to_string(i), std::string(900, 'x'));
  stage.put(0, "k", "newest");
  bool partlyThere = false;
  auto took = stage.runUntil(Time(5'000), [&] {
    if (stage.value(1, 0, "filler0") != "-" && stage.value(1, 0, "k") == "old") {
      partlyThere = true;
      cr_expect_not(stage[1].covers(seen), "it holds the record from before");
    }
    return stage[1].covers(seen);
  });
  cr_expect(took.has_value());
  cr_expect(partlyThere);
  cr_expect_eq(stage.value(1, 0, "k"), "newest");
}

Test(state, covers_and_versions_tell_who_has_seen_what) {
  StateStage stage(3);
  stage.put(0, "a", "1");
  stage.run(Time(3'000));
  stage.passes = [](const Letter&) { return false; };
  stage.put(0, "a", "2");
  stage.put(1, "b", "1");
  Versions seen = stage[0].versions();
  cr_expect(stage[0].covers(seen));
  cr_expect_not(stage[2].covers(seen));
  cr_expect(stage[2].covers({}));
  cr_expect_not(stage[2].covers({{nodeId(9), 1}}));
  stage.passes = [](const Letter&) { return true; };
  stage[2].pullFrom(stage.now, nodeId(0));
  stage.settle();
  cr_expect(stage[2].covers(seen), "pulled without waiting");
  cr_expect_eq(stage.value(2, 0, "a"), "2");
}

Test(state, a_newcomer_without_any_record_is_told_all_by_a_pull) {
  StateStage stage(2);
  stage.disconnect(0);
  stage.disconnect(1);
  for (int i = 0; i < 2'000; i++) stage.put(0, std::to_string(i), std::string(1'000, 'x'));
  stage[1].pullFrom(stage.now, nodeId(0));
  stage.settle();
  cr_expect_eq(stage[1].records(), 2'000);
  cr_expect(stage[1].covers(stage[0].versions()));
}

// ---- what was erased

Test(state, an_erased_record_never_comes_back_after_a_long_absence) {
  StateOptions options;
  options.tombstonesFor = Time(16'000);
  StateStage stage(4, options);
  stage.put(0, "gone", "1");
  stage.put(0, "stays", "1");
  stage.run(Time(3'000));
  cr_assert_eq(stage.value(3, 0, "gone"), "1");
  // The last one is away until nobody has the tombstone any more.
  for (size_t i = 0; i < 3; i++) stage.connect(i, {0, 1, 2});
  stage.disconnect(3);
  stage.erase(0, "gone");
  stage.run(Time(40'000));
  stage.put(0, "later", "1");
  stage.run(Time(1'000));
  cr_assert_eq(stage.value(3, 0, "gone"), "1");
  stage.site(3).told.clear();
  for (size_t i = 0; i < 4; i++) stage.connect(i);
  cr_assert(stage.runUntil(Time(10'000), [&] { return stage.agree(); }).has_value());
  for (size_t i = 0; i < 4; i++) cr_expect_eq(stage.value(i, 0, "gone"), "-");
  cr_expect_eq(stage.value(3, 0, "stays"), "1");
  Strings expected = {"0 later=1", "0 gone erased"};
  cr_expect(stage.site(3).told == expected, "what stayed is not told again");
}

Test(state, the_return_after_a_long_absence_is_in_pieces_and_shows_no_gap) {
  StateOptions options;
  options.tombstonesFor = Time(16'000);
  options.maxDelta = 2'000;
  StateStage stage(3, options);
  for (int i = 0; i < 50; i++) stage.put(0, "k" + std::to_string(i), std::string(300, 'x'));
  stage.run(Time(5'000));
  stage.connect(0, {0, 1});
  stage.connect(1, {0, 1});
  stage.disconnect(2);
  for (int i = 0; i < 50; i += 5) stage.erase(0, "k" + std::to_string(i));
  stage.run(Time(40'000));
  for (size_t i = 0; i < 3; i++) stage.connect(i);
  auto took = stage.runUntil(Time(10'000), [&] {
    cr_assert_neq(stage.value(2, 0, "k1"), "-");
    // More tombstones are forgotten while it is told, and it still comes to an end.
    stage.put(0, "churn", std::to_string(stage.now.count()));
    if (stage.now.count() % 100 == 0) stage.erase(0, "churn");
    return stage.value(2, 0, "k0") == "-";
  });
  cr_expect(took.has_value());
  stage.runUntil(Time(10'000), [&] { return stage.agree(); });
  cr_expect(stage.agree());
}

Test(state, tombstones_are_bounded) {
  StateOptions options;
  options.maxRecords = 100;
  StateStage stage(2, options);
  for (int i = 0; i < 1'000; i++) {
    stage.put(0, "k" + std::to_string(i), "1");
    stage.erase(0, "k" + std::to_string(i));
  }
  stage.put(0, "last", "1");
  Message largest;
  size_t tombstones = 0;
  stage.passes = [&](const Letter& letter) {
    for (const OwnerDelta& delta : letter.message.state_delta().deltas())
      tombstones = std::max<size_t>(tombstones, delta.records_size());
    return letter.isStream;
  };
  stage.run(Time(5'000));
  cr_expect(tombstones > 10 && tombstones <= 101, "%zu records were sent", tombstones);
  cr_expect(stage.agree());
}

// ---- owners that are gone

Test(state, a_dead_owners_records_become_equal_even_if_the_last_transfer_was_broken_off) {
  StateOptions options;
  options.maxDelta = 2'000;
  StateStage stage(3, options);
  stage.passes = noDatagrams;
  for (int i = 0; i < 20; i++) stage.put(0, "k" + std::to_string(i), std::string(300, 'x'));
  stage.run(Time(5'000));
  cr_assert(stage.agree());
  // The second is told the first part of what the owner wrote last, then the owner dies.
  stage.put(0, "first", std::string(900, 'x'));
  for (int i = 0; i < 20; i++) stage.put(0, "k" + std::to_string(i), std::string(300, 'y'));
  int deltas = 0;
  stage.passes = [&](const Letter& letter) {
    if (letter.from == 2 || letter.to == 2) return false;
    if (letter.from == 0 && letter.message.has_state_delta()) deltas++;
    return letter.isStream && deltas <= 1;
  };
  stage.runUntil(Time(5'000), [&] { return stage.value(1, 0, "first") != "-"; });
  stage.sites[0]->state.reset();
  stage.passes = [](const Letter& letter) { return letter.from != 0 && letter.to != 0; };
  stage.connect(1, {1, 2});
  stage.connect(2, {1, 2});
  auto took = stage.runUntil(Time(60'000), [&] { return stage[1].hash() == stage[2].hash(); });
  cr_assert(took.has_value());
  cr_expect_eq(stage[1].records(), stage[2].records());
  cr_expect_eq(stage.value(1, 0, "k5"), stage.value(2, 0, "k5"));
  cr_expect_neq(stage.value(1, 0, "k5"), "-");
}

Test(state, a_forgotten_owner_is_gone_and_not_taken_again) {
  StateStage stage(3);
  for (size_t i = 0; i < 3; i++) stage.put(i, "a", "1");
  stage.run(Time(3'000));
  stage[0].forget(nodeId(2));
  cr_expect_eq(stage.value(0, 2, "a"), "-");
  cr_expect(has(stage.site(0).told, "2 a erased"));
  cr_expect(stage[0].covers({{nodeId(2), 100}}));
  stage.put(2, "b", "1");
  stage.run(Time(3'000));
  cr_expect_eq(stage[0].records(), 2);
  stage[1].forget(nodeId(2));
  cr_expect_eq(stage[0].hash(), stage[1].hash());
  cr_expect_eq(stage[0].versions().size(), 2);
}
