// What becomes of a create request's body before its engine gets it.

#include "docker/create_body.h"

#include <criterion/criterion.h>

#include <string>

using namespace docker;

Test(create_body, expressions_go_and_everything_else_stays_as_it_was_written) {
  const std::string body =
      R"({ "Image":"a","Env":["A=1","constraint:node==b", "B=\u00e9","x"],"Big":123456789012345678901,)"
      R"("Unknown":{"x":[1, 2]}})";
  cr_expect_eq(withoutEnv(body, {}), body);
  std::string left = withoutEnv(body, {1, 3});
  cr_expect(left.find(R"("Env":["A=1","B=\u00e9"])") != left.npos, "%s", left.c_str());
  cr_expect(left.find(R"("Big":123456789012345678901,"Unknown":{"x":[1, 2]})") != left.npos);
  cr_expect_eq(withoutEnv(body, {9}).find("constraint") != std::string::npos, true);
  for (const char* broken : {"", "[]", "{\"Env\":7}", "{\"Env\":[1,", "{\"Env\":{}}"})
    cr_expect_eq(withoutEnv(broken, {0}), broken);
}

Test(create_body, expressions_are_kept_as_labels) {
  const std::string replaced = R"({"Env":["affinity:container==)" + std::string(64, 'a') + R"("]})";
  cr_expect_eq(withExpressionLabels(replaced, {0}), replaced);
  const std::string bare = R"({"Env":["affinity:image==a"],"Labels":null})";
  cr_expect_eq(withExpressionLabels(bare, {0}),
               R"({"Env":["affinity:image==a"],"Labels":{"com.docker.swarm.affinities":)"
               R"("[\"image==a\"]"}})");
  cr_expect_eq(withExpressionLabels(bare, {}), bare);
  for (const char* broken : {"", "[]", R"({"Env":7})", R"({"Env":["constraint:a==b"],"Labels":[]})",
                             R"({"Env":["A=1"]})"})
    cr_expect_eq(withExpressionLabels(broken, {0, 7}), broken);
}

Test(create_body, an_address_of_a_node_is_taken_out_again) {
  const std::string asked =
      R"({"HostConfig":{"PortBindings":{"80/tcp":[{"HostIp":"","HostPort":"8080"},)"
      R"({"HostIp":"127.0.0.1","HostPort":"81"}]}}})";
  std::string bound = withPublishAddress(asked, "10.1.2.3");
  cr_expect_eq(withoutPublishAddress(bound, {"10.9.9.9", "10.1.2.3"}), asked);
  cr_expect_eq(withoutPublishAddress(bound, {"10.9.9.9"}), bound);
  cr_expect_eq(withoutPublishAddress(bound, {}), bound);
  for (const char* other :
       {"{}", "[", R"({"HostConfig":{"PortBindings":{"1/tcp":[{"HostIp":5},7]}}})"})
    cr_expect_eq(withoutPublishAddress(other, {"10.1.2.3"}), other);
}

Test(create_body, ports_without_an_address_of_their_own_are_published_on_the_nodes) {
  std::string body = withPublishAddress(
      R"({"HostConfig":{"Memory":5,"PortBindings":{"80/tcp":[{"HostIp":"","HostPort":"8080"},)"
      R"({"HostIp":"127.0.0.1","HostPort":"81"}],"53/udp":[{"HostPort":"53"}],"1/tcp":null}}})",
      "10.1.2.3");
  cr_expect_eq(
      body,
      R"({"HostConfig":{"Memory":5,"PortBindings":{"80/tcp":[{"HostIp":"10.1.2.3","HostPort":"8080"},)"
      R"({"HostIp":"127.0.0.1","HostPort":"81"}],"53/udp":[{"HostPort":"53","HostIp":"10.1.2.3"}],)"
      R"("1/tcp":null}}})",
      "%s", body.c_str());
  for (const char* other :
       {"{}", "[", R"({"HostConfig":{"PortBindings":[]}})", "{\"HostConfig\":5}"})
    cr_expect_eq(withPublishAddress(other, "10.1.2.3"), other);
  cr_expect_eq(withPublishAddress(R"({"HostConfig":{"PortBindings":{"1/tcp":[{}]}}})", ""),
               R"({"HostConfig":{"PortBindings":{"1/tcp":[{}]}}})");
}

