// What a request to create a container depends on, and what becomes of its body.

#include "proxy/create_request.h"

#include <criterion/criterion.h>

#include <string>

using proxy::CreateRequest;
using proxy::parseCreate;

namespace {

using Texts = std::vector<std::string>;

std::string joined(const Texts& texts) {
  std::string all;
  for (const std::string& each : texts) all += (all.empty() ? "" : " ") + each;
  return all;
}

// The dependencies as one text: c for containers, n for networks, v for volumes, b for a bind.
std::string needs(const CreateRequest& request) {
  std::string all;
  for (const std::string& each : request.containers) all += "c:" + each + " ";
  for (const std::string& each : request.networks) all += "n:" + each + " ";
  for (const std::string& each : request.volumes) all += "v:" + each + " ";
  return all + (request.bindsHost ? "b" : "");
}

}  // namespace

Test(create_request, tells_everything_that_lives_on_a_node) {
  const std::pair<std::string, std::string> cases[] = {
      {R"({})", ""},
      {R"({"HostConfig":{}})", ""},
      {R"({"HostConfig":{"NetworkMode":"container:db"}})", "c:db "},
      {R"({"HostConfig":{"IpcMode":"container:a","PidMode":"container:b"}})", "c:a c:b "},
      {R"({"HostConfig":{"IpcMode":"shareable","PidMode":"host"}})", ""},
      {R"({"HostConfig":{"VolumesFrom":["data","more:ro"]}})", "c:data c:more "},
      {R"({"HostConfig":{"Links":["db:database","/web:/app/web"]}})", "c:db c:/web "},
      {R"({"HostConfig":{"NetworkMode":"backend"}})", "n:backend "},
      {R"({"HostConfig":{"NetworkMode":"default"}})", ""},
      {R"({"HostConfig":{"NetworkMode":"bridge"}})", ""},
      {R"({"HostConfig":{"NetworkMode":"host"}})", ""},
      {R"({"HostConfig":{"NetworkMode":"none"}})", ""},
      {R"({"NetworkingConfig":{"EndpointsConfig":{"front":{},"back":null,"bridge":{}}}})",
       "n:front n:back "},
      {R"({"HostConfig":{"Binds":["/etc:/etc:ro"]}})", "b"},
      {R"({"HostConfig":{"Binds":["data:/data","cache:/c:rw","/anonymous"]}})", "v:data v:cache "},
      {R"({"HostConfig":{"Mounts":[{"Type":"bind","Source":"/x"},{"Type":"tmpfs"},)"
       R"({"Type":"volume","Source":"vol"},{"Type":"volume"}]}})",
       "v:vol b"},
      // What has another type than it should have is the engine's to refuse.
      {R"({"HostConfig":{"Links":"db","Binds":[5,null],"Mounts":[7],"NetworkMode":[]}})", ""},
      {R"({"HostConfig":7,"NetworkingConfig":[],"Labels":"x","Env":{}})", ""},
      {R"({"NetworkingConfig":{"EndpointsConfig":["a"]}})", ""},
      {R"({"HostConfig":null,"Env":null,"Labels":null})", ""},
  };
  for (const auto& [body, expected] : cases) {
    std::optional<CreateRequest> request = parseCreate(body);
    cr_assert(request, "%s", body.c_str());
    cr_expect_eq(needs(*request), expected, "%s: %s", body.c_str(), needs(*request).c_str());
    cr_expect_eq(request->body, body);
    cr_expect_eq(request->node, "");
  }
}

Test(create_request, what_is_no_object_is_no_request) {
  for (const char* body : {"", "null", "[]", "7", "{", "{\"Image\":\"x\"", "{}x", "\"a\""})
    cr_expect_not(parseCreate(body), "%s", body);
}

Test(create_request, the_image_is_told_as_it_is_written) {
  cr_expect_eq(parseCreate(R"({"Image":"reg:5000/a/b:tag"})")->image, "reg:5000/a/b:tag");
  cr_expect_eq(parseCreate(R"({"Image":5})")->image, "");
}

