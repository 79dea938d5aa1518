// Claims of several members that talk to each other over a network in memory.

#include "cluster/claims/claims.h"

#include <criterion/criterion.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cluster/claims/grants.h"
#include "cluster/wire.pb.h"
#include "test/cluster/state_stage.h"
#include "test/stage.h"

using cluster::ClaimOptions;
using cluster::ClaimResult;
using cluster::Claims;
using cluster::Holding;
using cluster::NodeId;
using cluster::Time;
using cluster::wire::Message;
using test::nodeId;
using Verdict = cluster::ClaimResult::Verdict;

namespace {

struct Stage {
  struct Site : cluster::Network, cluster::ClaimWorld {
    Site(Stage& of, size_t at) : stage(of), number(at) {}
    void datagram(const cluster::Receiver&, Message) override { cr_assert_fail("no datagrams"); }
    void stream(const NodeId& to, Message message) override {
      for (size_t i = 0; i < stage.sites.size(); i++) {
        if (nodeId(i) == to) stage.send({number, i, stage.now + stage.delay(), std::move(message)});
      }
    }
    std::optional<Holding> holding(const std::string& key) const override {
      auto found = records.find(key);
      return found == records.end() ? std::nullopt : std::optional(found->second);
    }
    uint64_t versionOf(const NodeId& owner) const override {
      auto found = versions.find(owner);
      return found == versions.end() ? 0 : found->second;
    }
    bool isAway(const NodeId& member) const override { return away.contains(member); }

    Stage& stage;
    size_t number;
    std::unique_ptr<Claims> claims;
    std::map<std::string, Holding> records;
    std::map<NodeId, uint64_t> versions;
    std::set<NodeId> away;
    bool isDown = false;
  };
  struct Letter {
    size_t from, to;
    Time at;
    Message message;
  };

  explicit Stage(size_t count, uint64_t seed = 1) : random(seed) {
    for (size_t i = 0; i < count; i++) sites.push_back(std::make_unique<Site>(*this, i));
    for (size_t i = 0; i < count; i++) begin(i, false);
  }
  void begin(size_t site, bool hadLife, cluster::GrantLog* log = nullptr) {
    Site& here = *sites[site];
    here.claims = std::make_unique<Claims>(nodeId(site), options, here, here);
    here.claims->start(now, hadLife, log);
    here.claims->setMembers(now, members());
  }
  std::vector<NodeId> members() const {
    std::vector<NodeId> list;
    for (size_t i = 0; i < sites.size(); i++) list.push_back(nodeId(i));
    return list;
  }
  Claims& operator[](size_t site) { return *sites[site]->claims; }
  // The sites responsible for a key, first ranked first.
  std::vector<size_t> responsible(const std::string& key) {
    std::vector<size_t> list;
    for (const NodeId& id : sites[0]->claims->responsible(key)) {
      for (size_t i = 0; i < sites.size(); i++) {
        if (nodeId(i) == id) list.push_back(i);
      }
    }
    return list;
  }