Test(create_body, a_host_name_is_set) {
  cr_expect_eq(withHostname(R"({"Hostname":"","Image":"a"})", "web"),
               R"({"Hostname":"web","Image":"a"})");
  cr_expect_eq(withHostname(R"({"Image":"a"})", "w\"b"), R"({"Image":"a","Hostname":"w\"b"})");
  cr_expect_eq(withHostname("null", "web"), "null");
}

Test(create_body, a_clean_end_is_an_end) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"HostConfig":{"RestartPolicy":{"Name":"always","MaximumRetryCount":0},"X":1}})",
       R"({"HostConfig":{"RestartPolicy":{"Name":"on-failure","MaximumRetryCount":0},"X":1}})"},
      {R"({"HostConfig":{"RestartPolicy":{"Name":"unless-stopped"}}})",
       R"({"HostConfig":{"RestartPolicy":{"Name":"on-failure"}}})"},
  };
  for (const auto& [body, expected] : cases) cr_expect_eq(withCleanEnd(body), expected, "%s", body);
  for (const char* other :
       {R"({"HostConfig":{"RestartPolicy":{"Name":"on-failure","MaximumRetryCount":3}}})",
        R"({"HostConfig":{"RestartPolicy":{"Name":"no"}}})", R"({"HostConfig":{}})", "{}", "", "[",
        R"({"HostConfig":{"RestartPolicy":"always"}})", R"({"HostConfig":5})"})
    cr_expect_eq(withCleanEnd(other), other, "%s", other);
}

Test(create_body, what_is_said_of_the_host_may_stand_beside_its_config) {
  const std::string body = R"({"PortBindings":{"80/tcp":[{"HostPort":"80"}]},)"
                           R"("RestartPolicy":{"Name":"always"},"HostConfig":null})";
  std::string bound = withPublishAddress(body, "10.0.0.1");
  cr_expect(bound.find(R"({"HostPort":"80","HostIp":"10.0.0.1"})") != bound.npos, "%s",
            bound.c_str());
  std::string ends = withCleanEnd(body);
  cr_expect(ends.find(R"("RestartPolicy":{"Name":"on-failure"})") != ends.npos, "%s", ends.c_str());
}

Test(create_body, containers_that_it_names_are_replaced) {
  const std::map<std::string, std::string> others{{"aa", "bb"}};
  std::string body = withContainers(
      R"({"HostConfig":{"VolumesFrom":["aa:ro","aa","cc"],"NetworkMode":"container:aa",)"
      R"("PidMode":"host","IpcMode":"container:cc","Links":["aa:x","/aa:/web/y","cc:z"]}})",
      others);
  cr_expect_eq(
      body,
      R"({"HostConfig":{"VolumesFrom":["bb:ro","bb","cc"],"NetworkMode":"container:bb",)"
      R"("PidMode":"host","IpcMode":"container:cc","Links":["bb:x","/aa:/web/y","cc:z"]}})",
      "%s", body.c_str());
  cr_expect_eq(withContainers("[]", others), "[]");
  // As engines tell of links.
  cr_expect_eq(withContainers(R"({"HostConfig":{"Links":["/aa:/web/x"]}})", {{"/aa", "bb"}}),
               R"({"HostConfig":{"Links":["/bb:/web/x"]}})");
}

Test(create_body, it_may_remove_itself) {
  cr_expect(removesItself(R"({"HostConfig":{"AutoRemove":true}})"));
  cr_expect_not(removesItself(R"({"HostConfig":{"AutoRemove":false}})"));
  cr_expect_not(removesItself("[]"));
}