Test(create_request, a_label_asks_for_a_node_and_stays) {
  const std::string body = R"({"Labels":{"io.drover.node":"db-1","a":"b"}})";
  std::optional<CreateRequest> request = parseCreate(body);
  cr_expect_eq(request->node, "db-1");
  cr_expect_eq(request->body, body);
}

Test(create_request, a_constraint_goes_and_everything_else_stays_as_it_was_written) {
  // Numbers of 64 bits and beyond, floats, escapes, white space, order, unknown and doubled
  // members.
  const std::string before =
      "{ \"Memory\":9223372036854775807,\"Big\":18446744073709551615,\"Bigger\":1e400,\r\n"
      "\"Huge\": 123456789012345678901234567890, \"Float\":0.1234567890123456789,\"E\":1E3,"
      "\"Zero\":-0,\"Text\":\"\\u003cb\\u003e \\/ \\u00e9 \\n\",\"X\":{\"y\":[1.0,2.50]},\"X\":2,"
      "\"Env\":";
  const std::string after = " ,\"Labels\" : {\"a\":\"\\t\"}} ";
  std::string valid = before;
  valid.replace(valid.find("1e400"), 5, "1e300");  // more than a double holds is refused as JSON
  const std::string body = valid + R"(["A=1", "constraint:node==db-1" ,"B=\u003d","C"])" + after;
  std::optional<CreateRequest> request = parseCreate(body);
  cr_assert(request);
  cr_expect_eq(request->node, "db-1");
  cr_expect_eq(request->body, valid + R"(["A=1","B=\u003d","C"])" + after, "%s",
               request->body.c_str());
}

Test(create_request, only_expressions_that_ask_for_a_node_are_taken_out) {
  const struct {
    std::string env;
    std::string node;
    std::string kept;  // empty: the body is untouched
  } cases[] = {
      {R"(["constraint:node==a"])", "a", "[]"},
      {R"(["constraint:node==a","constraint:node==b"])", "b", "[]"},
      {R"(["constraint:node\u003d=a","Z"])", "a", R"(["Z"])"},
      {R"([5,null,"constraint:node==a",{"x":1.50}])", "a", R"([5,null,{"x":1.50}])"},
      {R"(["constraint:node==","Z"])", "", R"(["Z"])"},
      {R"(["A=constraint:node==a"])", "", ""},
      {R"(["constraint:node!=a"])", "", ""},
      {R"(["constraint:region==a"])", "", ""},
      {R"([])", "", ""},
  };
  for (const auto& each : cases) {
    std::optional<CreateRequest> request = parseCreate("{\"Env\":" + each.env + "}");
    cr_assert(request);
    cr_expect_eq(request->node, each.node, "%s", each.env.c_str());
    std::string expected = "{\"Env\":" + (each.kept.empty() ? each.env : each.kept) + "}";
    cr_expect_eq(request->body, expected, "%s: %s", each.env.c_str(), request->body.c_str());
  }
}

Test(create_request, depth_costs_no_stack) {
  const std::string deep(500'000, '['), end(500'000, ']');
  std::optional<CreateRequest> request =
      parseCreate("{\"X\":" + deep + end + R"(,"Env":["constraint:node==a"]})");
  cr_assert(request);
  cr_expect_eq(request->node, "a");
  cr_expect_eq(request->body, "{\"X\":" + deep + end + ",\"Env\":[]}");
}

Test(create_request, several_dependencies_are_all_told) {
  std::optional<CreateRequest> request = parseCreate(
      R"({"HostConfig":{"VolumesFrom":["a","b"],"Links":["c:d"],"Binds":["v:/v","/x:/y"]}})");
  cr_expect_eq(joined(request->containers), "a b c");
  cr_expect_eq(joined(request->volumes), "v");
  cr_expect(request->bindsHost);
}
