#include "catalog/image_record.h"

#include "base/json.h"

namespace catalog {
namespace {

// Names of one image that a record has, and that are believed of one.
constexpr size_t maxNames = 256;

// The names in the list, but for the placeholders of an image that has none, as far as they fit.
std::vector<std::string_view> namesIn(std::string_view list, size_t& room) {
  std::vector<std::string_view> names;
  std::optional<std::vector<std::string_view>> elements = docker::jsonElements(list);
  if (!elements) return names;
  for (std::string_view each : *elements) {
    bool placeholder = each.starts_with("\"<none>");
    if (placeholder || each.size() + 1 > room || names.size() == maxNames) continue;
    room -= each.size() + 1;
    names.push_back(each);
  }
  return names;
}

}  // namespace

std::optional<Records> imageRecords(std::string_view list) {
  std::optional<std::vector<std::string_view>> elements = docker::jsonElements(list);
  if (!elements) return std::nullopt;
  Records records;
  for (std::string_view each : *elements) {
    std::optional<docker::JsonObject> image = docker::JsonObject::parse(each);
    std::optional<std::string> id = image ? plainString(image->find("Id")) : std::nullopt;
    if (!id) return std::nullopt;
    if (id->size() > maxRecordName) continue;
    if (records.size() == maxObjectRecords) break;  // the newest come first
    size_t room = maxObjectRecord - 64;
    std::vector<std::string_view> tags = namesIn(image->find("RepoTags"), room);
    std::vector<std::string_view> digests = namesIn(image->find("RepoDigests"), room);
    std::string record;
    if (!tags.empty()) record = "\"RepoTags\":" + docker::jsonList(tags);
    if (!digests.empty())
      record +=
          (record.empty() ? "" : ",") + std::string("\"RepoDigests\":") + docker::jsonList(digests);
    std::optional<int64_t> created = docker::wholeNumber(image->find("Created"));
    if (!tags.empty() && created && *created > 0)
      record += ",\"Created\":" + std::to_string(*created);
    records[*id] = "{" + record + "}";
  }
  return records;
}

std::optional<ImageFacts> imageFacts(std::string_view record) {
  if (record.size() > maxObjectRecord) return std::nullopt;
  rapidjson::Document json = base::parseJson(record);
  ImageFacts facts;
  auto add = [&](const char* list) {
    for (std::string& each : base::texts(json, list)) {
      if (!each.empty() && facts.names.size() < 2 * maxNames)
        facts.names.push_back(std::move(each));
    }
  };
  add("RepoTags");
  facts.tags = facts.names.size();
  add("RepoDigests");
  facts.created = base::number(json, "Created");
  return facts;
}

}  // namespace catalog
