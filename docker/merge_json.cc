#include "docker/merge_json.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/json_scanner.h"

namespace docker {

std::optional<std::vector<std::string_view>> jsonElements(std::string_view text) {
  std::vector<std::string_view> found;
  base::JsonScanner scanner(text);
  scanner.space();
  if (!scanner.elements([&](std::string_view each) { found.push_back(each); })) return std::nullopt;
  scanner.space();
  if (!scanner.ended()) return std::nullopt;
  return found;
}

std::optional<std::vector<JsonMember>> jsonMembers(std::string_view text) {
  std::vector<JsonMember> found;
  found.reserve(16);
  base::JsonScanner scanner(text);
  scanner.space();
  bool sound = scanner.members([&](std::string_view name, std::string_view value) {
    found.push_back({name, value});
  });
  scanner.space();
  if (!sound || !scanner.ended()) return std::nullopt;
  return found;
}

std::optional<JsonObject> JsonObject::parse(std::string_view text) {
  std::optional<std::vector<JsonMember>> members = jsonMembers(text);
  if (!members) return std::nullopt;
  return JsonObject(text, std::move(*members));
}

std::string_view JsonObject::find(std::string_view name) const {
  auto named = [&](const JsonMember& member) { return member.name == name; };
  auto found = std::find_if(members_.rbegin(), members_.rend(), named);
  return found == members_.rend() ? std::string_view() : found->value;
}

void JsonObject::set(std::string_view name, std::string value) {
  for (Change& change : changes_) {
    if (change.name != name) continue;
    change.value = std::move(value);
    return;
  }
  changes_.push_back({std::string(name), std::move(value)});
}

void JsonObject::appendTo(std::string& out) const {
  size_t copied = 0;
  for (const JsonMember& member : members_) {
    for (const Change& change : changes_) {
      if (change.name != member.name) continue;
      size_t begin = static_cast<size_t>(member.value.data() - text_.data());
      out.append(text_, copied, begin - copied);
      out.append(change.value);
      copied = begin + member.value.size();
    }
  }
  size_t end = text_.rfind('}');
  out.append(text_, copied, end - copied);
  bool first = members_.empty();
  for (const Change& change : changes_) {
    if (!find(change.name).empty()) continue;
    if (!first) out.push_back(',');
    first = false;
    out.append("\"").append(change.name).append("\":").append(change.value);
  }
  out.append(text_, end);
}

std::string JsonObject::text() const {
  std::string out;
  size_t more = 0;
  for (const Change& change : changes_) more += change.name.size() + change.value.size() + 4;
  out.reserve(text_.size() + more);
  appendTo(out);
  return out;
}

std::string jsonString(std::string_view plain) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  writer.String(plain.data(), static_cast<rapidjson::SizeType>(plain.size()));
  return {buffer.GetString(), buffer.GetSize()};
}

std::optional<std::string_view> insideQuotes(std::string_view value) {
  if (!value.starts_with('"')) return std::nullopt;
  return value.substr(1, value.size() - 2);
}

std::optional<int64_t> wholeNumber(std::string_view value) {
  int64_t number = 0;
  const char* end = value.data() + value.size();
  auto [stopped, error] = std::from_chars(value.data(), end, number);
  if (stopped != end || error == std::errc::invalid_argument) return std::nullopt;
  if (error == std::errc()) return number;
  using Limits = std::numeric_limits<int64_t>;
  return value.starts_with('-') ? Limits::min() : Limits::max();
}

std::string jsonList(const std::vector<std::string_view>& elements) {
  size_t size = 2;
  for (std::string_view each : elements) size += each.size() + 1;
  std::string out;
  out.reserve(size);
  out.push_back('[');
  for (std::string_view each : elements) {
    if (out.size() > 1) out.push_back(',');
    out.append(each);
  }
  out.push_back(']');
  return out;
}

}  // namespace docker
