// What is needed to create a container again, from the engine's inspection of it.

#include "catalog/container_spec.h"

#include <criterion/criterion.h>

#include <string>

#include "catalog/local_containers.h"

using namespace catalog;

namespace {

const std::string id = "0123456789abcdef";

std::string inspection(const std::string& config, const std::string& host,
                       const std::string& networks = "") {
  return "{\"Id\":\"" + id + "\",\"State\":{\"Pid\":5},\"Name\":\"/web\",\"HostConfig\":{" + host +
         "},\"Mounts\":[],\"Config\":{" + config + "},\"NetworkSettings\":{\"Ports\":{}," +
         "\"Networks\":{" + networks + "}}}\n";
}

std::string body(const std::string& config, const std::string& host,
                 const std::string& networks = "") {
  return "{" + config + (config.empty() ? "" : ",") + "\"HostConfig\":{" + host +
         "},\"NetworkingConfig\":{\"EndpointsConfig\":{" + networks + "}}}";
}

void expect(const std::string& inspected, const std::string& expected) {
  std::optional<std::string> spec = specOf(id, inspected);
  cr_assert(spec.has_value(), "%s", inspected.c_str());
  cr_expect_eq(*spec, expected, "%s", spec->c_str());
}

void inspect(LocalContainers& own, const std::string& id, std::string_view json) {
  if (std::optional<LocalContainers::Told> told = LocalContainers::read(id, json))
    own.inspected(id, std::move(*told));
}

}  // namespace

Test(container_spec, is_the_body_that_creates_it_again) {
  const std::string config =
      R"("Env":["A=\u00e9","B"],"Cmd":["sh","-c","x"],"Image":"app:1","Labels":{"a":"b"},)"
      R"("Tty":false,"StopTimeout":0)";
  const std::string host =
      R"("Binds":["data:/data"],"Memory":12345678901234567890,"MaskedPaths":[],"Init":false,)"
      R"("PortBindings":{"80/tcp":[{"HostIp":"","HostPort":"80"}]})";
  expect(inspection(config, host), body(config, host));
}

Test(container_spec, names_the_image_as_it_was_asked_for) {
  expect(
      inspection(R"("Image":"sha256:i","Labels":{"a":"b","io.drover.image":"app@sha256:d"})", ""),
      body(R"("Image":"app@sha256:d","Labels":{"a":"b"})", ""));
}

Test(container_spec, leaves_out_what_stands_for_nothing_or_was_made_up) {
  expect(inspection(R"("Hostname":"0123456789ab","Domainname":"","User":"","Entrypoint":null)",
                    R"("ContainerIDFile":"/tmp/x","Links":null,"IpcMode":"")"),
         body("", ""));
  expect(inspection(R"("Hostname":"mine")", ""), body(R"("Hostname":"mine")", ""));
  // Those of the container whose network it joins; no engine takes both.
  expect(inspection(R"("Hostname":"ba9876543210","Domainname":"d")",
                    R"("NetworkMode":"container:ba98")"),
         body("", R"("NetworkMode":"container:ba98")"));
}

Test(container_spec, asks_for_networks_as_a_client_did) {
  expect(inspection(
             "", "",
             R"("back":{"IPAMConfig":{"IPv4Address":"10.0.0.5"},"Links":null,"Aliases":)"
             R"(["web","0123456789ab"],"NetworkID":"f","EndpointID":"e","IPAddress":"10.0.0.5",)"
             R"("MacAddress":"02:42","DriverOpts":{"a":"b"}},)"
             R"("bridge":{"IPAMConfig":null,"Aliases":["0123456789ab"],"IPAddress":"1.2.3.4"},)"
             R"("odd":null)"),
         body("", "",
              R"("back":{"IPAMConfig":{"IPv4Address":"10.0.0.5"},"DriverOpts":{"a":"b"},)"
              R"("Aliases":["web"]},"bridge":{},"odd":{})"));
}

Test(container_spec, what_is_no_inspection_of_it_has_none) {
  const std::string good = inspection("", "");
  cr_expect_not(specOf("1", good).has_value());
  for (const std::string& wrong :
       {std::string(), std::string("[]"), std::string("{}"), good.substr(0, good.size() / 2),
        "{\"Id\":\"" + id + "\"}", "{\"Id\":\"" + id + "\",\"Config\":{},\"HostConfig\":5}"})
    cr_expect_not(specOf(id, wrong).has_value(), "%s", wrong.c_str());
  expect("{\"Id\":\"" + id + "\",\"Config\":{},\"HostConfig\":{}}", body("", ""));
  expect("{\"Id\":\"" + id + "\",\"Config\":{},\"HostConfig\":{},\"NetworkSettings\":[]}",
         body("", ""));
}

Test(container_spec, is_handed_on_once_and_empty_if_it_is_too_large) {
  LocalContainers own;
  inspect(own, id, inspection(R"("Tty":true)", ""));
  own.make({{id, "{}", true, false}});
  cr_expect(own.hasSpecs());
  Records taken = own.takeSpecs();
  cr_expect_eq(taken.size(), 1);
  cr_expect_eq(taken.at(id), body(R"("Tty":true)", ""));
  cr_expect_not(own.hasSpecs());
  inspect(own, id, inspection("\"Env\":[\"" + std::string(maxSpecSize, 'x') + "\"]", ""));
  cr_expect_eq(own.takeSpecs().at(id), "");
  inspect(own, id, inspection("", ""));
  own.make({});
  cr_expect_not(own.hasSpecs(), "it is gone");
}
