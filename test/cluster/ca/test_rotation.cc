// A rotation of the authority and of the gossip keys, step by step.

#include "cluster/ca/rotation.h"

#include <criterion/criterion.h>

#include <string>

#include "cluster/ca/certificates.h"

using namespace cluster;

namespace {

const WallTime now{std::chrono::seconds(1'700'000'000)};

ClusterConfig start() {
  Credentials authority = makeAuthority(now);
  ClusterConfig config;
  config.authorities = {authority.certificate};
  config.authorityKey = authority.key.reveal();
  config.gossipKeys = {"old"};
  return config;
}

}  // namespace

Test(rotation, goes_step_by_step_as_the_nodes_are_ready) {
  ClusterConfig before = start();
  ClusterConfig config = beginRotation(before, now);
  cr_assert_eq(config.authorities.size(), 2);
  cr_expect_eq(config.authorities[1], before.authorities[0]);
  cr_expect_neq(config.authorityKey, before.authorityKey);
  cr_expect_not(config.crossSigned.empty());
  cr_assert_eq(config.gossipKeys.size(), 2);
  cr_expect_eq(config.gossipKeys[0], "old", "seals until all know the new one");
  std::string fresh = config.gossipKeys[1];

  ClusterConfig same = config;
  cr_expect_not(takeStep(config, {.allRenewed = false, .livingAdopted = false}));
  cr_expect(config == same);

  cr_expect(takeStep(config, {.allRenewed = false, .livingAdopted = true}));
  cr_expect_eq(config.gossipKeys[0], fresh);
  cr_expect_eq(config.gossipKeys[1], "old", "still opens");
  cr_expect(takeStep(config, {.allRenewed = false, .livingAdopted = true}));
  cr_expect_eq(config.gossipKeys.size(), 1);
  cr_expect_eq(config.gossipKeys[0], fresh);

  cr_expect_not(takeStep(config, {.allRenewed = false, .livingAdopted = true}));
  cr_expect_eq(config.authorities.size(), 2, "a node that is down still has to renew");
  cr_expect(takeStep(config, {.allRenewed = true, .livingAdopted = true}));
  cr_expect_eq(config.authorities.size(), 1);
  cr_expect_neq(config.authorities[0], before.authorities[0]);
  cr_expect(config.crossSigned.empty());
  cr_expect_not(takeStep(config, {}), "it is over");
}

Test(rotation, says_for_whom_the_next_step_waits) {
  ClusterConfig config = beginRotation(start(), now);
  std::vector<Progress> nodes = {
      {.name = "good"},
      {.name = "full", .adopted = false, .renewed = false, .trouble = "the disk is full"},
      {.name = "down", .lives = false, .adopted = false, .renewed = false},
      {.name = "slow", .adopted = false, .renewed = false}};
  cr_expect_eq(waitsFor(config, nodes),
               "full (the disk is full), slow (it has not applied the new configuration yet)",
               "the gossip key does not wait for who is down");
  cr_expect_not(readinessOf(nodes).livingAdopted);
  cr_expect_not(readinessOf(nodes).allRenewed);
  nodes[1] = {.name = "full"};
  nodes[3] = {.name = "slow"};
  cr_expect_eq(waitsFor(config, nodes), "");
  cr_expect(readinessOf(nodes).livingAdopted);
  while (config.gossipStep != 0) cr_assert(takeStep(config, readinessOf(nodes)));
  cr_expect_eq(waitsFor(config, nodes), "down (it is down)");
  cr_expect_not(takeStep(config, readinessOf(nodes)));
  nodes.pop_back();
  nodes[2] = {.name = "down"};
  cr_assert(takeStep(config, readinessOf(nodes)));
  nodes[0] = {.name = "good", .adopted = false, .renewed = false};
  cr_expect_eq(waitsFor(config, nodes), "", "there is none to be taken");
}

Test(rotation, a_rotation_of_the_keys_under_way_just_goes_on) {
  ClusterConfig config = start();
  config.gossipKeys.push_back("new");
  config.gossipStep = 1;
  config = beginRotation(config, now);
  cr_expect_eq(config.gossipKeys.size(), 2);
  cr_expect_eq(config.gossipKeys[1], "new");
  cr_expect_eq(config.authorities.size(), 2);
}
