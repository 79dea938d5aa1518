// Membership: tables, splits, restarts and clones, and who believes whom afterwards.

#include "cluster/membership/membership.h"

#include <criterion/criterion.h>

#include "test/cluster/membership_stage.h"

using namespace test;

Test(membership, asks_for_a_table_until_it_gets_one) {
  MembershipStage stage(1);
  Membership& membership = stage.membership;
  membership.start(stage.now, {memberOf(2)});
  stage.pass(Time(2'500));
  cr_assert_geq(stage.streams.size(), 3);
  cr_expect(stage.streams[0].message.members_sync().answer_wanted());
  cr_expect_eq(stage.streams[0].message.updates_size(), 2);
}

Test(membership, equal_tables_are_compared_by_their_hash) {
  MembershipStage one(3), other(3);
  one.pass(Time(30'001));
  const wire::Message* asked = nullptr;
  for (const auto& stream : one.streams) {
    if (stream.message.has_members_sync()) asked = &stream.message;
  }
  cr_assert_not_null(asked);
  cr_expect_eq(asked->updates_size(), 0);
  wire::Message differs = *asked;
  differs.mutable_members_sync()->set_hash(asked->members_sync().hash() + 1);
  other.membership.receive(other.now, idOf(2), std::nullopt, differs);
  cr_assert_eq(other.streams.size(), 1);
  cr_expect_eq(other.streams[0].message.updates_size(), 3);
  cr_expect(other.streams[0].message.members_sync().answer_wanted());
  differs.mutable_members_sync()->set_hash(other.streams[0].message.members_sync().hash());
  other.membership.receive(other.now, idOf(2), std::nullopt, differs);
  cr_expect_eq(other.streams.size(), 1, "nothing to say");
}

Test(membership, who_is_spoken_of_and_stays_unknown_is_asked_for) {
  auto syncs = [](const MembershipStage& stage) {
    return std::count_if(stage.streams.begin(), stage.streams.end(),
                         [](const auto& each) { return each.message.has_members_sync(); });
  };
  MembershipStage stage(5);
  while (syncs(stage) == 0) stage.pass(Time(100));  // the next one of all by turns is far away
  stage.forgetSent();
  stage.membership.spokenOf(stage.now, idOf(3));
  stage.membership.spokenOf(stage.now, idOf(7));
  stage.hearOf(2, memberOf(7));  // in time
  stage.pass(Time(2'000));
  cr_expect_eq(syncs(stage), 0);
  stage.membership.spokenOf(stage.now, idOf(8));
  stage.pass(Time(400));
  cr_expect_eq(syncs(stage), 0, "its news is most likely on its way");
  stage.pass(Time(700));
  cr_expect_eq(syncs(stage), 1);
  stage.pass(Time(10'000));
  cr_expect_eq(syncs(stage), 5, "there may be no such member");
}

Test(membership, failed_members_are_tried_and_who_is_heard_again_gets_the_table) {
  MembershipStage stage(2);
  stage.hearStatus(2, 2, Status::failed, 1);
  stage.forgetSent();
  stage.pass(Time(5'001));
  bool tried = false;
  for (const auto& ping : stage.sent(wire::Message::kPing)) tried |= ping.to == memberOf(2).gossip;
  cr_expect(tried);
  stage.forgetSent();
  stage.hearStatus(2, 2, Status::alive, 2);
  cr_expect_eq(stage.statusOf(2), Status::alive);
  cr_assert_eq(stage.streams.size(), 1);
  cr_expect_eq(stage.streams[0].message.updates_size(), 2);
}

Test(membership, a_restarted_process_goes_above_what_others_remember_of_it) {
  MembershipStage stage(3);
  Member before = memberOf(1, 7);
  before.session = 4711;
  stage.hearOf(2, before);
  cr_expect_eq(stage.membership.self().incarnation, 8);
  cr_expect_eq(stage.membership.awareness(), 0, "that is nobody's fault");
  before.incarnation = 9;
  stage.hearOf(3, before);
  cr_expect_eq(stage.membership.self().incarnation, 10, "older news may come later");
  cr_expect_eq(stage.toldCount("clone 4711"), 0);
}

Test(membership, a_lie_about_another_ends_when_that_one_goes_above_it) {
  uint64_t most = 1'000;
  MembershipOptions options;
  options.maxIncarnation = [&most] { return most; };
  MembershipStage stage(5, options);
  stage.answersPings = true;
  for (Status status : {Status::failed, Status::left, Status::suspect, Status::alive}) {
    Member lie = memberOf(3, most + 1);
    lie.status = status;
    stage.hearOf(2, lie);
    lie.incarnation = (uint64_t{1} << 48) - 1;
    stage.hearOf(2, lie);
    cr_expect_eq(stage.statusOf(3), Status::alive, "it cannot be that high");
    cr_expect_eq(stage.membership.find(idOf(3))->incarnation, 1);
  }
  stage.hearStatus(2, 3, Status::failed, most);
  cr_expect_eq(stage.statusOf(3), Status::failed);
  stage.hearOf(3, memberOf(3, most + 1));
  cr_expect_eq(stage.statusOf(3), Status::failed, "our clock is behind");
  most++;
  stage.hearOf(3, memberOf(3, most));
  cr_expect_eq(stage.statusOf(3), Status::alive);
  Member unknown = memberOf(9, most + 1);
  stage.hearOf(2, unknown);
  cr_expect_null(stage.membership.find(idOf(9)));
}

Test(membership, a_lie_about_ourselves_is_gone_above_if_others_can_believe_it) {
  uint64_t most = 1'000;
  MembershipOptions options;
  options.maxIncarnation = [&most] { return most; };
  MembershipStage stage(3, options);
  stage.hearStatus(2, 1, Status::failed, most + 1);
  cr_expect_eq(stage.membership.self().incarnation, 1);
  for (Status status : {Status::failed, Status::left}) {
    Member lie = memberOf(1, most);
    lie.status = status;
    stage.hearOf(2, lie);
    cr_expect_eq(stage.membership.self().incarnation, most + 1);
    auto said = stage.lastSaidOf(1);
    stage.pass(Time(20));
    said = stage.lastSaidOf(1);
    cr_assert(said.has_value());
    cr_expect(said->status == Status::alive && said->incarnation == most + 1);
    most += 500;
  }
}

Test(membership, a_clone_is_told_of_once) {
  MembershipStage stage(3);
  Member clone = memberOf(1);
  clone.session = 4711;
  for (int i = 0; i < 50; i++) {
    clone.incarnation = stage.membership.self().incarnation + 1;
    stage.hearOf(2, clone);
  }
  cr_expect_eq(stage.toldCount("clone 4711"), 1);
  cr_expect_lt(stage.membership.self().incarnation, 20, "we do not argue for ever");
}

Test(membership, an_echo_of_ourselves_changes_nothing) {
  MembershipStage stage(3);
  stage.hearOf(2, memberOf(1));
  cr_expect_eq(stage.membership.self().incarnation, 1);
}
