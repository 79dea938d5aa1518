// Bodies of create requests: what they ask for, and what becomes of them before an engine gets
// them.

#include "docker/create_request.h"

#include <criterion/criterion.h>

#include <string>

using docker::CreateRequest;

namespace {

template <class Change>
std::string changed(std::string_view body, Change change) {
  CreateRequest request(body);
  change(request);
  return request.body();
}

std::string withoutEnv(std::string_view body, const std::vector<size_t>& taken) {
  return changed(body, [&](CreateRequest& request) { request.dropEnv(taken); });
}

std::string withPublishAddress(std::string_view body, const std::string& address) {
  return changed(body, [&](CreateRequest& request) { request.setPublishAddress(address); });
}

std::string withoutPublishAddress(std::string_view body, const std::vector<std::string>& all) {
  return changed(body, [&](CreateRequest& request) { request.dropPublishAddresses(all); });
}

std::string withHostname(std::string_view body, const std::string& name) {
  return changed(body, [&](CreateRequest& request) { request.setHostname(name); });
}

std::string withLabel(std::string_view body, const std::string& key, const std::string& value) {
  return changed(body, [&](CreateRequest& request) { request.setLabel(key, value); });
}

std::string withContainers(std::string_view body,
                           const std::map<std::string, std::string>& others) {
  return changed(body, [&](CreateRequest& request) { request.replaceContainers(others); });
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& each : texts) all += (all.empty() ? "" : " ") + each;
  return all;
}

}  // namespace

Test(create_request, without_changes_it_is_what_was_given) {
  for (
      const char* body :
      {"{}", "null", "[]", "7",
       R"({"Image":"a","Unknown":{ "x":[1, 2] , "x":1e400},"Env":["A=1"]})",
       R"({"z":1,"a":-0.10E+2,"z":2,"Labels":{"a\"b":"\\"},"HostConfig":{"Memory":1e3,"X":1,"X":2}})",
       R"({"HostConfig":7,"Labels":[1],"Env":{"A":1},"Hostname":5})"}) {
    CreateRequest request(body);
    cr_expect_eq(request.body(), body, "%s", request.body().c_str());
    cr_expect_eq(request.fault(), "");
    cr_expect_eq(request.size(), std::string(body).size());
  }
}

Test(create_request, it_is_read_as_engines_read_it) {
  CreateRequest request(R"( {"image":"a","IMAGE":"b","env":["A=1"],"labels":{"a":"1"},)"
                        R"("Labels":{"b":"2","a":"3"},"hostconfig":{"memory":5}} x)");
  cr_expect_eq(request.image(), "b");
  cr_expect_eq(request.env().at(0), "A=1");
  cr_expect(request.labels() == docker::LabelPairs({{"a", "3"}, {"b", "2"}}));
  cr_expect_eq(request.limits().memory, 5);
  cr_expect_eq(request.after(), "x");
  cr_expect_eq(
      request.body(),
      R"({"Image":"b","Env":["A=1"],"Labels":{"a":"3","b":"2"},"HostConfig":{"Memory":5}})");
  const std::pair<const char*, const char*> broken[] = {
      {"", "EOF"},
      {"{\"a\":", "unexpected EOF"},
      {"{x", "invalid character 'x' looking for beginning of object key string"},
  };
  for (const auto& [body, fault] : broken) {
    CreateRequest none(body);
    cr_expect_eq(none.fault(), fault, "%s", none.fault().c_str());
    cr_expect_not(none.isObject());
    cr_expect_eq(none.body(), "");
    cr_expect(none.labels().empty() && none.containers().empty() && none.networks().empty());
    none.setLabel("a", "b");
    none.setHostname("web");
    none.dropEnv({0});
    cr_expect_eq(none.body(), "");
  }
}

