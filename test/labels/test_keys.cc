// The table of keys, the reference made of it, and labels of nodes.

#include "labels/keys.h"

#include "labels/node_rules.h"
#include "labels/reference.h"

#include <criterion/criterion.h>

#include <set>
#include <string>

using labels::Labels;
using labels::NodeRules;
using labels::Problem;

Test(keys, each_row_is_whole) {
  std::set<std::pair<std::string_view, labels::Where>> names;
  for (const labels::Key& key : labels::keys()) {
    cr_expect(names.emplace(key.name, key.where).second, "%s twice", key.name.data());
    bool isOfNodes = key.where == labels::Where::nodeLabel;
    cr_expect_eq(key.readNode != nullptr, isOfNodes, "%s", key.name.data());
    cr_expect_eq(key.read != nullptr, !isOfNodes, "%s", key.name.data());
    cr_expect(!key.takes.empty() && !key.help.empty(), "%s", key.name.data());
    cr_expect_eq(labels::findKey(key.name, key.where), &key, "%s", key.name.data());
  }
}

Test(keys, the_reference_has_every_key) {
  std::string reference = labels::reference();
  for (const labels::Key& key : labels::keys())
    cr_expect_neq(reference.find("| `" + std::string(key.name)), std::string::npos, "%s",
                  key.name.data());
  for (const std::string& name : labels::keyNames())
    cr_expect_neq(reference.find("`" + name + "`"), std::string::npos, "%s", name.c_str());
}

Test(keys, labels_of_nodes_are_read) {
  NodeRules rules = labels::readNodeLabels({{"io.drover.zone", "eu"},
                                            {"io.drover.slots", "7"},
                                            {"io.drover.overcommit", "-0.1"},
                                            {"io.drover.resource.gpu", "4"},
                                            {"io.drover.resource.fast-disk", "1"},
                                            {"io.drover.require-any", "a, b=c"},
                                            {"io.drover.publish-ips", "10.0.0.1"}},
                                           {});
  cr_expect_eq(rules.zone, "eu");
  cr_expect_eq(*rules.slots, 7u);
  cr_expect_eq(*rules.overcommit, -0.1);
  cr_expect_eq(labels::genericOf(rules.resources, "gpu"), 4u);
  cr_expect_eq(labels::genericOf(rules.resources, "fast-disk"), 1u);
  cr_expect_eq(rules.requireAny.size(), 2u);
  cr_expect_eq(rules.ips.size(), 1u);
}

Test(keys, our_labels_win_over_those_of_others_and_nodes_over_engines) {
  cr_expect_eq(labels::readNodeLabels({{"zone", "a"}, {"io.drover.zone", "b"}}, {}).zone, "b");
  cr_expect_eq(labels::readNodeLabels({{"zone", "a"}}, {{"zone", "b"}}).zone, "a");
  cr_expect_eq(labels::readNodeLabels({}, {{"io.rancher.host.zone", "c"}}).zone, "c");
}

Test(keys, what_cannot_be_read_of_a_node_is_told_and_has_no_effect) {
  std::vector<Problem> problems;
  NodeRules rules = labels::readNodeLabels(
      {{"io.drover.slots", "few"}, {"io.drover.overcommit", "lots"}, {"io.drover.resource.", "1"}},
      {}, &problems);
  cr_expect(rules == NodeRules());
  cr_assert_eq(problems.size(), 3u);
  for (const Problem& each : problems) cr_expect_neq(each.message(), "");
}

Test(keys, a_label_that_a_node_is_to_get_is_judged_by_itself) {
  const struct {
    const char* name;
    const char* value;
    const char* words;  // of the message; nullptr if there is nothing wrong
  } cases[] = {
      {"io.drover.slots", "many", "\"many\" is not a number"},
      {"io.drover.slots", "7", nullptr},
      {"io.drover.slot", "7", "io.drover.slots"},
      {"io.drover.overcommit", "-2", "io.drover.overcommit"},
      {"io.drover.resource.gpu", "x", "io.drover.resource.gpu"},
      {"io.drover.constraint", "node == x", "of containers"},
      {"IO.DROVER.ZONES", "x", "io.drover.zone"},
      {"containerslots", "many", nullptr},
      {"disk", "many", nullptr},
      {"", "", nullptr},
  };
  for (const auto& each : cases) {
    std::optional<Problem> problem = labels::problemOfNodeLabel(each.name, each.value);
    cr_assert_eq(problem.has_value(), each.words != nullptr, "%s=%s", each.name, each.value);
    if (!problem) continue;
    cr_expect_neq(problem->message().find(each.words), std::string::npos, "%s",
                  problem->message().c_str());
  }
}

Test(keys, all_of_them_are_one_line) {
  std::string line = labels::keyLine();
  cr_expect(line.starts_with("io.drover.{constraint, constraint.soft, "), "%s", line.c_str());
  for (const char* part :
       {"io.rancher.scheduler.affinity:{host_label, host_label_ne, ", "container.pull_image",
        "com.docker.swarm.{constraints, ", "} constraint: affinity: reschedule: whitelist:"})
    cr_expect_neq(line.find(part), std::string::npos, "%s in %s", part, line.c_str());
  cr_expect_eq(line.find('\n'), std::string::npos);
}
