// What placement makes of records.

#include "scheduler/world_facts.h"

#include <criterion/criterion.h>

#include <set>
#include <string>

using namespace scheduler;

Test(world_facts, placement_knows_what_a_node_publishes) {
  cluster::NodeView view;
  view.record.plugins = {{"Volume", {"local", "rexray:latest"}}, {"Runtime", {"runc", "nvidia"}}};
  view.record.load = 75;
  scheduler::Node node = nodeFact(view);
  cr_expect(node.plugins["Runtime"] == std::set<std::string>({"nvidia", "runc"}));
  cr_expect(node.plugins["Volume"].contains("rexray:latest"));
  cr_expect_eq(node.load, 0.75);
  view.record.load = UINT64_MAX;
  cr_expect_eq(nodeFact(view).load, 1, "whatever another version says");
  view.record = *cluster::decodeNode(R"({"os":"linux"})");
  cr_expect(nodeFact(view).plugins.empty() && nodeFact(view).load == 0, "one that does not say it");
}
