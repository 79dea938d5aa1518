#include "catalog/record_text.h"

#include "base/json.h"

namespace catalog {
namespace {

bool saysNothing(std::string_view json) {
  for (std::string_view empty : {"", "null", "false", "\"\"", "[]", "{}"}) {
    if (json == empty) return true;
  }
  return false;
}

}  // namespace

std::string leanObject(const docker::JsonObject& whole,
                       std::initializer_list<std::string_view> members) {
  std::string out = "{";
  for (std::string_view name : members) {
    std::string_view value = whole.find(name);
    if (saysNothing(value)) continue;
    if (out.size() > 1) out.push_back(',');
    out.append("\"").append(name).append("\":").append(value);
  }
  return out + "}";
}

std::string leanRecord(const docker::JsonObject& whole,
                       std::initializer_list<std::string_view> most,
                       std::initializer_list<std::string_view> least) {
  std::string record = leanObject(whole, most);
  return record.size() <= maxObjectRecord ? record : leanObject(whole, least);
}

std::optional<std::string> plainString(std::string_view json) {
  rapidjson::Document document = base::parseJson(json);
  if (!document.IsString()) return std::nullopt;
  return std::string(base::asText(document));
}

}  // namespace catalog
