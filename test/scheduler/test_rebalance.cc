// Which single move evens the load.

#include "scheduler/rebalance.h"

#include "test/scheduler/small_world.h"

#include <string>

namespace {

// Containers that may be moved, on nodes n0, n1, ...
struct Stage {
  explicit Stage(size_t nodes) {
    for (size_t i = 0; i < nodes; i++) world.putNode(small::node("n" + std::to_string(i)));
  }
  void add(const std::string& name, const std::string& node, const std::string& service,
           small::Pairs given = {{"io.drover.rebalance", "true"}}, const std::string& more = "",
           uint64_t memory = 0) {
    given.emplace_back("com.docker.compose.project", "p");
    given.emplace_back("com.docker.compose.service", service);
    scheduler::Container container = small::container(name, node, given, "nginx");
    container.reserved.memory = memory;
    world.putContainer(container);
    policies.push_back(std::make_unique<labels::Policy>(small::asking(given, more)));
    policies.back()->reserve.memory = memory;
    movables.push_back({container.id, policies.back().get(), true});
  }
  std::string move(scheduler::Movers movers = scheduler::Movers::asking) {
    std::optional<scheduler::Move> move = scheduler::rebalance(movables, world, {}, movers);
    if (!move) return "";
    return world.container(move->container)->name + " " + move->from.substr(3) + " " +
           move->to.substr(3);
  }
  // Makes moves until none is left, and counts them.
  int settle() {
    int moves = 0;
    for (; moves < 100; moves++) {
      std::optional<scheduler::Move> move = scheduler::rebalance(movables, world, {});
      if (!move) break;
      scheduler::Container moved = *world.container(move->container);
      moved.node = move->to;
      world.putContainer(moved);
    }
    return moves;
  }

  scheduler::World world;
  std::vector<std::unique_ptr<labels::Policy>> policies;
  std::vector<scheduler::Movable> movables;
};

}  // namespace

Test(rebalance, moves_from_the_fullest_to_the_emptiest_and_comes_to_rest) {
  Stage stage(3);
  for (int i = 0; i < 6; i++) stage.add("c" + std::to_string(i), "n0", "s" + std::to_string(i));
  cr_expect_eq(stage.settle(), 4);
  for (const auto& [id, node] : stage.world.nodes()) cr_expect_eq(node->containers, 2u);
}

Test(rebalance, a_difference_of_one_is_no_reason) {
  Stage stage(2);
  stage.add("c0", "n0", "s");
  cr_expect_eq(stage.move(), "");
  stage.add("c1", "n0", "t");
  cr_expect_eq(stage.settle(), 1);
}

Test(rebalance, reservations_weigh_more_than_numbers) {
  Stage stage(2);
  stage.add("large", "n0", "s", {}, "", uint64_t{4} << 30);
  stage.add("small", "n0", "t", {{"io.drover.rebalance", "true"}}, "", uint64_t{1} << 30);
  for (int i = 0; i < 3; i++) stage.add("c" + std::to_string(i), "n1", "u" + std::to_string(i), {});
  cr_expect_eq(stage.move(), "small n0 n1");
}

Test(rebalance, only_what_asked_for_it_and_has_nothing_to_lose_moves) {
  const small::Pairs yes = {{"io.drover.rebalance", "true"}};
  const struct {
    small::Pairs given;
    const char* more;
    bool moves;
  } cases[] = {
      {yes, "", true},
      {{}, "", false},
      {{{"io.drover.rebalance", "true"}, {"io.drover.node", "n0"}}, "", false},
      {{{"io.drover.rebalance", "true"}, {"io.drover.global", "true"}}, "", false},
      {yes, R"("HostConfig":{"Binds":["/srv:/srv"]})", false},
      {yes, R"("HostConfig":{"Binds":["data:/srv"]})", false},
      {yes, R"("HostConfig":{"NetworkMode":"container:c"})", false},
      {{{"io.drover.rebalance", "true"}, {"io.drover.constraint", "node != n1"}}, "", false},
  };
  for (const auto& each : cases) {
    Stage stage(2);
    for (int i = 0; i < 4; i++)
      stage.add("c" + std::to_string(i), "n0", "s" + std::to_string(i), each.given, each.more);
    cr_expect_eq(stage.move() != "", each.moves, "%s", each.more);
  }
  Stage anonymous(2);
  for (int i = 0; i < 4; i++) {
    anonymous.add("c" + std::to_string(i), "n0", "s");
    scheduler::Container container = *anonymous.world.container(anonymous.movables.back().id);
    container.volumes = {"f00"};
    anonymous.world.putContainer(container);
  }
  cr_expect_eq(anonymous.move(), "");
}

Test(rebalance, a_service_that_is_not_whole_is_left_alone) {
  Stage stage(2);
  for (int i = 0; i < 4; i++) stage.add("c" + std::to_string(i), "n0", "s");
  stage.movables[0].healthy = false;
  cr_expect_eq(stage.move(), "");
  stage.movables[0].healthy = true;
  scheduler::Container stopped = *stage.world.container("c1");
  stopped.running = false;
  stage.world.putContainer(stopped);
  cr_expect_eq(stage.move(), "");
  stopped.running = true;
  stage.world.putContainer(stopped);
  cr_expect_neq(stage.move(), "");
}

Test(rebalance, the_fullest_nodes_come_first) {
  Stage stage(4);
  stage.add("a", "n2", "s");
  stage.add("b", "n2", "t");
  stage.add("c", "n0", "u");
  stage.add("d", "n3", "v", {}, "", uint64_t{1} << 30);
  std::vector<std::string> expected = {"id-n3", "id-n2", "id-n0", "id-n1"};
  cr_expect(scheduler::fullestFirst(stage.world) == expected);
}

Test(rebalance, one_of_no_service_answers_for_itself_only) {
  scheduler::Container plain;
  plain.id = "c1";
  plain.image = "nginx";
  cr_expect_eq(scheduler::serviceOf(plain), "c1");
  plain.labels = {{"com.docker.compose.project", "p"}, {"com.docker.compose.service", "s"}};
  cr_expect_eq(scheduler::serviceOf(plain), "p/s");
}

Test(rebalance, all_that_have_nothing_to_lose_move_on_demand) {
  auto moves = [](const small::Pairs& given, const std::string& more, scheduler::Movers movers) {
    Stage stage(2);
    for (int i = 0; i < 4; i++)
      stage.add("c" + std::to_string(i), "n0", "s" + std::to_string(i), given, more);
    return !stage.move(movers).empty();
  };
  using enum scheduler::Movers;
  cr_expect_not(moves({}, "", asking));
  cr_expect(moves({}, "", all));
  cr_expect_not(moves({{"io.drover.node", "n0"}}, "", all));
  cr_expect_not(moves({}, R"("HostConfig":{"Binds":["data:/srv"]})", all));
  Stage stage(2);
  for (int i = 0; i < 2; i++) stage.add("c" + std::to_string(i), "n0", "s" + std::to_string(i));
  stage.movables[0].stays = true;
  cr_expect_eq(stage.move(), "c1 n0 n1");
  stage.movables[1].stays = true;
  cr_expect_eq(stage.move(), "");
}