Test(create_request, tells_what_it_asks_for) {
  CreateRequest request(
      R"({"Image":"app","OpenStdin":true,"ExposedPorts":{"80/tcp":{},"53/udp":{}},)"
      R"("NetworkingConfig":{"EndpointsConfig":{"front":{},"b\"k":null}},"HostConfig":{)"
      R"("AutoRemove":true,"RestartPolicy":{"Name":"always"},"Runtime":"runc",)"
      R"("LogConfig":{"Type":"fluentd"},"NetworkMode":"front","PublishAllPorts":true,)"
      R"("PortBindings":{"80/tcp":[{"HostIp":"::1","HostPort":"8080"},{}],"1/tcp":null},)"
      R"("IpcMode":"container:a","PidMode":"host","VolumesFrom":["b:ro"],"Links":["/c:/x/d"],)"
      R"("Binds":["/etc:/etc","data:/d","/anonymous"],"VolumeDriver":"rexray","Mounts":[)"
      R"({"Type":"bind","Source":"/x"},{"Type":"tmpfs"},{"Type":"volume","Source":"v",)"
      R"("VolumeOptions":{"DriverConfig":{"Name":"nfs"}}}],"NanoCpus":1,"CpuQuota":2,)"
      R"("CpuPeriod":3,"Memory":4,"MemoryReservation":5,"PidsLimit":6,"DeviceRequests":)"
      R"([{"Driver":"d","Count":-1,"DeviceIDs":["0"],"Capabilities":[["gpu","x"],[]]}]}})");
  cr_expect(request.opensStdin() && request.removesItself() && request.publishesAllPorts());
  cr_expect_eq(request.restartPolicy(), "always");
  cr_expect_eq(request.runtime(), "runc");
  cr_expect_eq(request.logDriver(), "fluentd");
  cr_expect_eq(joined(request.networks()), "front front b\"k");
  cr_expect_eq(joined(request.exposedPorts()), "80/tcp 53/udp");
  cr_expect_eq(joined(request.containers()), "a b /c");
  cr_expect_eq(joined(request.volumes()), "data v");
  cr_expect_eq(joined(request.directories()), "/etc /x");
  cr_expect_eq(joined(request.volumeDrivers()), "nfs rexray");
  std::vector<docker::PortBinding> ports = request.portBindings();
  cr_assert_eq(ports.size(), 2);
  cr_expect(ports[0].port == "80/tcp" && ports[0].hostIp == "::1" && ports[0].hostPort == "8080");
  docker::ResourceLimits limits = request.limits();
  cr_expect(limits.nanoCpus == 1 && limits.cpuQuota == 2 && limits.cpuPeriod == 3);
  cr_expect(limits.memory == 4 && limits.memoryReservation == 5 && limits.pids == 6);
  docker::DeviceRequest device{"d", -1, {"0"}, {{"gpu", "x"}, {}}};
  cr_expect(request.devices() == std::vector{device});
}

Test(create_request, what_does_not_fit_tells_nothing_and_stays) {
  const std::string body =
      R"({"Image":5,"Hostname":5,"Labels":{"a":5,"b":"c"},"Env":["A=1",null,7,"B=2"],)"
      R"("HostConfig":{"Memory":"1","PidsLimit":-1,"AutoRemove":"true","Binds":{},"Links":[5,"a:b"],)"
      R"("PortBindings":{"1/tcp":[{"HostIp":5},7],"2/tcp":5}}})";
  CreateRequest request(body);
  cr_expect_eq(request.image(), "");
  cr_expect(request.labels() == docker::LabelPairs({{"b", "c"}}));
  cr_expect(request.env() == std::vector<std::string>({"A=1", "", "", "B=2"}));
  cr_expect(request.limits().memory == 0 && request.limits().pids == 0);
  cr_expect(!request.removesItself() && request.volumes().empty());
  cr_expect_eq(joined(request.containers()), "a");
  request.setHostname("web");
  request.setLabel("a", "x");
  request.dropPublishAddresses({"", "10.0.0.1"});
  std::string same = body;
  same.replace(same.find("null"), 4, "\"\"");  // as Go has it
  cr_expect_eq(request.body(), same, "%s", request.body().c_str());
}

