// JSON from clients and peers: a request to create a container, the cluster's configuration, a
// node's record, a container's entry. Any bytes are understood or refused; what was understood goes
// there and back.

#include <string>
#include <string_view>

#include "base/json.h"
#include "catalog/container_index.h"
#include "cluster/ca/cluster_config.h"
#include "cluster/node_record.h"
#include "docker/merge_json.h"
#include "labels/decode.h"
#include "orchestrator/create_order.h"
#include "test/fuzz/feed.h"

namespace {

std::string withoutEnvironment(std::string_view body) {
  rapidjson::Document document = base::parseJson(body);
  document["Env"].SetNull();
  rapidjson::StringBuffer text;
  rapidjson::Writer<rapidjson::StringBuffer> writer(text);
  document.Accept(writer);
  return {text.GetString(), text.GetSize()};
}

void create(std::string_view request) {
  orchestrator::CreateOrder order = orchestrator::withBody(orchestrator::CreateOrder(), request);
  std::string body = order.request.body();
  docker::CreateRequest plain = order.request;
  plain.dropEnv(order.asked.envTaken);
  std::string given = plain.body();
  fuzz::require(given.size() <= body.size());
  if (given != body) {
    // What asks for a node was taken out, and nothing else: what is left asks for what it would
    // have asked for without an environment.
    labels::Decoded again = labels::decode(given);
    fuzz::require(again.envTaken.empty());
    fuzz::require(again.policy == labels::decode(withoutEnvironment(body)).policy);
  }
  order.asked.policy.startOnce = true;
  orchestrator::EngineEdits edits = orchestrator::editsFor(order, "10.0.0.1");
  edits.hostname = "web";
  std::string made = orchestrator::forEngine(order.request, edits).body;
  fuzz::require(made == body || docker::JsonObject::parse(made).has_value());
}

void index(std::string_view entry) {
  catalog::ContainerIndex index;
  cluster::NodeId owner;
  // Ids are 64 digits; a short one lets the fuzzer find it.
  std::optional<catalog::ContainerFacts> facts = catalog::containerFacts("ab", entry);
  if (!facts) return;
  fuzz::require(index.put(owner, "ab", std::move(*facts), 1));
  fuzz::require(index.size() == 1 && index.of(owner).size() == 1);
  const catalog::ContainerIndex::Entry* found = index.find("ab").entry;
  fuzz::require(found && index.find("/a").entry);
  std::vector<std::string> names = found->second.names;
  for (const std::string& name : names) fuzz::require(!index.named(name).empty());
  index.erase(owner, "ab");
  fuzz::require(index.size() == 0 && index.of(owner).size() == 0);
  for (const std::string& name : names) fuzz::require(index.named(name).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  switch (data[0]) {
    case 'c':
      create(text);
      break;
    case 'i':
      index(text);
      break;
    case 'n':
      if (std::optional<cluster::NodeRecord> record = cluster::decodeNode(text))
        fuzz::require(cluster::decodeNode(encode(*record)) == record);
      break;
    case 's':
      // Escapes may make it longer than it may be.
      if (std::optional<cluster::ClusterConfig> config = cluster::decodeConfig(text)) {
        std::string back = encode(*config);
        if (back.size() < 200'000) fuzz::require(cluster::decodeConfig(back) == config);
      }
      break;
    default:
      break;
  }
  return 0;
}
