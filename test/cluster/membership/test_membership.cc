// Membership: who is believed to live, and what is said about it.

#include "cluster/membership/membership.h"

#include <criterion/criterion.h>

#include "cluster/membership/suspicion.h"
#include "cluster/membership/update_queue.h"
#include "test/cluster/membership_stage.h"

using namespace test;
using cluster::Suspicion;
using cluster::UpdateQueue;

// ---- suspicion and the queue

Test(suspicion, confirmations_shorten_the_time_but_not_below_the_least) {
  Suspicion suspicion(Time(100), idOf(2), 2, Time(1'000), Time(6'000), Time(500));
  cr_expect_eq(suspicion.deadline().count(), 6'100);
  cr_expect(suspicion.confirm(idOf(3)));
  cr_expect_lt(suspicion.deadline().count(), 3'100, "the first confirmation weighs most");
  cr_expect_not(suspicion.confirm(idOf(3)), "who said it before says nothing new");
  cr_expect_not(suspicion.confirm(idOf(2)));
  cr_expect(suspicion.confirm(idOf(4)));
  cr_expect_eq(suspicion.deadline().count(), 1'100);
  cr_expect_not(suspicion.confirm(idOf(5)), "more change nothing");
}

Test(suspicion, without_possible_confirmers_it_lasts_the_least) {
  Suspicion suspicion(Time(0), idOf(2), 0, Time(1'000), Time(6'000), Time(500));
  cr_expect_eq(suspicion.deadline().count(), 1'000);
}

Test(update_queue, seldom_sent_news_goes_first_and_ends_after_its_sendings) {
  cluster::MemberRow row1, row2, row3;
  row1.member = memberOf(1);
  row2.member = memberOf(2);
  row3.member = memberOf(3);
  UpdateQueue queue;
  std::string sent;
  auto takeUpTo = [&](size_t room) {
    return [&sent, room](const cluster::MemberRow& about) {
      if (sent.size() >= room) return false;
      sent += about.member.id.text().back();
      return true;
    };
  };
  queue.put(row1);
  queue.put(row2);
  queue.offer(2, takeUpTo(1));
  cr_expect_eq(sent, "1");
  queue.put(row3);
  sent.clear();
  queue.offer(2, takeUpTo(2));
  cr_expect_eq(sent, "23", "sent %s", sent.c_str());
  sent.clear();
  queue.offer(2, takeUpTo(9));
  cr_expect_eq(sent, "123", "sent %s", sent.c_str());
  cr_expect(queue.empty());
}

Test(update_queue, news_about_the_same_member_replaces_the_old) {
  cluster::MemberRow row1;
  row1.member = memberOf(1);
  UpdateQueue queue;
  int sent = 0;
  auto take = [&](const cluster::MemberRow&) { return ++sent > 0; };
  queue.put(row1);
  queue.offer(2, take);
  queue.put(row1);
  queue.offer(2, take);
  cr_expect_not(queue.empty(), "it counts anew");
  queue.offer(2, take);
  cr_expect(queue.empty());
  cr_expect_eq(sent, 3);
}

// ---- probes

Test(membership, who_answers_stays_alive_and_each_is_asked_within_a_round) {
  MembershipStage stage(5);
  stage.answersPings = true;
  stage.pass(Time(60'000));
  cr_expect(stage.told.empty(), "%s", stage.told.empty() ? "" : stage.told[0].c_str());
  cr_expect_eq(stage.membership.living(), 5);
  cr_expect_eq(stage.membership.awareness(), 0);
  for (int i = 2; i <= 5; i++) {
    cr_expect(stage.membership.roundTrip(idOf(i)).has_value(), "host-%d was never asked", i);
  }
}

Test(membership, a_silent_member_is_tried_by_others_and_by_stream_then_suspected) {
  MembershipStage stage(5);
  stage.pass(Time(500));
  stage.pass(Time(210));
  auto pings = stage.sent(wire::Message::kPing);
  cr_assert_geq(pings.size(), 1);
  std::string target = pings[0].message.ping().target();
  auto requests = stage.sent(wire::Message::kPingRequest);
  cr_assert_geq(requests.size(), 3);
  for (size_t i = 0; i < 3; i++) {
    cr_expect_eq(requests[i].message.ping_request().target(), target);
    cr_expect(requests[i].to != pings[0].to, "the target is not asked about itself");
  }
  cr_assert_geq(stage.streams.size(), 1);
  cr_expect(stage.streams[0].message.has_ping());
  cr_expect_eq(stage.streams[0].to.text(), target);
  stage.pass(Time(500));
  cr_expect_eq(stage.membership.find(*NodeId::parse(target))->status, Status::suspect);
}

Test(membership, an_ack_through_a_helper_or_a_stream_counts) {
  MembershipStage stage(3);
  stage.pass(Time(500));
  stage.pass(Time(200));
  auto requests = stage.sent(wire::Message::kPingRequest);
  cr_assert_geq(requests.size(), 1);
  NodeId target = *NodeId::parse(requests[0].message.ping_request().target());
  uint32_t sequence = requests[0].message.ping_request().sequence();
  int other = target == idOf(2) ? 3 : 2;
  stage.ack(other, sequence + 1);
  stage.ack(7, sequence);
  stage.ack(other, sequence);
  stage.pass(Time(300));
  cr_expect_eq(stage.membership.find(target)->status, Status::alive);
  cr_expect_not(stage.membership.roundTrip(target).has_value(), "a detour is no round trip");
}

Test(membership, an_ack_from_somebody_who_was_not_asked_is_ignored) {
  MembershipStage stage(3);
  stage.pass(Time(500));
  auto pings = stage.sent(wire::Message::kPing);
  cr_assert_geq(pings.size(), 1);
  stage.ack(9, pings[0].message.ping().sequence());
  NodeId target = *NodeId::parse(pings[0].message.ping().target());
  stage.pass(Time(600));
  cr_expect_eq(stage.membership.find(target)->status, Status::suspect);
}

Test(membership, nobody_to_help_and_a_refused_stream_end_a_probe_early) {
  MembershipStage stage(2);
  while (stage.streams.empty()) stage.pass(Time(1));
  stage.membership.streamFailed(stage.now, idOf(2), false);
  cr_expect_eq(stage.statusOf(2), Status::suspect);
}

Test(membership, missing_nacks_make_it_doubt_itself) {
  MembershipStage stage(5);
  stage.pass(Time(1'100));
  cr_expect_gt(stage.membership.awareness(), 1, "three helpers were silent, too");
  stage.answersPings = true;
  stage.pass(Time(60'000));
  cr_expect_eq(stage.membership.awareness(), 0);
}

Test(membership, probes_for_another_and_answers_with_ack_or_nack) {
  MembershipStage stage(3);
  wire::Message message = cluster::envelope(idOf(2));
  message.mutable_ping_request()->set_sequence(77);
  message.mutable_ping_request()->set_target(std::string(idOf(3).text()));
  stage.hear(2, message);
  auto pings = stage.sent(wire::Message::kPing);
  cr_assert_eq(pings.size(), 1);
  cr_expect(pings[0].to == memberOf(3).gossip);
  stage.pass(Time(200));
  auto nacks = stage.sent(wire::Message::kNack);
  cr_assert_eq(nacks.size(), 1);
  cr_expect_eq(nacks[0].message.nack().sequence(), 77);
  stage.ack(3, pings[0].message.ping().sequence());
  auto acks = stage.sent(wire::Message::kAck);
  cr_assert_eq(acks.size(), 1, "also after the nack");
  cr_expect_eq(acks[0].message.ack().sequence(), 77);
  cr_expect(acks[0].to == memberOf(2).gossip);
}

Test(membership, answers_only_pings_meant_for_it) {
  MembershipStage stage(2);
  wire::Message message = cluster::envelope(idOf(2));
  message.mutable_ping()->set_sequence(5);
  message.mutable_ping()->set_target(std::string(idOf(3).text()));
  stage.hear(2, message);
  cr_expect(stage.sent(wire::Message::kAck).empty());
  message.mutable_ping()->set_target(std::string(idOf(1).text()));
  stage.hear(2, message);
  cr_assert_eq(stage.sent(wire::Message::kAck).size(), 1);
  cr_expect_eq(stage.sent(wire::Message::kAck)[0].message.ack().sequence(), 5);
}

Test(membership, a_late_tick_blames_nobody) {
  MembershipStage stage(2);
  while (stage.sent(wire::Message::kPing).empty()) stage.pass(Time(1));
  stage.now += Time(5'000);  // no processor; the answer lies in the socket
  stage.membership.tick(stage.now);
  cr_expect_eq(stage.statusOf(2), Status::alive);
  cr_expect_eq(stage.membership.awareness(), 1);
  stage.answerAll();
  stage.answersPings = true;
  stage.pass(Time(5'000));
  cr_expect(stage.told.empty());
}

// ---- suspicion, failure, refutation

Test(membership, a_suspect_fails_in_time_and_sooner_if_others_confirm) {
  MembershipStage alone(6), together(6);
  for (MembershipStage* stage : {&alone, &together}) {
    stage->answersPings = true;
    stage->hearStatus(2, 3, Status::suspect, 1);
    cr_expect_eq(stage->statusOf(3), Status::suspect);
  }
  together.hearStatus(4, 3, Status::suspect, 1);
  together.hearStatus(5, 3, Status::suspect, 1);
  for (MembershipStage* stage : {&alone, &together}) {
    stage->pass(Time(900));
    cr_expect_eq(stage->statusOf(3), Status::suspect);
    stage->pass(Time(900));
  }
  cr_expect_eq(together.statusOf(3), Status::failed);
  cr_expect_eq(together.toldCount("host-3 failed"), 1);
  cr_expect_eq(together.membership.living(), 5);
  cr_expect_eq(alone.statusOf(3), Status::suspect);
  alone.pass(Time(9'000));
  cr_expect_eq(alone.statusOf(3), Status::failed);
}

Test(membership, a_suspect_is_told_before_it_is_declared_failed) {
  MembershipStage stage(3);
  stage.hearStatus(2, 3, Status::suspect, 1);
  stage.pass(Time(10'000));
  bool asked = false;
  for (const auto& ping : stage.sent(wire::Message::kPing)) {
    if (ping.to != memberOf(3).gossip) continue;
    for (const wire::MemberUpdate& update : ping.message.updates()) {
      asked |= update.id() == idOf(3).text() && update.status() == wire::SUSPECT;
    }
  }
  cr_expect(asked);
  cr_expect_eq(stage.statusOf(3), Status::failed);
}

Test(membership, only_a_higher_incarnation_ends_a_suspicion) {
  MembershipStage stage(5);
  stage.hearStatus(2, 3, Status::suspect, 1);
  stage.hearStatus(2, 3, Status::alive, 1);
  cr_expect_eq(stage.statusOf(3), Status::suspect);
  stage.hearStatus(2, 3, Status::alive, 2);
  cr_expect_eq(stage.statusOf(3), Status::alive);
  stage.hearStatus(2, 3, Status::suspect, 1);
  cr_expect_eq(stage.statusOf(3), Status::alive, "old news");
  stage.hearStatus(2, 3, Status::failed, 2);
  stage.hearStatus(2, 3, Status::suspect, 2);
  cr_expect_eq(stage.statusOf(3), Status::failed);
  stage.hearStatus(2, 3, Status::alive, 3);
  cr_expect_eq(stage.statusOf(3), Status::alive, "it came back");
}

Test(membership, refutes_what_is_said_of_itself_at_once) {
  MembershipStage stage(5);
  stage.hearStatus(2, 1, Status::suspect, 4);
  cr_expect_eq(stage.membership.self().incarnation, 5);
  cr_expect_eq(stage.membership.awareness(), 1);
  stage.pass(Time(10));
  auto said = stage.lastSaidOf(1);
  cr_assert(said.has_value());
  cr_expect(said->status == Status::alive && said->incarnation == 5);
  stage.hearStatus(2, 1, Status::failed, 4);
  cr_expect_eq(stage.membership.self().incarnation, 5, "that is refuted already");
}

Test(membership, a_ping_that_suspects_us_gets_the_refutation_with_its_ack) {
  MembershipStage stage(2);
  wire::Message message = cluster::envelope(idOf(2));
  message.mutable_ping()->set_target(std::string(idOf(1).text()));
  Member suspect = memberOf(1, 1);
  suspect.status = Status::suspect;
  cluster::encode(suspect, idOf(2), false, *message.add_updates());
  stage.hear(2, message);
  auto said = stage.lastSaidOf(1);
  cr_assert(said.has_value());
  cr_expect(said->status == Status::alive && said->incarnation == 2);
}

Test(membership, a_table_that_has_a_living_member_as_failed_makes_it_a_suspect) {
  MembershipStage stage(5);
  Member failed = memberOf(3);
  failed.status = Status::failed;
  stage.hearOf(2, failed, 4, true);
  cr_expect_eq(stage.statusOf(3), Status::suspect);
}

// ---- gossip

Test(membership, news_goes_out_within_ten_milliseconds_and_a_bounded_number_of_times) {
  MembershipStage stage(5);
  stage.answersPings = false;
  stage.hearOf(2, memberOf(6));
  cr_expect_eq(stage.toldCount("host-6 alive"), 1);
  stage.pass(Time(10));
  cr_expect_geq(stage.sent(wire::Message::kGossip).size(), 2);
  stage.pass(Time(3'000));
  int sent = 0;
  for (const auto& datagram : stage.datagrams) {
    for (const wire::MemberUpdate& update : datagram.message.updates()) {
      sent += update.id() == idOf(6).text() && update.status() == wire::ALIVE;
    }
  }
  cr_expect_leq(sent, 4, "retransmitFactor * log10(7) is 3.4; sent %d times", sent);
}

Test(membership, no_datagram_is_larger_than_a_packet) {
  MembershipStage stage(2);
  for (int i = 3; i < 200; i++) {
    Member member = memberOf(i);
    member.name = std::string(static_cast<size_t>(i), 'n');
    stage.hearOf(2, member);
  }
  stage.pass(Time(1'000));
  cr_assert_gt(stage.datagrams.size(), 10);
  for (const auto& datagram : stage.datagrams) {
    cr_assert_leq(datagram.message.ByteSizeLong(), cluster::maxPacket);
  }
}

Test(membership, a_new_name_or_address_is_told_with_a_higher_incarnation) {
  MembershipStage stage(3);
  stage.membership.updateSelf(stage.now, "renamed", memberOf(9).gossip, 2377);
  stage.pass(Time(10));
  auto said = stage.lastSaidOf(1);
  cr_assert(said && said->details);
  cr_expect(said->incarnation == 2 && said->details->name == "renamed");
  Member moved = memberOf(2, 5);
  moved.gossip = memberOf(8).gossip;
  stage.hearOf(3, moved);
  cr_expect(stage.membership.find(idOf(2))->gossip == memberOf(8).gossip);
  cr_expect_eq(stage.toldCount("host-2 alive"), 1);
}

// ---- leaving, forgetting, removing

Test(membership, leaving_is_told_to_all_and_answered_with) {
  MembershipStage stage(5);
  stage.membership.leave(stage.now);
  cr_expect_eq(stage.sent(wire::Message::kGossip).size(), 4);
  auto said = stage.lastSaidOf(1);
  cr_assert(said.has_value());
  cr_expect(said->status == Status::left && said->incarnation == 2);
  stage.forgetSent();
  stage.hearStatus(2, 1, Status::suspect, 2);
  stage.pass(Time(10));
  said = stage.lastSaidOf(1);
  cr_assert(said.has_value());
  cr_expect(said->status == Status::left && said->incarnation == 3);
}

Test(membership, who_left_is_never_seen_as_failed) {
  MembershipStage stage(5);
  stage.hearStatus(2, 3, Status::suspect, 1);
  Member left = memberOf(3, 2);
  left.status = Status::left;
  stage.hearOf(2, left);
  cr_expect_eq(stage.statusOf(3), Status::left);
  stage.hearStatus(4, 3, Status::failed, 1);
  stage.hearStatus(4, 3, Status::suspect, 2);
  stage.answersPings = true;
  stage.pass(Time(20'000));
  cr_expect_eq(stage.statusOf(3), Status::left);
  stage.hearStatus(4, 3, Status::alive, 3);
  cr_expect_eq(stage.statusOf(3), Status::alive, "unless it comes back");
}

Test(membership, failed_and_left_members_are_forgotten_in_their_time) {
  MembershipOptions options;
  options.forgetFailedAfter = Time(600'000);
  options.forgetLeftAfter = Time(200'000);
  MembershipStage stage(4, options);
  stage.answersPings = true;
  stage.hearStatus(2, 3, Status::failed, 1);
  Member left = memberOf(4, 2);
  left.status = Status::left;
  stage.hearOf(2, left);
  stage.pass(Time(190'000));
  cr_expect_not_null(stage.membership.find(idOf(4)));
  stage.pass(Time(80'000));
  cr_expect_null(stage.membership.find(idOf(4)));
  cr_expect_not_null(stage.membership.find(idOf(3)));
  stage.pass(Time(400'000));
  cr_expect_null(stage.membership.find(idOf(3)));
  cr_expect_eq(stage.toldCount("forgot " + std::string(idOf(3).text())), 1);
}

Test(membership, who_is_about_to_be_forgotten_is_not_learnt_anew) {
  MembershipStage stage(2);
  for (bool isOld : {true, false}) {
    wire::Message message = cluster::envelope(idOf(2));
    message.mutable_members_sync();
    Member failed = memberOf(3);
    failed.status = Status::failed;
    cluster::encode(failed, idOf(2), true, *message.add_updates());
    message.mutable_updates(0)->set_age(isOld ? 72 * 3600 : 70 * 3600);
    stage.membership.receive(stage.now, idOf(2), std::nullopt, message);
    cr_expect_eq(stage.membership.find(idOf(3)) == nullptr, isOld);
  }
  stage.answersPings = true;
  stage.pass(Time(2 * 3600 * 1000 + 70'000));
  cr_expect_null(stage.membership.find(idOf(3)), "it is kept for what is left of its time");
}

Test(membership, who_was_removed_is_not_let_in_again) {
  MembershipStage stage(3);
  stage.membership.remove(stage.now, idOf(3));
  cr_expect_eq(stage.toldCount("forgot " + std::string(idOf(3).text())), 1);
  stage.hearOf(2, memberOf(3, 9));
  cr_expect_null(stage.membership.find(idOf(3)));
  wire::Message message = cluster::envelope(idOf(3));
  message.mutable_gossip();
  cr_expect_not(stage.hear(3, message));
  stage.membership.remove(stage.now, idOf(1));
  cr_expect_not_null(stage.membership.find(idOf(1)), "not ourselves");
}

// ---- bad input

Test(membership, a_version_that_cannot_be_read_is_refused_as_a_whole_and_told_once) {
  MembershipStage stage(3);
  wire::Message message = cluster::envelope(idOf(9));
  message.set_version(8);
  message.set_oldest_reader(7);
  cluster::encode(memberOf(9), {}, true, *message.add_updates());
  for (int i = 0; i < 3; i++) cr_expect_not(stage.hear(9, message));
  cr_expect_null(stage.membership.find(idOf(9)));
  cr_assert_eq(stage.told.size(), 1);
  cr_expect_eq(stage.told[0],
               "refused it speaks version 8 of the wire format, which takes version 7 to read; "
               "this node has version 1: update it");
  message = cluster::envelope(idOf(8));
  message.set_version(0);
  cr_expect_not(stage.hear(8, message));
  cr_expect_eq(stage.told.size(), 2);
}

Test(membership, senseless_updates_are_ignored) {
  struct Case {
    const char* what;
    void (*spoil)(wire::MemberUpdate&);
  };
  const Case cases[] = {
      {"short id", [](wire::MemberUpdate& u) { u.set_id("abc"); }},
      {"id of other letters", [](wire::MemberUpdate& u) { u.set_id(std::string(25, 'A')); }},
      {"unknown status", [](wire::MemberUpdate& u) { u.set_status(wire::MemberStatus(9)); }},
      {"huge incarnation", [](wire::MemberUpdate& u) { u.set_incarnation(UINT64_MAX); }},
      {"short address", [](wire::MemberUpdate& u) { u.set_ip("1234"); }},
      {"no address", [](wire::MemberUpdate& u) { u.clear_ip(); }},
      {"port 0", [](wire::MemberUpdate& u) { u.set_gossip_port(0); }},
      {"large port", [](wire::MemberUpdate& u) { u.set_gossip_port(70'000); }},
      {"large API port", [](wire::MemberUpdate& u) { u.set_api_port(70'000); }},
      {"long name", [](wire::MemberUpdate& u) { u.set_name(std::string(254, 'n')); }},
      {"control characters", [](wire::MemberUpdate& u) { u.set_name("a\x1b[2J"); }},
      {"left, says another",
       [](wire::MemberUpdate& u) {
         u.set_status(wire::LEFT);
         u.set_from(std::string(idOf(2).text()));
       }},
      {"suspect, says nobody", [](wire::MemberUpdate& u) { u.set_status(wire::SUSPECT); }},
      {"a version that cannot read ours", [](wire::MemberUpdate& u) { u.set_wire_version(0); }},
  };
  for (const Case& one : cases) {
    MembershipStage stage(3);
    wire::Message message = cluster::envelope(idOf(2));
    message.mutable_gossip();
    cluster::encode(memberOf(5), {}, true, *message.add_updates());
    one.spoil(*message.mutable_updates(0));
    stage.hear(2, message);
    cr_expect_eq(stage.membership.members().size(), 3, "%s was taken in", one.what);
  }
}

Test(membership, no_more_members_than_the_limit_are_taken_in) {
  MembershipOptions options;
  options.maxMembers = 5;
  MembershipStage stage(3, options);
  for (int i = 4; i < 20; i++) stage.hearOf(2, memberOf(i));
  cr_expect_eq(stage.membership.members().size(), 5);
  wire::Message message = cluster::envelope(idOf(2));
  message.mutable_members_sync();
  for (int i = 0; i < 11; i++) message.add_updates();
  cr_expect_not(stage.hear(2, message));
}
