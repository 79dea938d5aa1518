// What becomes of a create request's body before its engine gets it.

#include "proxy/create_body.h"

#include <criterion/criterion.h>

#include <string>

using namespace proxy;

Test(create_body, expressions_go_and_everything_else_stays_as_it_was_written) {
  const std::string body =
      R"({ "Image":"a","Env":["A=1","constraint:node==b", "B=\u00e9","x"],"Big":123456789012345678901,)"
      R"("Unknown":{"x":[1, 2]}})";
  cr_expect_eq(withoutEnv(body, {}), body);
  std::string left = withoutEnv(body, {1, 3});
  cr_expect(left.find(R"("Env":["A=1","B=\u00e9"])") != left.npos, "%s", left.c_str());
  cr_expect(left.find(R"("Big":123456789012345678901,"Unknown":{"x":[1, 2]})") != left.npos);
  cr_expect_eq(withoutEnv(body, {9}).find("constraint") != std::string::npos, true);
  const std::string twice = R"({"Env":["constraint:node==a"],"Env":["A=1"]})";
  cr_expect_eq(withoutEnv(twice, {0}), twice);
  for (const char* broken : {"", "[]", "{\"Env\":7}", "{\"Env\":[1,", "{\"Env\":{}}"})
    cr_expect_eq(withoutEnv(broken, {0}), broken);
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
