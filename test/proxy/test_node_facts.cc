// What a node publishes of its engine, and what placement makes of it.

#include "proxy/node_facts.h"

#include <criterion/criterion.h>

#include <set>
#include <string>

#include "proxy/world_facts.h"

using namespace proxy;

namespace {

const std::string info =
    R"({"Name":"host","NCPU":2,"Plugins":{"Volume":["local"],"Network":["bridge","host"],)"
    R"("Authorization":null,"Log":["json-file","local"]},"Runtimes":{"runc":{"path":"runc"},)"
    R"("nvidia":{"path":"n"}}})";
const std::string managed =
    R"([{"Name":"rexray:latest","Enabled":true,)"
    R"("Config":{"Interface":{"Types":["docker.volumedriver/1.0"]}}},)"
    R"({"Name":"loki:2","Enabled":true,"Config":{"Interface":{"Types":["docker.logdriver/1.0"]}}},)"
    R"({"Name":"off:1","Enabled":false,)"
    R"("Config":{"Interface":{"Types":["docker.volumedriver/1.0"]}}},)"
    R"({"Name":"odd","Enabled":true,"Config":5},7])";

cluster::NodeRecord facts(const std::string& info, const std::string& plugins) {
  std::optional<cluster::NodeRecord> record = nodeFacts(info, "{\"ApiVersion\":\"1.41\"}", plugins);
  cr_assert(record.has_value());
  return *record;
}

}  // namespace

Test(node_facts, plugins_are_those_that_were_used_and_those_that_are_managed) {
  cluster::NodeRecord record = facts(info, managed);
  using Names = std::vector<std::string>;
  cr_expect_eq(record.plugins.size(), 4);
  cr_expect(record.plugins["Volume"] == Names({"local", "rexray:latest"}));
  cr_expect(record.plugins["Network"] == Names({"bridge", "host"}));
  cr_expect(record.plugins["Log"] == Names({"json-file", "local", "none", "loki:2"}));
  cr_expect(record.plugins["Runtime"] == Names({"nvidia", "runc"}) ||
            record.plugins["Runtime"] == Names({"runc", "nvidia"}));
}

Test(node_facts, of_what_an_engine_does_not_say_nothing_is_known) {
  cr_expect(facts("{}", "").plugins.empty());
  cr_expect(facts(R"({"Plugins":5,"Runtimes":[]})", "{\"message\":\"no\"}").plugins.empty());
  cr_expect(facts(R"({"Plugins":{"Network":null}})", "[").plugins.size() <= 1);
  cr_expect_not(nodeFacts("[]", "{}", "").has_value());
}

Test(node_facts, placement_knows_them) {
  cluster::NodeView view;
  view.record = facts(info, managed);
  view.record.load = 75;
  labels::Node node = nodeFact(view);
  cr_expect(node.plugins["Runtime"] == std::set<std::string>({"nvidia", "runc"}));
  cr_expect(node.plugins["Volume"].contains("rexray:latest"));
  cr_expect_eq(node.load, 0.75);
  view.record.load = UINT64_MAX;
  cr_expect_eq(nodeFact(view).load, 1, "whatever another version says");
  view.record = *cluster::decodeNode(R"({"os":"linux"})");
  cr_expect(nodeFact(view).plugins.empty() && nodeFact(view).load == 0, "one that does not say it");
}