Test(create_request, a_label_is_set_and_the_others_stay_as_they_were_written) {
  cr_expect_eq(withLabel(R"({"Labels":{"a":"\u0001","b":"1"},"X":1.0})", "b", "2\n"),
               R"({"Labels":{"a":"\u0001","b":"2\n"},"X":1.0})");
  cr_expect_eq(withLabel(R"({"Labels":{"a":"1"}})", "b\"", "2"),
               R"({"Labels":{"a":"1","b\"":"2"}})");
  cr_expect_eq(withLabel(R"({"Labels":{"b\"":"1"}})", "b\"", "2"), R"({"Labels":{"b\"":"2"}})");
  for (const char* none : {"{}", R"({"Labels":null})", R"({"Labels":{}})"})
    cr_expect_eq(withLabel(none, "a", "1"), R"({"Labels":{"a":"1"}})");
  for (const char* other : {"[]", "null", R"({"Labels":[]})"})
    cr_expect_eq(withLabel(other, "a", "1"), other);

  CreateRequest request(R"({"Labels":{"a":"1","b":"2"},"Image":"x"})");
  request.setLabel("a", "3");
  request.setLabel("c", "4");
  request.setLabel("c", "5");
  cr_expect(request.labels() == docker::LabelPairs({{"a", "3"}, {"b", "2"}, {"c", "5"}}));
  request.setLabels({{"d", "6"}});
  cr_expect(request.labels() == docker::LabelPairs({{"d", "6"}}));
  request.setLabel("e", "7");
  request.setLabel("d", "8");
  cr_expect_eq(request.body(), R"({"Labels":{"d":"8","e":"7"},"Image":"x"})");
  CreateRequest odd(R"({"Labels":[1]})");
  odd.setLabels({});
  cr_expect_eq(odd.body(), R"({"Labels":{}})");
}

Test(create_request, expressions_go_and_everything_else_stays_as_it_was_written) {
  const std::string body =
      R"({"Image":"a","Env":["A=1","constraint:node==b", "B=\u00e9","x"],"Big":123456789012345678901,)"
      R"("Unknown":{"x":[1, 2]}})";
  cr_expect_eq(withoutEnv(body, {}), CreateRequest(body).body());
  std::string left = withoutEnv(body, {1, 3});
  cr_expect(left.find("\"Env\":[\"A=1\",\"B=\u00e9\"]") != left.npos, "%s", left.c_str());
  cr_expect(left.find(R"("Big":123456789012345678901,"Unknown":{"x":[1, 2]})") != left.npos);
  cr_expect_eq(withoutEnv(body, {9}).find("constraint") != std::string::npos, true);
  for (const char* other : {"[]", "{\"Env\":7}", "{\"Env\":{}}"})
    cr_expect_eq(withoutEnv(other, {0}), other);
  cr_expect_eq(withoutEnv(R"({"Env":["a"]})", {0}), R"({"Env":[]})");

  CreateRequest twice(R"({"Env":["a","b","c","d"]})");
  twice.dropEnv({1});
  cr_expect_eq(joined(twice.env()), "a c d");
  twice.dropEnv({0, 2});
  cr_expect_eq(twice.body(), R"({"Env":["c"]})");
}

Test(create_request, an_address_of_a_node_is_taken_out_again) {
  const std::string asked =
      R"({"HostConfig":{"PortBindings":{"80/tcp":[{"HostIp":"","HostPort":"8080"},)"
      R"({"HostIp":"127.0.0.1","HostPort":"81"}]}}})";
  std::string bound = withPublishAddress(asked, "10.1.2.3");
  cr_expect_eq(withoutPublishAddress(bound, {"10.9.9.9", "10.1.2.3"}), asked);
  cr_expect_eq(withoutPublishAddress(bound, {"10.9.9.9"}), bound);
  cr_expect_eq(withoutPublishAddress(bound, {}), bound);
  for (const char* other : {"{}", R"({"HostConfig":{"PortBindings":{"1/tcp":[{"HostIp":5},7]}}})"})
    cr_expect_eq(withoutPublishAddress(other, {"10.1.2.3"}), other);
}

Test(create_request, ports_without_an_address_of_their_own_are_published_on_the_nodes) {
  std::string body = withPublishAddress(
      R"({"HostConfig":{"Memory":5,"PortBindings":{"80/tcp":[{"HostIp":"","HostPort":"8080"},)"
      R"({"HostIp":"127.0.0.1","HostPort":"81"}],"53/udp":[{"HostPort":"53"}],"1/tcp":null,)"
      R"("2/tcp":[{},{"HostIp":"0.0.0.0"},{"HostIp":"::"},{"HostIp":null}]}}})",
      "10.1.2.3");
  cr_expect_eq(
      body,
      R"({"HostConfig":{"Memory":5,"PortBindings":{"80/tcp":[{"HostIp":"10.1.2.3","HostPort":"8080"},)"
      R"({"HostIp":"127.0.0.1","HostPort":"81"}],"53/udp":[{"HostPort":"53","HostIp":"10.1.2.3"}],)"
      R"("1/tcp":null,"2/tcp":[{"HostIp":"10.1.2.3"},{"HostIp":"10.1.2.3"},{"HostIp":"10.1.2.3"},)"
      R"({"HostIp":"10.1.2.3"}]}}})",
      "%s", body.c_str());
  for (const char* other : {"{}", R"({"HostConfig":{"PortBindings":[]}})", "{\"HostConfig\":5}"})
    cr_expect_eq(withPublishAddress(other, "10.1.2.3"), other);
}

