// What an engine gets for what was asked for.

#include "orchestrator/create_order.h"

#include <criterion/criterion.h>

#include <string>
#include <utility>
#include <vector>

#include "labels/decode.h"

using namespace orchestrator;

namespace {

CreateOrder asking(std::string_view body) {
  return withBody(CreateOrder(), body);
}

std::string forEngine(const CreateOrder& order) {
  return orchestrator::forEngine(order.request, editsFor(order, "")).body;
}

std::string withTaken(std::string_view body, const std::vector<size_t>& taken) {
  CreateOrder order = asking(body);
  order.asked.envTaken = taken;
  return forEngine(order);
}

std::string withCleanEnd(std::string_view body) {
  CreateOrder order = asking(body);
  order.asked.policy.startOnce = true;
  return forEngine(order);
}

}  // namespace

Test(create_order, expressions_are_kept_as_labels) {
  const std::string body =
      R"({"Env":["A=1","constraint:disk==s\\d","constraint:zone!=~x","affinity:container!=web*",)"
      R"("reschedule:on-node-failure","whitelist:node==a|b"],"Labels":{"a":"b",)"
      R"("com.docker.swarm.constraints":"[\"node==n\"]"}})";
  labels::Policy asked = asking(body).asked.policy;
  labels::Policy told = labels::decode(forEngine(asking(body))).policy;
  cr_expect_eq(told.constraints.size(), 3u);
  cr_expect(told.constraints == asked.constraints && told.affinities == asked.affinities);
  cr_expect(told.reschedule == asked.reschedule && told.whitelist == asked.whitelist);
  cr_expect_eq(told.labels["a"], "b");

  // Which container it replaces is told by nothing that stays.
  const std::string replaced = R"({"Env":["affinity:container==)" + std::string(64, 'a') + R"("]})";
  cr_expect_eq(forEngine(asking(replaced)), R"({"Env":[]})");
  const std::string bare = R"({"Env":["A=1","affinity:image==a"],"Labels":null})";
  cr_expect_eq(forEngine(asking(bare)),
               R"({"Env":["A=1"],"Labels":{"com.docker.swarm.affinities":"[\"image==a\"]"}})");
  cr_expect_eq(withTaken(bare, {}), bare);
  for (const char* other : {"[]", R"({"Env":7})"}) cr_expect_eq(withTaken(other, {0, 7}), other);
  cr_expect_eq(forEngine(asking(R"({"Env":["constraint:a==b"],"Labels":[]})")),
               R"({"Env":[],"Labels":[]})");
  cr_expect_eq(withTaken(R"({"Env":["A=1"]})", {7}), R"({"Env":["A=1"]})");
}

Test(create_order, a_clean_end_is_an_end) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"HostConfig":{"RestartPolicy":{"Name":"always","MaximumRetryCount":0},"X":1}})",
       R"({"HostConfig":{"RestartPolicy":{"Name":"on-failure","MaximumRetryCount":0},"X":1}})"},
      {R"({"HostConfig":{"RestartPolicy":{"Name":"unless-stopped"}}})",
       R"({"HostConfig":{"RestartPolicy":{"Name":"on-failure"}}})"},
  };
  for (const auto& [body, expected] : cases) cr_expect_eq(withCleanEnd(body), expected, "%s", body);
  for (const char* other :
       {R"({"HostConfig":{"RestartPolicy":{"Name":"on-failure","MaximumRetryCount":3}}})",
        R"({"HostConfig":{"RestartPolicy":{"Name":"no"}}})", R"({"HostConfig":{}})", "{}",
        R"({"HostConfig":{"RestartPolicy":"always"}})", R"({"HostConfig":5})"})
    cr_expect_eq(withCleanEnd(other), other, "%s", other);
}

Test(create_order, what_was_not_asked_for_differently_is_handed_on_as_it_came) {
  const std::string body =
      R"({"Image":"a","X":{ "y":1e2},"HostConfig":{"PortBindings":{"1/tcp":[{}]}}})";
  cr_expect_eq(forEngine(asking(body)), body);
  CreateOrder named =
      asking(R"({"Labels":{"io.rancher.container.hostname_override":"container_name"}})");
  named.name = "web";
  std::string engines = forEngine(named);
  cr_expect(engines.ends_with(R"(,"Hostname":"web"})"), "%s", engines.c_str());
}

Test(create_order, what_runs_once_with_directories_runs_here) {
  const std::string once = R"({"HostConfig":{"Binds":["/a:/a"],"AutoRemove":true}})";
  cr_expect(asking(once).asked.policy.bind == labels::Bind::here);
  cr_expect_not(asking(R"({"HostConfig":{"Binds":["/a:/a"]}})").asked.policy.bind.has_value());
}

Test(create_order, what_cannot_be_understood_is_refused) {
  docker::Refusal broken = malformed(asking("{"));
  cr_expect(broken.status == 400 && broken.message == "unexpected EOF");
  cr_expect_eq(malformed(asking(R"({"Labels":{"io.drover.nod":"a"}})")).status, 400);
  cr_expect_eq(malformed(asking("{}")).status, 0);
}
