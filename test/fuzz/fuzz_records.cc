// Records of other nodes and lists of our own engine: any bytes are understood or refused, within
// the limits, and what was understood is found and goes again.

#include <string>
#include <string_view>

#include "proxy/container_record.h"
#include "proxy/definition.h"
#include "proxy/global_labels.h"
#include "proxy/holdings_index.h"
#include "proxy/image_record.h"
#include "proxy/merge_json.h"
#include "proxy/network_record.h"
#include "proxy/volume_record.h"
#include "test/fuzz/feed.h"

namespace {

using proxy::Held;
using proxy::Records;

void lists(std::string_view json) {
  for (auto make : {proxy::networkRecords, proxy::volumeRecords, proxy::imageRecords}) {
    std::optional<Records> records = make(json);
    if (!records) continue;
    fuzz::require(records->size() <= proxy::heldRecordsMost);
    for (const auto& [id, record] : *records)
      fuzz::require(proxy::JsonObject::parse(record).has_value());
  }
}

void index(Held kind, std::string_view record) {
  proxy::HoldingsIndex index;
  cluster::NodeId owner;
  std::string key = std::string(proxy::recordsOf(kind)) + "sha256:ab";
  if (!index.put(owner, key, record)) return;
  fuzz::require(index.distinct(kind, {owner}) == 1);
  fuzz::require(!index.holders(kind, "sha256:ab").empty());
  if (kind == Held::network) {
    std::string name = *proxy::networkName(record);
    fuzz::require(!index.holders(kind, name).empty());
    fuzz::require(proxy::JsonObject::parse(proxy::listedNetwork("ab", record)).has_value());
  }
  if (kind == Held::volume) {
    fuzz::require(proxy::JsonObject::parse(proxy::listedVolume("ab", record)).has_value());
  }
  if (kind == Held::image) {
    for (const std::string& name : proxy::imageNames(record)) index.holders(kind, name);
  }
  index.erase(owner, key);
  fuzz::require(index.distinct(kind, {owner}) == 0);
  fuzz::require(index.holders(kind, "sha256:ab").empty());
}

void tag(std::string_view record) {
  std::optional<proxy::TagMeaning> meaning = proxy::parseTagRecord(record);
  proxy::HoldingsIndex index;
  index.put(cluster::NodeId(), "tag/t:1", record);
  fuzz::require(index.tags().told("t:1").has_value() == meaning.has_value());
  if (!meaning) return;
  fuzz::require(proxy::tagRecord(*proxy::parseTagRecord(proxy::tagRecord(*meaning))) ==
                proxy::tagRecord(*meaning));
}

void reserves(std::string_view json) {
  if (std::optional<proxy::Reserves> asked = proxy::reservesOf(json))
    fuzz::require(proxy::decodeReserves(proxy::encode(*asked)) == *asked);
  proxy::decodeReserves(json);
}

void container(std::string_view record) {
  std::optional<proxy::ContainerFacts> facts = proxy::containerFacts("ab", record);
  std::string listed = proxy::listedContainer(record);
  if (!facts) return;
  std::optional<proxy::ContainerFacts> again = proxy::containerFacts("ab", listed);
  fuzz::require(again && again->names == facts->names && again->labels == facts->labels);
  fuzz::require(again->reserves == proxy::Reserves());
}

void definition(std::string_view inspection) {
  std::optional<std::string> body = proxy::definitionOf("ab", inspection);
  if (body) fuzz::require(proxy::JsonObject::parse(*body).has_value());
}

// A definition becomes a copy that says whose it is, and what was asked for is found in it again.
void global(std::string_view definition) {
  const proxy::GlobalMark mark{std::string(64, 'a'), "c1", std::string(25, 'n'), ".n1"};
  std::optional<std::string> body = proxy::copyBody(definition, mark);
  proxy::restartsAlways(definition);
  if (!body) return;
  std::string record = "{\"Id\":\"ab\",\"Names\":[\"/web.n1\"],\"Labels\":" +
                       std::string(proxy::JsonObject::parse(*body)->find("Labels")) + "}";
  std::optional<proxy::ContainerFacts> facts = proxy::containerFacts("ab", record);
  fuzz::require(facts.has_value());
  std::optional<proxy::GlobalMark> read = proxy::globalMark(facts->labels, "web.n1");
  fuzz::require(!read || *read == mark);
  std::optional<std::string> plain = proxy::plainDefinition(*body);
  fuzz::require(plain && proxy::plainDefinition(*plain) == plain);
  fuzz::require(proxy::originalBody(*body, mark).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  switch (data[0]) {
    case 'l':
      lists(text);
      break;
    case 'n':
      index(Held::network, text);
      break;
    case 'v':
      index(Held::volume, text);
      break;
    case 'i':
      index(Held::image, text);
      break;
    case 't':
      tag(text);
      break;
    case 'r':
      reserves(text);
      break;
    case 'c':
      container(text);
      break;
    case 'd':
      definition(text);
      break;
    case 'g':
      global(text);
      break;
    default:
      break;
  }
  return 0;
}
