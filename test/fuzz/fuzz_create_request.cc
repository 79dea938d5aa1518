// Bodies of create requests: any bytes are read or refused, what was read is written as it was, and
// a change changes what it says and nothing else.

#include "docker/create_request.h"

#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "docker/merge_json.h"
#include "test/fuzz/feed.h"

namespace {

using docker::CreateRequest;

const std::string given("\x01\"\\{}[],:\xc3\xa4");

std::vector<std::string> portsOf(const CreateRequest& request) {
  std::vector<std::string> all;
  for (const docker::PortBinding& each : request.portBindings())
    all.push_back(each.port + " " + each.hostPort);
  return all;
}

// What no change below touches.
auto rest(const CreateRequest& request) {
  docker::ResourceLimits limits = request.limits();
  return std::tuple(request.opensStdin(), request.runtime(), request.logDriver(), portsOf(request),
                    request.exposedPorts(), request.publishesAllPorts(), request.volumes(),
                    request.directories(), request.volumeDrivers(), request.devices(),
                    limits.nanoCpus, limits.cpuQuota, limits.cpuPeriod, limits.memory,
                    limits.memoryReservation, limits.pids, request.after().empty());
}

auto all(const CreateRequest& request) {
  return std::tuple(rest(request), request.image(), request.labels(), request.env(),
                    request.removesItself(), request.restartPolicy(), request.networks(),
                    request.containers());
}

// What is told of a changed request is what is read in its body, and members of the body other than
// this one are byte for byte what they were.
void written(const CreateRequest& request, const std::string& before, std::string_view changed) {
  std::string body = request.body();
  CreateRequest again(body);
  fuzz::require(again.fault().empty() && again.body() == body);
  fuzz::require(all(again) == all(request));
  std::optional<docker::JsonObject> old = docker::JsonObject::parse(before);
  std::optional<docker::JsonObject> made = docker::JsonObject::parse(body);
  fuzz::require(old && made);
  size_t at = 0;
  for (const docker::JsonMember& each : made->members()) {
    bool isNew = at == old->members().size();
    fuzz::require(!isNew || each.name == changed);
    if (isNew) continue;
    const docker::JsonMember& its = old->members()[at++];
    fuzz::require(each.name == its.name);
    fuzz::require(each.value == its.value || each.name == changed);
  }
  fuzz::require(at == old->members().size());
}

void changes(const CreateRequest& request, const std::string& body) {
  auto like = all(request);
  std::string_view host = request.hasHostConfig() ? "HostConfig" : "";

  CreateRequest image = request;
  image.setImage(given);
  fuzz::require(image.image() == given || image.body() == body);
  written(image, body, "Image");

  CreateRequest label = request;
  label.setLabel(given, given);
  written(label, body, "Labels");
  label.setLabels({{given, "x"}, {"y", given}});
  fuzz::require(label.labels() == docker::LabelPairs({{given, "x"}, {"y", given}}));
  written(label, body, "Labels");

  CreateRequest env = request;
  env.dropEnv({0, 2});
  std::vector<std::string> kept = request.env();
  if (kept.size() > 2) kept.erase(kept.begin() + 2);
  if (!kept.empty()) kept.erase(kept.begin());
  fuzz::require(env.env() == kept);
  written(env, body, "Env");

  CreateRequest hostname = request;
  hostname.setHostname(given);
  written(hostname, body, "Hostname");
  fuzz::require(all(hostname) == like);

  if (host.empty()) return;
  CreateRequest ends = request;
  ends.setRestartPolicy("no");
  ends.dropAutoRemove();
  fuzz::require(!ends.removesItself());
  written(ends, body, host);

  CreateRequest bound = request;
  bound.setPublishAddress("10.0.0.1");
  written(bound, body, host);
  fuzz::require(all(bound) == like);
  bound.dropPublishAddresses({"10.0.0.1"});
  written(bound, body, host);

  CreateRequest others = request;
  std::vector<std::string> names = request.containers();
  std::map<std::string, std::string> changed;
  for (const std::string& each : names) changed[each] = "other";
  others.replaceContainers(changed);
  fuzz::require(others.containers().size() == names.size());
  fuzz::require(rest(others) == rest(request));
  written(others, body, host);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const CreateRequest request(text);
  std::string body = request.body();
  fuzz::require(request.fault().empty() != body.empty());
  fuzz::require(text.ends_with(request.after()) && request.size() == body.size());
  const CreateRequest again(body);
  fuzz::require(again.body() == body);
  if (body.empty()) return 0;
  fuzz::require(again.after().empty() && again.isObject() == request.isObject());
  if (request.isObject()) changes(again, body);
  return 0;
}