Test(create_request, a_host_name_and_an_image_are_set) {
  cr_expect_eq(withHostname(R"({"Hostname":"","Image":"a"})", "web"),
               R"({"Hostname":"web","Image":"a"})");
  cr_expect_eq(withHostname(R"({"Image":"a"})", "w\"b"), R"({"Image":"a","Hostname":"w\"b"})");
  cr_expect_eq(withHostname("{}", "web"), R"({"Hostname":"web"})");
  cr_expect_eq(withHostname("null", "web"), "null");
  CreateRequest request(R"({"Image":"a"})");
  request.setImage("b");
  cr_expect_eq(request.image(), "b");
  cr_expect_eq(request.body(), R"({"Image":"b"})");
}

Test(create_request, a_restart_policy_is_changed_where_there_is_one) {
  auto with = [](std::string_view body) {
    return changed(body, [](CreateRequest& request) { request.setRestartPolicy("no"); });
  };
  cr_expect_eq(with(R"({"HostConfig":{"RestartPolicy":{"Name":"a","MaximumRetryCount":0},"X":1}})"),
               R"({"HostConfig":{"RestartPolicy":{"Name":"no","MaximumRetryCount":0},"X":1}})");
  for (const char* other : {R"({"HostConfig":{}})", "{}", R"({"HostConfig":{"RestartPolicy":"a"}})",
                            R"({"HostConfig":5})"})
    cr_expect_eq(with(other), other);
}

Test(create_request, what_is_said_of_the_host_may_stand_beside_its_config) {
  CreateRequest request(R"({"PortBindings":{"80/tcp":[{"HostPort":"80"}]},"Memory":5,)"
                        R"("RestartPolicy":{"Name":"always"},"HostConfig":null})");
  cr_expect_not(request.hasHostConfig());
  cr_expect_eq(request.restartPolicy(), "always");
  cr_expect_eq(request.limits().memory, 5);
  request.setPublishAddress("10.0.0.1");
  request.setRestartPolicy("no");
  cr_expect_eq(request.body(),
               R"({"PortBindings":{"80/tcp":[{"HostPort":"80","HostIp":"10.0.0.1"}]},"Memory":5,)"
               R"("RestartPolicy":{"Name":"no"},"HostConfig":null})",
               "%s", request.body().c_str());
}

Test(create_request, containers_that_it_names_are_replaced) {
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
  CreateRequest request(R"({"HostConfig":{"PidMode":"container:aa","Links":["aa:x"]}})");
  request.replaceContainers(others);
  cr_expect_eq(joined(request.containers()), "bb bb");
}

Test(create_request, it_may_remove_itself) {
  cr_expect(CreateRequest(R"({"HostConfig":{"AutoRemove":true}})").removesItself());
  cr_expect_not(CreateRequest(R"({"HostConfig":{"AutoRemove":false}})").removesItself());
  cr_expect_not(CreateRequest("[]").removesItself());
  auto kept = [](std::string_view body) {
    return changed(body, [](CreateRequest& request) { request.dropAutoRemove(); });
  };
  cr_expect_eq(kept(R"({"HostConfig":{"AutoRemove":true}})"),
               R"({"HostConfig":{"AutoRemove":false}})");
  cr_expect_eq(kept(R"({"HostConfig":{}})"), R"({"HostConfig":{}})");
}

Test(create_request, copies_change_apart) {
  const CreateRequest given(R"({"Image":"a","Env":["A"]})");
  CreateRequest copy = given;
  copy.setImage("b");
  copy.dropEnv({0});
  cr_expect_eq(given.body(), R"({"Image":"a","Env":["A"]})");
  cr_expect_eq(copy.body(), R"({"Image":"b","Env":[]})");
}