  // Where the result will stand.
  std::shared_ptr<std::optional<ClaimResult>> claim(size_t site, const std::string& key,
                                                    const std::string& holder) {
    auto result = std::make_shared<std::optional<ClaimResult>>();
    (*this)[site].claim(now, key, holder, [result](const ClaimResult& told) {
      cr_assert_not(result->has_value(), "told twice");
      *result = told;
    });
    return result;
  }
  ClaimResult ask(size_t site, const std::string& key, const std::string& holder) {
    auto result = claim(site, key, holder);
    run(Time(1'500));
    cr_assert(result->has_value());
    return **result;
  }

  Time delay() { return Time(1 + random() % 5); }
  void send(Letter letter) {
    sent++;
    if (!passes(letter)) return;
    // In order between two.
    for (const Letter& before : underWay) {
      if (before.from == letter.from && before.to == letter.to)
        letter.at = std::max(letter.at, before.at);
    }
    underWay.push_back(std::move(letter));
  }
  void run(Time time) {
    for (Time end = now + time; now < end;) step();
  }
  void step() {
    now += Time(1);
    for (size_t i = 0; i < underWay.size();) {
      if (underWay[i].at > now) {
        i++;
        continue;
      }
      Letter letter = std::move(underWay[i]);
      underWay.erase(underWay.begin() + static_cast<std::ptrdiff_t>(i));
      Site& to = *sites[letter.to];
      if (!to.isDown) to.claims->receive(now, nodeId(letter.from), letter.message);
    }
    for (auto& site : sites) {
      if (!site->isDown && site->claims->nextTick() <= now) site->claims->tick(now);
    }
  }

  std::vector<std::unique_ptr<Site>> sites;
  ClaimOptions options;
  Time now{1'000'000};
  std::vector<Letter> underWay;
  std::mt19937_64 random;
  std::function<bool(const Letter& letter)> passes = [](const Letter&) { return true; };
  size_t sent = 0;
};

}  // namespace

Test(claims, alone_is_granted_at_once_and_without_a_message) {
  Stage stage(1);
  auto result = stage.claim(0, "name/web", "c1");
  cr_assert(result->has_value());
  cr_expect((*result)->verdict == Verdict::granted);
  cr_expect_eq((*result)->holder, "c1");
  cr_expect_eq(stage.sent, 0);
}

Test(claims, without_members_nothing_is_granted) {
  Stage stage(1);
  stage[0].setMembers(stage.now, {});
  cr_expect(stage.ask(0, "name/web", "c1").verdict == Verdict::unreachable);
}

Test(claims, are_granted_to_the_first_and_held_for_the_others) {
  Stage stage(8);
  ClaimResult first = stage.ask(0, "name/web", "c1");
  cr_expect(first.verdict == Verdict::granted);
  cr_expect_eq(first.responsible, 5);
  ClaimResult second = stage.ask(1, "name/web", "c2");
  cr_expect(second.verdict == Verdict::held);
  cr_expect_eq(second.holder, "c1");
  cr_expect(stage.ask(2, "name/web", "c1").verdict == Verdict::granted, "the same holder");
  cr_expect(stage.ask(1, "name/db", "c2").verdict == Verdict::granted, "another key");
}

Test(claims, responsible_members_are_the_same_everywhere_and_spread) {
  Stage stage(20);
  std::map<NodeId, int> count;
  for (int i = 0; i < 1'000; i++) {
    std::string key = "name/" + std::to_string(i);
    std::vector<NodeId> members = stage[0].responsible(key);
    cr_assert_eq(members.size(), 5);
    cr_assert_eq(std::set<NodeId>(members.begin(), members.end()).size(), 5);
    cr_assert(members == stage[7].responsible(key));
    for (const NodeId& member : members) count[member]++;
  }
  for (const auto& [member, times] : count)
    cr_expect(times > 170 && times < 330, "%d of 5000 for one of 20", times);
  // A member that leaves moves only what it was responsible for.
  std::vector<NodeId> fewer = stage.members();
  fewer.pop_back();
  stage[0].setMembers(stage.now, fewer);
  for (int i = 0; i < 100; i++) {
    std::string key = "name/" + std::to_string(i);
    std::vector<NodeId> before = stage[7].responsible(key), after = stage[0].responsible(key);
    if (std::count(before.begin(), before.end(), nodeId(19)) == 0) cr_expect(before == after);
  }
}

// The ranking is part of what members of different versions agree on.
Test(claims, ranking_is_as_it_always_was) {
  Stage stage(8);
  std::vector<size_t> expected = {5, 3, 1, 7, 2};
  cr_expect(stage.responsible("name/web") == expected);
}

Test(claims, a_released_claim_is_free) {
  Stage stage(5);
  stage.ask(0, "name/web", "c1");
  stage[1].release(stage.now, "name/web", "c1");
  stage.run(Time(50));
  cr_expect(stage.ask(2, "name/web", "c2").verdict == Verdict::held, "only who has it releases it");
  stage[0].release(stage.now, "name/web", "c1");
  stage.run(Time(50));
  cr_expect(stage.ask(2, "name/web", "c2").verdict == Verdict::granted);
}

Test(claims, a_grant_ends_after_its_time_unless_renewed) {
  Stage stage(5);
  stage.ask(0, "name/web", "c1");
  stage.run(Time(6'000));
  cr_expect(stage.ask(0, "name/web", "c1").verdict == Verdict::granted);
  stage.run(Time(6'000));
  cr_expect(stage.ask(1, "name/web", "c2").verdict == Verdict::held);
  stage.run(Time(6'000));
  cr_expect(stage.ask(1, "name/web", "c2").verdict == Verdict::granted);
}

Test(claims, need_a_majority_of_the_responsible_members) {
  Stage stage(7);
  std::vector<size_t> five = stage.responsible("name/web");
  stage.sites[five[0]]->isDown = stage.sites[five[1]]->isDown = true;
  size_t asker = five[2];
  cr_expect(stage.ask(asker, "name/web", "c1").verdict == Verdict::granted);
  stage[asker].release(stage.now, "name/web", "c1");
  stage.sites[five[3]]->isDown = true;
  ClaimResult result = stage.ask(asker, "name/web", "c1");
  cr_expect(result.verdict == Verdict::unreachable);
  cr_expect_eq(result.reached, 2);
  cr_expect_eq(result.responsible, 5);
}

Test(claims, an_unreachable_claim_leaves_no_grants_behind) {
  Stage stage(5);
  std::vector<size_t> five = stage.responsible("name/web");
  for (size_t i = 0; i < 3; i++) stage.sites[five[i]]->isDown = true;
  cr_expect(stage.ask(five[3], "name/web", "c1").verdict == Verdict::unreachable);
  for (size_t i = 0; i < 3; i++) stage.sites[five[i]]->isDown = false;
  cr_expect(stage.ask(five[0], "name/web", "c2").verdict == Verdict::granted);
}

Test(claims, a_release_that_was_not_heard_is_told_again) {
  Stage stage(5);
  cr_expect(stage.ask(0, "name/web", "c1").verdict == Verdict::granted);
  stage.passes = [&](const Stage::Letter& letter) { return !letter.message.has_claim_release(); };
  stage[0].release(stage.now, "name/web", "c1");
  stage.run(Time(100));
  for (size_t i = 1; i < 5; i++) stage[0].streamFailed(stage.now, nodeId(i));
  stage.passes = [](const Stage::Letter&) { return true; };
  stage.run(Time(600));
  cr_expect(stage.ask(1, "name/web", "c2").verdict == Verdict::granted);
}

Test(claims, a_release_is_not_told_again_once_its_holder_asks_again) {
  Stage stage(5);
  stage.ask(0, "name/web", "c1");
  stage[0].release(stage.now, "name/web", "c1");
  cr_expect(stage.ask(0, "name/web", "c1").verdict == Verdict::granted);
  for (size_t i = 1; i < 5; i++) stage[0].streamFailed(stage.now, nodeId(i));
  stage.run(Time(600));
  cr_expect(stage.ask(1, "name/web", "c2").verdict == Verdict::held);
}

Test(claims, ask_again_those_that_did_not_hear) {
  Stage stage(5);
  Time begin = stage.now;
  stage.passes = [&](const Stage::Letter&) { return stage.now > begin + Time(100); };
  ClaimResult result = stage.ask(0, "name/web", "c1");
  cr_expect(result.verdict == Verdict::granted);
}

Test(claims, what_a_record_stands_for_is_held) {
  Stage stage(5);
  std::vector<size_t> five = stage.responsible("name/web");
  stage.sites[five[4]]->records["name/web"] = {"old", nodeId(3), 7};
  ClaimResult result = stage.ask(five[0], "name/web", "c1");
  cr_expect(result.verdict == Verdict::held);
  cr_expect_eq(result.holder, "old");
  stage.sites[five[4]]->records.clear();
  cr_expect(stage.ask(five[1], "name/web", "c2").verdict == Verdict::granted, "gave back the rest");
}

Test(claims, whoever_knows_that_the_record_is_gone_waits_for_the_others_to_learn_it) {
  Stage stage(5);
  std::vector<size_t> five = stage.responsible("name/web");
  for (size_t i = 1; i < 5; i++) stage.sites[five[i]]->records["name/web"] = {"old", nodeId(3), 7};
  stage.sites[five[0]]->versions[nodeId(3)] = 8;
  auto result = stage.claim(five[0], "name/web", "c1");
  stage.run(Time(200));
  cr_expect_not(result->has_value());
  for (auto& site : stage.sites) site->records.clear();
  stage.run(Time(100));
  cr_assert(result->has_value());
  cr_expect((*result)->verdict == Verdict::granted);

  for (size_t i = 1; i < 5; i++) stage.sites[five[i]]->records["name/db"] = {"old", nodeId(3), 7};
  cr_expect(stage.ask(five[0], "name/db", "c1").verdict != Verdict::granted,
            "at most until its time is over");
}

Test(claims, who_forgot_its_grants_abstains_until_they_are_over) {
  Stage stage(3);
  stage.ask(0, "name/web", "c1");
  for (size_t i = 0; i < 3; i++) stage.begin(i, true);
  ClaimResult result = stage.ask(1, "name/web", "c2");
  cr_expect(result.verdict == Verdict::unreachable);
  cr_expect_eq(result.abstained, 3);
  stage.run(Time(9'000));
  cr_expect(stage.ask(1, "name/web", "c2").verdict == Verdict::granted);
}

Test(claims, who_kept_its_grants_goes_on_as_if_nothing_had_been) {
  std::vector<test::TempDir> folders(3);
  std::vector<cluster::GrantLog> logs;
  for (const test::TempDir& each : folders) logs.emplace_back(each.path());
  Stage stage(3);
  for (size_t i = 0; i < 3; i++) stage.begin(i, false, &logs[i]);
  stage.ask(0, "name/web", "c1");
  stage.ask(0, "name/db", "c1");
  stage[0].release(stage.now, "name/db", "c1");
  stage.run(Time(100));
  for (size_t i = 0; i < 3; i++) stage.begin(i, true, &logs[i]);
  cr_expect(stage.ask(1, "name/web", "c2").verdict == Verdict::held);
  cr_expect(stage.ask(1, "name/db", "c2").verdict == Verdict::granted);
  // Longer than before, since who asked may have been away meanwhile.
  stage.run(Time(11'000));
  cr_expect(stage.ask(1, "name/web", "c2").verdict == Verdict::granted);
}

Test(claims, of_simultaneous_claimants_exactly_one_wins_and_soon) {
  int slow = 0;
  for (uint64_t seed = 1; seed <= 500; seed++) {
    size_t count = 2 + seed % 9;
    Stage stage(count, seed);
    size_t claimants = 2 + seed % 4;
    std::vector<std::shared_ptr<std::optional<ClaimResult>>> results;
    for (size_t i = 0; i < claimants; i++) {
      results.push_back(stage.claim((seed + i) % count, "name/web",
                                    "c" + std::to_string((seed * 7 + i) % claimants)));
      stage.run(Time(stage.random() % 3));
    }
    stage.run(Time(500));
    for (auto& result : results) slow += !result->has_value();
    stage.run(Time(1'000));
    size_t won = 0, held = 0;
    for (auto& result : results) {
      cr_assert(result->has_value());
      won += (*result)->verdict == Verdict::granted;
      held += (*result)->verdict == Verdict::held;
    }
    cr_expect(won == 1 && held == claimants - 1, "seed %d: %zu won, %zu held",
              static_cast<int>(seed), won, held);
  }
  cr_expect_leq(slow, 20, "%d claims took more than half a second", slow);
}

Test(claims, exactly_one_wins_also_when_two_of_five_are_dead) {
  for (uint64_t seed = 1; seed <= 200; seed++) {
    Stage stage(5, seed);
    stage.sites[3]->isDown = stage.sites[4]->isDown = true;
    auto one = stage.claim(0, "name/web", "c1");
    auto other = stage.claim(1, "name/web", "c0");
    stage.run(Time(1'500));
    size_t won = ((*one)->verdict == Verdict::granted) + ((*other)->verdict == Verdict::granted);
    cr_expect_eq(won, 1, "seed %d: %zu won", static_cast<int>(seed), won);
  }
}

Test(claims, a_claim_made_twice_at_once_is_answered_twice) {
  Stage stage(5);
  auto one = stage.claim(0, "name/web", "c1"), other = stage.claim(0, "name/web", "c1");
  stage.run(Time(100));
  cr_expect((*one)->verdict == Verdict::granted);
  cr_expect((*other)->verdict == Verdict::granted);
}

Test(claims, done_may_claim_again) {
  Stage stage(1);
  bool granted = false;
  stage[0].claim(stage.now, "a", "c1", [&](const ClaimResult&) {
    stage[0].claim(stage.now, "b", "c1", [&](const ClaimResult& second) {
      granted = second.verdict == Verdict::granted;
    });
  });
  cr_expect(granted);
}

Test(claims, a_renewal_that_fails_does_not_give_up_what_was_granted) {
  Stage stage(5);
  stage.ask(0, "name/web", "c1");
  std::vector<size_t> five = stage.responsible("name/web");
  stage.passes = [](const Stage::Letter& letter) { return letter.message.has_claim_release(); };
  stage.ask(0, "name/web", "c1");
  stage.passes = [](const Stage::Letter&) { return true; };
  cr_expect(stage.ask(1, "name/web", "c2").verdict == Verdict::held);
}

Test(claims, changed_members_and_those_who_have_not_heard_never_both_grant) {
  for (uint64_t seed = 1; seed <= 300; seed++) {
    // Of ten members up to three were replaced; some know it, some do not.
    Stage stage(13, seed);
    std::vector<NodeId> old, fresh;
    for (size_t i = 0; i < 10; i++) old.push_back(nodeId(i));
    for (size_t i = 3; i < 13; i++) fresh.push_back(nodeId(i));
    std::string key = "name/" + std::to_string(seed);
    for (size_t i = 0; i < 13; i++) {
      stage.begin(i, false);
      stage[i].setMembers(stage.now, old);
    }
    // The world began with all thirteen: let that be forgotten.
    stage.run(Time(1));
    stage.now += Time(30'000);
    for (size_t i = 8; i < 13; i++) stage[i].setMembers(stage.now, fresh);
    auto one = stage.claim(4, key, "c1");
    stage.run(Time(stage.random() % 10));
    auto other = stage.claim(9, key, "c2");
    stage.run(Time(2'000));
    size_t won = ((*one)->verdict == Verdict::granted) + ((*other)->verdict == Verdict::granted);
    cr_expect_leq(won, 1, "seed %d: both won", static_cast<int>(seed));
    cr_expect_geq(won, 1, "seed %d: none won", static_cast<int>(seed));
  }
}

Test(claims, members_of_long_ago_are_not_needed) {
  // As a cluster grows: there were two of them, of which one is dead now.
  Stage stage(5);
  stage.begin(1, false);
  stage.now += Time(30'000);
  stage[1].setMembers(stage.now, {nodeId(0), nodeId(1)});
  stage[1].setMembers(stage.now, stage.members());
  stage.sites[0]->isDown = true;
  cr_expect(stage.ask(1, "name/web", "c1").verdict == Verdict::unreachable);
  stage.run(2 * stage.options.keepFor);
  cr_expect(stage.ask(1, "name/web", "c1").verdict == Verdict::granted);
}

Test(claims, members_that_come_during_a_claim_are_asked) {
  Stage stage(5);
  stage.begin(0, false);
  std::vector<NodeId> alone = {nodeId(0), nodeId(1), nodeId(2)};
  stage.sites[1]->isDown = stage.sites[2]->isDown = true;
  stage[0].setMembers(stage.now, alone);
  auto result = stage.claim(0, "name/web", "c1");
  stage.run(Time(300));
  cr_expect_not(result->has_value());
  stage[0].setMembers(stage.now, stage.members());
  stage.run(Time(900));
  cr_assert(result->has_value());
  cr_expect((*result)->verdict == Verdict::unreachable,
            "the three before could grant it to somebody else");
  cr_expect_eq((*result)->reached, 3);
}

Test(claims, answers_nobody_asked_for_are_ignored) {
  Stage stage(3);
  for (size_t i = 1; i < 3; i++) stage.sites[i]->isDown = true;
  auto result = stage.claim(0, "name/web", "c1");
  Message forged;
  forged.mutable_claim_answer()->set_verdict(cluster::wire::ClaimAnswer::GRANTED);
  for (uint64_t number = 0; number < 5; number++) {
    forged.mutable_claim_answer()->set_claim(number);
    stage[0].receive(stage.now, nodeId(9), forged);
  }
  cr_expect_not(result->has_value(), "from somebody who is not responsible");
  forged.mutable_claim_answer()->set_claim(99);
  stage[0].receive(stage.now, nodeId(1), forged);
  cr_expect_not(result->has_value(), "to another question");
}
