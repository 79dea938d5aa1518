// News that are forged or make no sense, and what they may not do to a state.

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

Test(state, refuses_news_that_contradict_themselves) {
  auto outOfOrder = [] {
    Message message = newsOf(1, 0, 5);
    addRecord(message, "a", 4, "1");
    addRecord(message, "b", 3, "1");
    return message;
  };
  auto beyond = [] {
    Message message = newsOf(1, 0, 5);
    addRecord(message, "a", 6, "1");
    return message;
  };
  auto noKey = [] {
    Message message = newsOf(1, 0, 5);
    addRecord(message, "", 5, "1");
    return message;
  };
  auto tooLarge = [] {
    Message message = newsOf(1, 0, 5);
    addRecord(message, "a", 5, std::string(2'000'000, 'x'));
    return message;
  };
  auto backwards = [] { return newsOf(1, 9, 5); };
  auto absurd = [] { return newsOf(1, 0, ~uint64_t{0}); };
  auto highFloor = [] {
    Message message = newsOf(1, 0, 5);
    message.mutable_state_news()->mutable_deltas(0)->set_floor(7);
    return message;
  };
  for (const Message& bad :
       {outOfOrder(), beyond(), noKey(), tooLarge(), backwards(), absurd(), highFloor()}) {
    StateStage stage(2);
    uint64_t hash = stage[0].hash();
    stage[0].receive(stage.now, nodeId(1), bad);
    cr_expect_eq(stage.site(0).refused.size(), 1, "%s", bad.ShortDebugString().c_str());
    cr_expect_eq(stage[0].hash(), hash);
    cr_expect_eq(stage[0].versions().size(), 0);
  }
}

Test(state, ignores_ids_that_are_none) {
  StateStage stage(2);
  Message message = newsOf(1, 0, 5);
  message.mutable_state_news()->mutable_deltas(0)->set_owner("nobody");
  stage[0].receive(stage.now, nodeId(1), message);
  Message digest;
  digest.mutable_state_digest()->add_versions()->set_owner(std::string("\0\xff", 2));
  stage[0].receive(stage.now, nodeId(1), digest);
  cr_expect_eq(stage[0].versions().size(), 0);
  cr_expect_eq(stage.site(0).refused.size(), 0);
}

Test(state, refuses_an_owner_with_too_much_and_too_many_owners) {
  StateOptions options;
  options.maxRecords = 5;
  options.maxOwners = 3;
  StateStage stage(1, options);
  Message many = newsOf(1, 0, 11);
  for (int i = 1; i <= 11; i++) addRecord(many, "k" + std::to_string(i), i, "1");
  stage[0].receive(stage.now, nodeId(1), many);
  cr_expect_eq(stage[0].records(), 0);
  cr_expect_eq(stage.site(0).refused.size(), 1);
  for (size_t owner = 2; owner < 6; owner++) {
    Message news = newsOf(owner, 0, 1);
    addRecord(news, "a", 1, "1");
    stage[0].receive(stage.now, nodeId(owner), news);
  }
  cr_expect_eq(stage[0].records(), 2, "two and ourselves are three");
  cr_expect_eq(stage.site(0).refused.size(), 3);
}

Test(state, an_absurd_version_of_ours_does_not_break_the_counter) {
  StateStage stage(2);
  stage.put(0, "a", "1");
  stage[0].receive(stage.now, nodeId(1), newsOf(0, 0, ~uint64_t{0}));
  cr_expect_lt(stage[0].ownVersion(), 100);
}

Test(state, an_owner_gets_its_word_back_after_the_highest_lie) {
  uint64_t most = 1'000;
  StateOptions options;
  options.maxVersion = [&most] { return most; };
  StateStage stage(3, options);
  stage.put(1, "a", "true");
  stage.put(1, "b", "true");
  stage.run(Time(3'000));
  auto lie = [&](uint64_t version) {
    Message message = newsOf(1, 2, version);
    addRecord(message, "a", version, "lie");
    return message;
  };
  // Too high to be gone above.
  for (uint64_t version : {most + 1, uint64_t{1} << 62}) {
    stage[0].receive(stage.now, nodeId(2), lie(version));
    cr_expect_eq(stage.value(0, 1, "a"), "true");
    stage[1].receive(stage.now, nodeId(2), lie(version));
    cr_expect_lt(stage[1].ownVersion(), most);
  }
  cr_expect_eq(stage.site(0).refused.size(), 2);
  cr_expect(has(stage.site(0).refused, "1: a version ahead of this node's clock"));
  // As high as is believed, and then no higher until the clock has gone on.
  stage[0].receive(stage.now, nodeId(2), lie(most));
  cr_expect_eq(stage.value(0, 1, "a"), "lie");
  stage.run(Time(3'000));
  cr_expect_gt(stage[1].ownVersion(), most);
  cr_expect_eq(stage.value(0, 1, "a"), "lie");
  most += 1'000;
  auto agreed = stage.runUntil(Time(3'000), [&] {
    return stage.value(0, 1, "a") == "true" && stage.value(2, 1, "a") == "true";
  });
  cr_expect(agreed.has_value());
  stage.put(1, "c", "new");
  stage.run(Time(3'000));
  cr_expect_eq(stage.value(0, 1, "b") + stage.value(2, 1, "c"), "truenew");
  cr_expect(stage.agree());
}

Test(state, an_owner_that_starts_anew_goes_above_a_lie_that_it_missed) {
  uint64_t most = 1'000;
  StateOptions options;
  options.maxVersion = [&most] { return most; };
  StateStage stage(3, options);
  stage.put(1, "a", "true");
  stage.run(Time(3'000));
  stage.disconnect(1);
  Message message = newsOf(1, 1, most);
  addRecord(message, "a", most, "lie");
  addRecord(message, "z", most, "lie");
  message.mutable_state_news()->mutable_deltas(0)->mutable_records(0)->set_version(most - 1);
  for (size_t site : {0, 2}) stage[site].receive(stage.now, nodeId(2), message);
  most += 1'000;
  stage.begin(1, 50);
  stage.connect(1);
  stage.put(1, "a", "again");
  stage[1].finishReload(stage.now);
  stage.run(Time(5'000));
  cr_expect_gt(stage[1].ownVersion(), 1'000);
  for (size_t site : {0, 2}) {
    cr_expect_eq(stage.value(site, 1, "a"), "again");
    cr_expect_eq(stage.value(site, 1, "z"), "-");
  }
  cr_expect(stage.agree());
}
