// What containers are called that are to take the place of others, and when one counts as well.

#include "orchestrator/container_move.h"

#include <criterion/criterion.h>

#include <string>

using namespace orchestrator;

Test(container_move, a_name_tells_whose_place_it_is_to_take) {
  const std::string id = "0123456789abcdef" + std::string(48, '0');
  std::string name = movingName("web", id);
  cr_expect_eq(name, "web.moving.0123456789ab");
  cr_expect_eq(parseMovingName(name), (MovingName{"web", "0123456789ab"}));
  // One that is moved while it waits itself.
  cr_expect_eq(parseMovingName(movingName(name, id)), (MovingName{name, "0123456789ab"}));
}

Test(container_move, other_names_tell_nothing) {
  for (const char* name :
       {"", "web", ".moving.0123456789ab", "web.moving.", "web.moving.0123456789a",
        "web.moving.0123456789aB", "web.moving.0123456789abc", "web-moving-0123456789ab",
        "web.moving.0123456789ab.x"})
    cr_expect_not(parseMovingName(name).has_value(), "%s", name);
}

Test(container_move, what_runs_and_is_healthy_is_well) {
  auto state = [](const std::string& members) { return "{\"State\":{" + members + "}}"; };
  const std::string runs = R"("Running":true)";
  cr_expect(isHealthy(state(runs)));
  cr_expect(isHealthy(state(runs + R"(,"Health":{"Status":"healthy"})")));
  cr_expect(isHealthy(state(runs + R"(,"Health":{"Status":"none"})")));
  cr_expect(isHealthy(state(runs + R"(,"Health":null)")));
  for (const char* more :
       {R"(,"Health":{"Status":"starting"})", R"(,"Health":{"Status":"unhealthy"})",
        R"(,"Paused":true)", R"(,"Restarting":true)"})
    cr_expect_not(isHealthy(state(runs + more)), "%s", more);
  for (const char* text : {"", "[]", "{", "{}", R"({"State":5})", R"({"State":{"Running":"yes"}})"})
    cr_expect_not(isHealthy(text), "%s", text);
}
