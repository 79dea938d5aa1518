// What a node publishes of its engine.

#include "catalog/node_facts.h"

#include <criterion/criterion.h>

#include <string>

using namespace catalog;

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
