// NODE/NAME, as classic Swarm called what is on one node.

#include "orchestrator/node_name.h"

#include <criterion/criterion.h>

#include <string>

using namespace orchestrator;

namespace {

class Two : public cluster::Nodes {
 public:
  cluster::NodeId self() const override { return nodes().front().id; }
  std::vector<cluster::Node> nodes() const override {
    std::vector<cluster::Node> both(2);
    both[0].id = *cluster::NodeId::parse(std::string(cluster::NodeId::length, 'a'));
    both[0].name = "db-1";
    both[1].id = *cluster::NodeId::parse(std::string(cluster::NodeId::length, 'b'));
    both[1].name = "db-2";
    return both;
  }
  bool clustered() const override { return true; }
  bool wasRemoved(const cluster::NodeId&) const override { return false; }
  std::vector<cluster::NodeView> nodeViews() const override { return {}; }
  std::string clusterId() const override { return ""; }
};

}  // namespace

Test(node_name, is_that_of_a_node_before_a_slash) {
  Two nodes;
  const std::string id(cluster::NodeId::length, 'b');
  const struct {
    std::string text;
    std::string node;
    std::string name;
  } cases[] = {
      {"db-1/web", "db-1", "web"},
      {id + "/web", "db-2", "web"},
      {"db-2/web/x", "db-2", "web/x"},
      {"db-3/web", "", ""},
      {"web", "", ""},
      {"/web", "", ""},
      {"db-1/", "", ""},
      {"db-1", "", ""},
      {"", "", ""},
      {"DB-1/web", "", ""},
  };
  for (const auto& each : cases) {
    std::optional<NodeName> found = parseNodeName(nodes, each.text);
    cr_expect_eq(found ? found->node.name : "", each.node, "%s", each.text.c_str());
    cr_expect_eq(found ? found->name : "", each.name, "%s", each.text.c_str());
  }
}

Test(node_name, is_replaced_where_it_stands) {
  cr_expect_eq(withText(R"({"a":1,"Name":"n/x","b":"2"})", "Name", "x"),
               R"({"a":1,"Name":"x","b":"2"})");
  cr_expect_eq(withText("[]", "Name", "x"), "[]");
  const std::string cases[][2] = {
      {"/commit?container=n%2Fx&repo=r", "/commit?container=x%2Fy&repo=r"},
      {"/commit?repo=r&container=n/x", "/commit?repo=r&container=x%2Fy"},
      {"/commit?repo=r", "/commit?repo=r"},
      {"/commit?containers=a&repo", "/commit?containers=a&repo"},
      {"/commit", "/commit"},
      {"/commit?", "/commit?"},
  };
  for (const auto& [target, expected] : cases)
    cr_expect_eq(withParameter(target, "container", "x/y"), expected, "%s: %s", target.c_str(),
                 withParameter(target, "container", "x/y").c_str());
}

Test(node_name, of_a_request_is_read_as_go_reads_it) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"Name":"a"})", "a"},
      {R"({"name":"a"})", "a"},
      {R"({"Name":"a","nAME":"b"})", "b"},
      {R"({"Name":"a","Name":"b"})", "b"},
      {R"({"Name":"a","Name":null})", "a"},
      {R"({"Name":5})", ""},
      {R"({"Driver":"local"})", ""},
      {R"({"Name":"a","x":1e999})", "a"},  // Go does not look at what it has no member for
      {"null", ""},
      {"[]", ""},
      {" \n", ""},
      {"", ""},
  };
  for (const auto& [body, expected] : cases)
    cr_expect_eq(requestedName(body).value_or("-"), expected, "%s", body);
  for (const char* unreadable : {"{", R"({"Name":"a"} more)"})
    cr_expect_not(requestedName(unreadable).has_value(), "%s", unreadable);
}
