// A host that says that nobody listens there: the process was killed, or starts anew. Who is merely
// slow never says so.

#include <criterion/criterion.h>

#include "cluster/membership/membership.h"
#include "cluster/membership/suspicion.h"
#include "test/cluster/membership_stage.h"

using namespace test;
using cluster::Suspicion;

namespace {

// Lets time pass until somebody is pinged; whom.
NodeId untilPinged(MembershipStage& stage) {
  while (stage.sent(wire::Message::kPing).empty()) stage.pass(Time(1));
  return *NodeId::parse(stage.sent(wire::Message::kPing).back().message.ping().target());
}

Endpoint gossipOf(const MembershipStage& stage, const NodeId& id) {
  return stage.membership.find(id)->gossip;
}

// Has the probe of `id` that is under way end with a refusal, at once.
void refuse(MembershipStage& stage, const NodeId& id, bool byStream) {
  stage.membership.datagramRefused(stage.now, gossipOf(stage, id));
  stage.pass(Time(1));
  for (const auto& request : stage.sent(wire::Message::kPingRequest)) {
    NodeId helper = id;
    for (const Member* each : stage.membership.members()) {
      if (each->gossip == request.to) helper = each->id;
    }
    wire::Message nack = cluster::envelope(helper);
    nack.mutable_nack()->set_sequence(request.message.ping_request().sequence());
    stage.membership.receive(stage.now, helper, request.to, nack);
  }
  stage.membership.streamFailed(stage.now, id, byStream);
}

// Two others come to the same by themselves.
void confirm(MembershipStage& stage, const NodeId& id) {
  int others = 0;
  for (int each = 2; others < 2; each++) {
    if (idOf(each) == id) continue;
    Member about = *stage.membership.find(id);
    about.status = Status::suspect;
    stage.hearOf(each, about, each);
    others++;
  }
}

}  // namespace

Test(suspicion, of_who_is_refused_and_confirmed_it_ends_soon) {
  Suspicion suspicion(Time(100), idOf(2), 2, Time(3'000), Time(18'000), Time(1'200));
  suspicion.refused();
  suspicion.confirm(idOf(3));
  cr_expect_gt(suspicion.deadline().count(), 3'100, "one more is not enough");
  suspicion.confirm(idOf(4));
  cr_expect_eq(suspicion.deadline().count(), 1'300);
  suspicion.postpone(Time(70));
  cr_expect_eq(suspicion.deadline().count(), 1'370);
}

Test(suspicion, a_refusal_may_come_after_the_confirmations) {
  Suspicion suspicion(Time(100), idOf(2), 1, Time(3'000), Time(18'000), Time(1'200));
  suspicion.confirm(idOf(3));
  suspicion.postpone(Time(70));
  cr_expect_eq(suspicion.deadline().count(), 3'170);
  suspicion.refused();
  cr_expect_eq(suspicion.deadline().count(), 1'370);
}

Test(suspicion, who_is_being_asked_for_the_last_time_keeps_its_time) {
  Suspicion suspicion(Time(0), idOf(2), 0, Time(3'000), Time(18'000), Time(1'200));
  suspicion.ask(Time(2'800), Time(200));
  suspicion.refused();
  cr_expect_eq(suspicion.deadline().count(), 3'000);
}

Test(membership, a_refused_datagram_is_not_waited_for) {
  MembershipStage stage(5);
  NodeId target = untilPinged(stage);
  stage.membership.datagramRefused(stage.now, *Endpoint::parse("10.9.9.9", 7946));
  stage.pass(Time(2));
  cr_expect_eq(stage.sent(wire::Message::kPingRequest).size(), 0, "that was another address");
  stage.membership.datagramRefused(stage.now, gossipOf(stage, target));
  stage.pass(Time(1));
  cr_expect_eq(stage.sent(wire::Message::kPingRequest).size(), 3);
  cr_assert_eq(stage.streams.size(), 1);
  cr_expect_eq(stage.streams[0].to.text(), target.text());
  cr_expect_eq(stage.membership.find(target)->status, Status::alive, "it is no proof");
}

Test(membership, a_refused_datagram_of_gossip_has_its_receiver_probed) {
  MembershipStage stage(5);
  stage.answersPings = true;
  stage.pass(Time(3'000));
  stage.forgetSent();
  stage.answersPings = false;
  stage.membership.datagramRefused(stage.now, memberOf(4).gossip);
  stage.pass(Time(60));
  size_t pings = 0;
  for (const auto& ping : stage.sent(wire::Message::kPing)) pings += ping.to == memberOf(4).gossip;
  cr_expect_eq(pings, 1);
}

Test(membership, a_helper_that_is_refused_says_so_at_once) {
  MembershipStage stage(3);
  wire::Message message = cluster::envelope(idOf(2));
  message.mutable_ping_request()->set_sequence(77);
  message.mutable_ping_request()->set_target(std::string(idOf(3).text()));
  stage.hear(2, message);
  stage.membership.datagramRefused(stage.now, memberOf(3).gossip);
  stage.pass(Time(1));
  auto nacks = stage.sent(wire::Message::kNack);
  cr_assert_eq(nacks.size(), 1);
  cr_expect_eq(nacks[0].message.nack().sequence(), 77);
  stage.pass(Time(300));
  cr_expect_eq(stage.sent(wire::Message::kNack).size(), 1);
}

Test(membership, who_refuses_connections_fails_sooner_once_others_confirm) {
  cluster::MembershipOptions options;
  options.minSuspicion = Time(3'000);
  for (bool byStream : {true, false}) {
    MembershipStage stage(6, options);
    NodeId target = untilPinged(stage);
    refuse(stage, target, byStream);
    cr_assert_eq(stage.membership.find(target)->status, Status::suspect);
    confirm(stage, target);
    stage.answersPings = true;
    stage.pass(options.suspicionRefused - Time(10));
    cr_expect_eq(stage.membership.find(target)->status, Status::suspect);
    stage.pass(Time(20));
    Status expected = byStream ? Status::failed : Status::suspect;
    cr_expect_eq(stage.membership.find(target)->status, expected,
                 "only a refused connection is evidence");
  }
}

Test(membership, who_starts_anew_in_time_is_not_declared_failed) {
  MembershipStage stage(6);
  NodeId target = untilPinged(stage);
  refuse(stage, target, true);
  confirm(stage, target);
  stage.answersPings = true;
  stage.pass(Time(1'000));
  Member again = *stage.membership.find(target);
  again.status = Status::alive;
  again.incarnation++;
  again.session++;
  stage.hearOf(2, again);
  stage.pass(Time(5'000));
  cr_expect_eq(stage.membership.find(target)->status, Status::alive);
}
