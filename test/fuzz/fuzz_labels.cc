// Labels and bodies of create requests: any bytes give a policy, or a problem whose message is of
// one line and whose position is in the value. Whatever was understood can be placed, and a wish
// never makes that fail.
//
// The first byte of an input chooses the key of which the rest is the value; b makes the rest the
// whole body.

#include "labels/decode.h"
#include "labels/keys.h"
#include "scheduler/place.h"
#include "test/fuzz/feed.h"

#include "base/json.h"

#include <string>
#include <string_view>

namespace {

scheduler::World world() {
  scheduler::World world;
  for (const char* name : {"a", "b"}) {
    scheduler::Node node;
    node.id = node.name = name;
    node.labels = {{"zone", name}, {"io.drover.resource.gpu", "1"}};
    node.os = "linux";
    node.architecture = "x86_64";
    node.kernel = "5.10.0";
    node.has.memory = 1'000'000;
    world.putNode(node);
    scheduler::Container container;
    container.id = std::string(64, *name);
    container.name = std::string("web-") + name;
    container.node = name;
    container.image = "nginx";
    container.labels = {{"app", "web"}, {"com.docker.compose.project", "p"}};
    container.ports = {{80, labels::Protocol::tcp, ""}};
    world.putContainer(container);
  }
  return world;
}

std::string bodyWith(const labels::Key& key, std::string_view value) {
  base::JsonWriter json;
  json.object();
  if (key.where == labels::Where::environment) {
    json.members("Env", {std::string(key.name) + std::string(value)});
  } else {
    json.object("Labels").member(key.name, value);
    json.member("com.docker.compose.project", "p").member("com.docker.compose.service", "s");
    json.endObject();
  }
  return json.endObject().text();
}

void check(std::string_view body, size_t longest) {
  static const scheduler::World here = world();
  labels::Decoded decoded = labels::decode(body);
  if (decoded.problem) {
    fuzz::require(decoded.problem->position <= longest + 1);
    fuzz::require(!decoded.problem->message().empty());
    return;
  }
  labels::Policy& policy = decoded.policy;
  scheduler::Placement placement =
      scheduler::place(policy, here, {.maxCandidates = 0, .explain = true});
  fuzz::require(placement.candidates.size() + placement.rejected.size() == 2);
  for (const scheduler::Rejection& each : placement.rejected) fuzz::require(!each.message.empty());
  for (labels::Rule& rule : policy.constraints) rule.soft = true;
  for (labels::Rule& rule : policy.affinities) rule.soft = true;
  scheduler::Placement wished = scheduler::place(policy, here, {.maxCandidates = 0});
  fuzz::require(wished.candidates.size() >= placement.candidates.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string_view rest(reinterpret_cast<const char*>(data + 1), size - 1);
  std::span<const labels::Key> keys = labels::keys();
  if (data[0] == 'b') {
    check(rest, size);
  } else if (const labels::Key& key = keys[data[0] % keys.size()]; key.read) {
    check(bodyWith(key, rest), rest.size());
  } else {
    labels::readNodeLabels({{std::string(key.name), std::string(rest)}}, {});
  }
  return 0;
}
