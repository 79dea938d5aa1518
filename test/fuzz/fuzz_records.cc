// Records of other nodes and lists of our own engine: any bytes are understood or refused, within
// the limits, and what was understood is found and goes again.

#include <string>
#include <string_view>

#include "catalog/container_record.h"
#include "catalog/container_spec.h"
#include "catalog/global_labels.h"
#include "catalog/image_record.h"
#include "catalog/network_record.h"
#include "catalog/object_index.h"
#include "catalog/record_feed.h"
#include "catalog/volume_record.h"
#include "docker/merge_json.h"
#include "test/fuzz/feed.h"

namespace {

using catalog::Records;
using docker::ObjectKind;

void lists(std::string_view json) {
  for (auto make : {catalog::networkRecords, catalog::volumeRecords, catalog::imageRecords}) {
    std::optional<Records> records = make(json);
    if (!records) continue;
    fuzz::require(records->size() <= catalog::maxObjectRecords);
    for (const auto& [id, record] : *records)
      fuzz::require(docker::JsonObject::parse(record).has_value());
  }
}

// What follows a feed of records.
struct Known {
  Known() { index.follow(feed); }
  void put(const std::string& key, std::string_view record) {
    feed.recordChanged(owner, key, {std::string(record), 1});
  }
  bool holds(ObjectKind kind) const { return !index.holders(kind, "sha256:ab").empty(); }

  catalog::RecordFeed feed;
  catalog::ObjectIndex index;
  const cluster::NodeId owner;
};

void index(ObjectKind kind, std::string_view record) {
  Known known;
  std::string key = std::string(docker::recordsOf(kind)) + "sha256:ab";
  known.put(key, record);
  fuzz::require(known.index.distinct(kind, {known.owner}) == (known.holds(kind) ? 1 : 0));
  if (!known.holds(kind)) return;
  if (kind == ObjectKind::network) {
    std::string name = catalog::networkFacts(record)->name;
    fuzz::require(!known.index.holders(kind, name).empty());
    fuzz::require(docker::JsonObject::parse(catalog::listedNetwork("ab", record)).has_value());
  }
  if (kind == ObjectKind::volume) {
    fuzz::require(docker::JsonObject::parse(catalog::listedVolume("ab", record)).has_value());
  }
  if (kind == ObjectKind::image) {
    std::optional<catalog::ImageFacts> facts = catalog::imageFacts(record);
    for (const std::string& name : facts->names) known.index.holders(kind, name);
  }
  known.feed.recordErased(known.owner, key);
  fuzz::require(known.index.distinct(kind, {known.owner}) == 0 && !known.holds(kind));
}

void tag(std::string_view record) {
  std::optional<catalog::TagMeaning> meaning = catalog::parseTagRecord(record);
  Known known;
  known.put("tag/t:1", record);
  fuzz::require(known.index.tags().told("t:1").has_value() == meaning.has_value());
  if (!meaning) return;
  fuzz::require(catalog::tagRecord(*catalog::parseTagRecord(catalog::tagRecord(*meaning))) ==
                catalog::tagRecord(*meaning));
}

void reserves(std::string_view json) {
  if (std::optional<catalog::ResourceRequest> asked = catalog::reservesOf(json))
    fuzz::require(catalog::decodeResourceRequest(catalog::encode(*asked)) == *asked);
  catalog::decodeResourceRequest(json);
}

void container(std::string_view record) {
  std::optional<catalog::ContainerFacts> facts = catalog::containerFacts("ab", record);
  std::string listed = catalog::listedContainer(record);
  if (!facts) return;
  std::optional<catalog::ContainerFacts> again = catalog::containerFacts("ab", listed);
  fuzz::require(again && again->names == facts->names && again->labels == facts->labels);
  fuzz::require(again->reserves == catalog::ResourceRequest());
}

void spec(std::string_view inspection) {
  std::optional<std::string> body = catalog::specOf("ab", inspection);
  if (body) fuzz::require(docker::JsonObject::parse(*body).has_value());
}

// A spec becomes a copy that says whose it is, and what was asked for is found in it again.
void global(std::string_view spec) {
  const catalog::GlobalMark mark{std::string(64, 'a'), "c1", std::string(25, 'n'), ".n1"};
  docker::CreateRequest request(spec);
  catalog::restartsAlways(request);
  if (!request.isObject()) return;
  catalog::makeCopy(request, mark);
  std::string body = request.body();
  std::string record = "{\"Id\":\"ab\",\"Names\":[\"/web.n1\"],\"Labels\":" +
                       std::string(docker::JsonObject::parse(body)->find("Labels")) + "}";
  std::optional<catalog::ContainerFacts> facts = catalog::containerFacts("ab", record);
  fuzz::require(facts.has_value());
  std::optional<catalog::GlobalMark> read = catalog::globalMark(facts->labels, "web.n1");
  fuzz::require(!read || *read == mark);
  docker::CreateRequest plain(body);
  catalog::makePlain(plain);
  docker::CreateRequest again(plain.body());
  catalog::makePlain(again);
  fuzz::require(again.body() == plain.body());
  docker::CreateRequest original(body);
  catalog::makeOriginal(original, mark);
  fuzz::require(docker::CreateRequest(original.body()).isObject());
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
      index(ObjectKind::network, text);
      break;
    case 'v':
      index(ObjectKind::volume, text);
      break;
    case 'i':
      index(ObjectKind::image, text);
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
    case 's':
      spec(text);
      break;
    case 'g':
      global(text);
      break;
    default:
      break;
  }
  return 0;
}
