#include "cluster/node_record.h"

#include "base/json.h"

namespace cluster {
namespace {

using Labels = std::map<std::string, std::string>;
using Lists = std::map<std::string, std::vector<std::string>>;

// Of one node; no engine has as many.
constexpr size_t maxLists = 16;
constexpr size_t maxList = 256;

void put(base::JsonWriter& json, std::string_view name, const Labels& labels) {
  json.object(name);
  for (const auto& [key, value] : labels) json.member(key, value);
  json.endObject();
}

Labels labels(const rapidjson::Value& object, const char* name) {
  Labels found;
  const rapidjson::Value* given = base::member(object, name);
  if (!given || !given->IsObject()) return found;
  for (const auto& each : given->GetObject()) {
    if (each.value.IsString()) found.emplace(base::asText(each.name), base::asText(each.value));
  }
  return found;
}

void put(base::JsonWriter& json, std::string_view name, const Lists& lists) {
  json.object(name);
  for (const auto& [key, values] : lists) json.members(key, values);
  json.endObject();
}

Lists lists(const rapidjson::Value& object, const char* name) {
  Lists found;
  const rapidjson::Value* given = base::member(object, name);
  if (!given || !given->IsObject()) return found;
  for (const auto& each : given->GetObject()) {
    if (!each.value.IsArray() || found.size() == maxLists) continue;
    std::vector<std::string> values;
    for (const rapidjson::Value& value : each.value.GetArray()) {
      if (value.IsString() && values.size() < maxList) values.emplace_back(base::asText(value));
    }
    found.emplace(base::asText(each.name), std::move(values));
  }
  return found;
}

// One list of all members, for both directions.
template <class Record, class Text, class Number, class Map, class Many>
void visit(Record& record, Text text, Number number, Map map, Many many) {
  text("availability", record.availability);
  map("labels", record.labels);
  text("hostname", record.hostname);
  text("os", record.os);
  text("architecture", record.architecture);
  text("operatingSystem", record.operatingSystem);
  text("kernel", record.kernel);
  text("storageDriver", record.storageDriver);
  text("engineId", record.engineId);
  text("engineVersion", record.engineVersion);
  text("apiVersion", record.apiVersion);
  text("minApiVersion", record.minApiVersion);
  map("engineLabels", record.engineLabels);
  number("cpus", record.cpus);
  number("memory", record.memory);
  many("plugins", record.plugins);
  number("load", record.load);
  number("reservedNanoCpus", record.reservedNanoCpus);
  number("reservedMemory", record.reservedMemory);
  number("containers", record.containers);
  number("running", record.running);
  text("droverVersion", record.droverVersion);
  text("joinedAt", record.joinedAt);
  text("lastError", record.lastError);
  text("engineError", record.engineError);
  number("configSerial", record.configSerial);
  text("issuer", record.issuer);
}

}  // namespace

std::string encode(const NodeRecord& record) {
  base::JsonWriter json;
  json.object();
  auto member = [&json](const char* name, const auto& value) { json.member(name, value); };
  auto members = [&json](const char* name, const auto& all) { put(json, name, all); };
  visit(record, member, member, members, members);
  return json.endObject().text();
}

std::optional<NodeRecord> decodeNode(std::string_view text) {
  rapidjson::Document document = base::parseJson(text);
  if (!document.IsObject()) return std::nullopt;
  NodeRecord record;
  visit(
      record, [&](const char* name, std::string& value) { value = base::text(document, name); },
      [&](const char* name, uint64_t& value) { value = base::number(document, name); },
      [&](const char* name, Labels& value) { value = labels(document, name); },
      [&](const char* name, Lists& value) { value = lists(document, name); });
  if (record.availability != "pause" && record.availability != "drain")
    record.availability = "active";
  return record;
}

}  // namespace cluster
