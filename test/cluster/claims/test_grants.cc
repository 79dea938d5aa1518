// The granting side of claims, asked by members that may be away, flood it or make no sense.

#include <criterion/criterion.h>

#include <set>
#include <string>

#include "cluster/claims/grants.h"
#include "test/cluster/state_stage.h"

using cluster::ClaimOptions;
using cluster::Holding;
using cluster::NodeId;
using cluster::Time;
using cluster::wire::Message;
using test::nodeId;

namespace {

struct NoRecords : cluster::ClaimWorld {
  std::optional<Holding> holding(const std::string&) const override { return std::nullopt; }
  uint64_t versionOf(const NodeId&) const override { return 0; }
  bool isAway(const NodeId& member) const override { return away.contains(member); }
  std::set<NodeId> away;
};

cluster::wire::ClaimAsk asks(const std::string& key, const std::string& holder,
                             uint32_t keep = 10'000) {
  cluster::wire::ClaimAsk ask;
  ask.set_key(key);
  ask.set_holder(holder);
  ask.set_keep_ms(keep);
  return ask;
}

}  // namespace

Test(grants, a_flood_of_one_member_is_limited_and_does_not_keep_out_the_others) {
  NoRecords world;
  ClaimOptions options;
  options.maxGrantsOfMember = 10;
  options.maxGrants = 15;
  cluster::Grants grants(options, world);
  auto claims = [&](size_t member, int count) {
    int granted = 0;
    for (int i = 0; i < count; i++) {
      std::string key = std::to_string(member) + "/" + std::to_string(i);
      granted += grants.answer(Time(0), nodeId(member), asks(key, "c")).verdict() ==
                 cluster::wire::ClaimAnswer::GRANTED;
    }
    return granted;
  };
  cr_expect_eq(claims(1, 1'000), 10);
  cr_expect_eq(claims(2, 3), 3);
  cr_expect_eq(claims(3, 3), 2);
  cr_expect_eq(grants.size(), 15);
  cr_expect_eq(grants.nextExpiry().count(), 10'000);
  grants.expire(Time(10'000));
  cr_expect_eq(grants.size(), 0);
  cr_expect_eq(grants.nextExpiry().count(), Time::max().count());
}

Test(grants, what_a_member_was_granted_that_is_away_lasts_until_it_is_back_and_had_time) {
  NoRecords world;
  cluster::Grants grants({}, world);
  auto verdict = [&](Time now, size_t member, const char* holder) {
    return grants.answer(now, nodeId(member), asks("name/web", holder)).verdict();
  };
  cr_expect_eq(verdict(Time(0), 1, "c1"), cluster::wire::ClaimAnswer::GRANTED);
  world.away = {nodeId(1)};
  cr_expect_eq(verdict(Time(10'000), 2, "c2"), cluster::wire::ClaimAnswer::HELD);
  for (Time now(10'000); now < Time(100'000); now += Time(1'000)) grants.expire(now);
  cr_expect_eq(verdict(Time(100'000), 2, "c2"), cluster::wire::ClaimAnswer::HELD);
  world.away.clear();
  Time over = grants.nextExpiry();
  grants.expire(over);
  cr_expect_lt(over.count(), 102'000);
  cr_expect_eq(verdict(over + Time(4'999), 2, "c2"), cluster::wire::ClaimAnswer::HELD,
               "it tells what it has");
  grants.expire(over + Time(5'000));
  cr_expect_eq(grants.size(), 0);
  cr_expect_eq(verdict(over + Time(5'000), 2, "c2"), cluster::wire::ClaimAnswer::GRANTED);
}

Test(grants, senseless_questions_are_not_granted) {
  NoRecords world;
  cluster::Grants grants({}, world);
  std::string endless(5'000, 'x');
  for (const auto& ask : {asks("", "c"), asks("k", ""), asks(endless, "c"), asks("k", endless),
                          asks("k", "c", 10'001)}) {
    cr_expect_eq(grants.answer(Time(0), nodeId(1), ask).verdict(),
                 cluster::wire::ClaimAnswer::ABSTAINED);
  }
  cr_expect_eq(grants.size(), 0);
}

Test(grants, asking_again_for_less_does_not_shorten_a_grant) {
  NoRecords world;
  cluster::Grants grants({}, world);
  grants.answer(Time(0), nodeId(1), asks("k", "c", 10'000));
  grants.answer(Time(0), nodeId(1), asks("k", "c", 5));
  cr_expect_eq(grants.nextExpiry().count(), 10'000);
}
