// What holds for any request and any world: random ones, from fixed seeds.

#include "test/scheduler/small_world.h"

#include "labels/keys.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

using labels::Policy;
using scheduler::World;

namespace {

class Dice {
 public:
  explicit Dice(unsigned seed) : random_(seed) {}
  size_t below(size_t most) { return random_() % most; }
  template <class T>
  const T& oneOf(const std::vector<T>& all) {
    return all[below(all.size())];
  }

 private:
  std::mt19937 random_;
};

const std::vector<std::string> zones = {"x", "y", "z"};
const std::vector<std::string> apps = {"web", "db", "cache"};

const std::vector<std::string> rules = {
    "node.zone == x",         "node.zone != y",     "node.zone in (x, z)",   "node.kernel >= 5.10",
    "node.label.disk absent", "node.memory > 100g", "node.name == /n[0-4]/", "node.cpus >= 2",
};
const std::vector<std::string> affinities = {
    "label.app == web", "label.app != db", "container == c1*",
    "container absent", "image == nginx",  "label.app notin (web, cache)",
};

struct Facts {
  std::vector<scheduler::Node> nodes;
  std::vector<scheduler::Container> containers;
};

Facts randomFacts(Dice& dice) {
  Facts facts;
  size_t nodes = 1 + dice.below(8);
  for (size_t i = 0; i < nodes; i++) {
    scheduler::Node node = small::node("n" + std::to_string(i), {{"zone", dice.oneOf(zones)}});
    node.load = static_cast<double>(dice.below(100)) / 100;
    if (dice.below(6) == 0) node.availability = scheduler::Availability::drain;
    facts.nodes.push_back(node);
  }
  for (size_t i = 0; i < dice.below(30); i++) {
    scheduler::Container each = small::container(
        "c" + std::to_string(i), facts.nodes[dice.below(nodes)].name, {{"app", dice.oneOf(apps)}});
    each.reserved.memory = uint64_t{dice.below(4)} << 30;
    if (dice.below(3) == 0)
      each.ports = {{static_cast<uint16_t>(80 + dice.below(3)), labels::Protocol::tcp, ""}};
    facts.containers.push_back(each);
  }
  return facts;
}

World worldOf(const Facts& facts) {
  World world;
  for (const scheduler::Node& each : facts.nodes) world.putNode(each);
  for (const scheduler::Container& each : facts.containers) world.putContainer(each);
  return world;
}

small::Pairs randomRequest(Dice& dice) {
  small::Pairs given = {{"app", dice.oneOf(apps)}};
  if (dice.below(2)) given.emplace_back("io.drover.constraint", dice.oneOf(rules));
  if (dice.below(2)) given.emplace_back("io.drover.affinity", dice.oneOf(affinities));
  if (dice.below(3) == 0) given.emplace_back("io.drover.strategy", "binpack");
  if (dice.below(3) == 0) given.emplace_back("io.drover.spread-by", "zone");
  return given;
}

const std::string somePort =
    R"("HostConfig":{"PortBindings":{"80/tcp":[{"HostPort":"80-81"}]},"Memory":1073741824})";

}  // namespace

Test(properties, the_order_in_which_facts_arrive_does_not_matter) {
  for (unsigned seed = 0; seed < 300; seed++) {
    Dice dice(seed);
    Facts facts = randomFacts(dice);
    Policy policy = small::asking(randomRequest(dice), somePort);
    World one = worldOf(facts);
    std::mt19937 shuffling(seed);
    std::shuffle(facts.nodes.begin(), facts.nodes.end(), shuffling);
    std::shuffle(facts.containers.begin(), facts.containers.end(), shuffling);
    // The other one has a past, too.
    World other;
    other.putNode(small::node("gone"));
    other.putContainer(small::container("gone", "gone"));
    for (const scheduler::Node& each : facts.nodes) other.putNode(each);
    other.eraseNode("id-gone");
    for (const scheduler::Container& each : facts.containers) other.putContainer(each);

    scheduler::Placement here = scheduler::place(policy, one, {.name = "new"});
    scheduler::Placement there = scheduler::place(policy, other, {.name = "new"});
    cr_assert_eq(here.candidates.size(), there.candidates.size());
    for (size_t i = 0; i < here.candidates.size(); i++) {
      cr_expect_eq(here.candidates[i].id, there.candidates[i].id, "seed %u", seed);
      cr_expect(here.candidates[i].score == there.candidates[i].score);
    }
    cr_expect_eq(here.why, there.why);
  }
}

Test(properties, a_wish_never_makes_a_placement_fail) {
  for (unsigned seed = 0; seed < 500; seed++) {
    Dice dice(seed);
    World world = worldOf(randomFacts(dice));
    small::Pairs given = randomRequest(dice);
    std::string before = small::nodesFor(world, small::asking(given, somePort));
    given.emplace_back("io.drover.constraint.soft", dice.oneOf(rules) + "," + dice.oneOf(rules));
    given.emplace_back("io.drover.affinity.soft", dice.oneOf(affinities));
    given.emplace_back("io.rancher.scheduler.affinity:container_label_soft_ne", "app=web");
    cr_expect_eq(small::nodesFor(world, small::asking(given, somePort)), before, "seed %u", seed);
  }
}

Test(properties, every_node_is_a_candidate_or_rejected_with_a_line) {
  for (unsigned seed = 0; seed < 200; seed++) {
    Dice dice(seed);
    World world = worldOf(randomFacts(dice));
    scheduler::Placement placement = scheduler::place(small::asking(randomRequest(dice), somePort),
                                                      world, {.maxCandidates = 0, .explain = true});
    cr_expect_eq(placement.candidates.size() + placement.rejected.size(), world.nodes().size());
    for (const scheduler::Rejection& each : placement.rejected) {
      cr_expect_neq(each.message, "");
      cr_expect_eq(each.message.find('\n'), std::string::npos);
    }
    cr_expect_eq(placement.candidates.empty(), !placement.why.empty());
  }
}

// Values made of pieces of the grammars, with random bytes between.
Test(properties, decoding_any_value_gives_a_policy_or_a_problem) {
  const std::vector<std::string> pieces = {
      "node",      ".",
      "zone",      "==",
      "!=",        " in (",
      ")",         ",",
      "/",         "\\",
      "*",         "?",
      "\"",        "'",
      "(",         "[",
      "{",         "~",
      "=",         ">=",
      "5.10",      "16g",
      "exists",    " ",
      "label.",    "${stack_name}",
      "container", "\xc3\xa9",
      "\xff",      "|",
      "[\"",       "\"]",
      "$",         "^",
  };
  for (unsigned seed = 0; seed < 4'000; seed++) {
    Dice dice(seed);
    std::string value;
    for (size_t i = 0; i < dice.below(20); i++) {
      value += dice.oneOf(pieces);
      if (dice.below(12) == 0) value += static_cast<char>(dice.below(255) + 1);
    }
    for (const labels::Key& key : labels::keys()) {
      if (!key.read) continue;
      bool isLabel = key.where == labels::Where::containerLabel;
      std::string body = isLabel
                             ? small::body({{std::string(key.name), value}})
                             : "{\"Env\":[" + small::quoted(std::string(key.name) + value) + "]}";
      labels::Decoded decoded = labels::decode(body);
      if (!decoded.problem) continue;
      cr_expect_leq(decoded.problem->position, value.size() + 1, "%s", value.c_str());
      cr_expect_neq(decoded.problem->what, "");
    }
  }
}
