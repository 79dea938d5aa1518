#pragma once

// Looking into JSON that RapidJSON has parsed, and writing JSON with it. For source files only: it
// shows the library's types.

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <concepts>
#include <string>
#include <string_view>
#include <vector>

namespace base {

// The document of this text; not an object if it cannot be parsed. Where a number is too large
// for every type, it counts as 0, as do others with an exponent.
rapidjson::Document parseJson(std::string_view json);

// The object's member of this name, or nullptr; also for what is no object.
inline const rapidjson::Value* member(const rapidjson::Value& object, const char* name) {
  // Not FindMember(): its iterators do not compare in C++20.
  return object.IsObject() && object.HasMember(name) ? &object[name] : nullptr;
}

inline std::string_view asText(const rapidjson::Value& value) {
  return {value.GetString(), value.GetStringLength()};
}

// The member's text; empty if there is none.
inline std::string_view text(const rapidjson::Value& object, const char* name) {
  const rapidjson::Value* found = member(object, name);
  return found && found->IsString() ? asText(*found) : std::string_view();
}

// The member's number; 0 if there is none, or none that fits.
inline uint64_t number(const rapidjson::Value& object, const char* name) {
  const rapidjson::Value* found = member(object, name);
  return found && found->IsUint64() ? found->GetUint64() : 0;
}

inline bool isTrue(const rapidjson::Value& object, const char* name) {
  const rapidjson::Value* found = member(object, name);
  return found && found->IsTrue();
}

// The texts in the member's list.
inline std::vector<std::string> texts(const rapidjson::Value& object, const char* name) {
  std::vector<std::string> found;
  const rapidjson::Value* list = member(object, name);
  if (!list || !list->IsArray()) return found;
  for (const rapidjson::Value& each : list->GetArray()) {
    if (each.IsString()) found.emplace_back(asText(each));
  }
  return found;
}

// Writes a value from top to bottom. Within an object each member is given with its name, within a
// list without.
class JsonWriter {
 public:
  JsonWriter& object() { return writer_.StartObject(), *this; }
  JsonWriter& object(std::string_view name) { return key(name).object(); }
  JsonWriter& endObject() { return writer_.EndObject(), *this; }
  JsonWriter& list() { return writer_.StartArray(), *this; }
  JsonWriter& list(std::string_view name) { return key(name).list(); }
  JsonWriter& endList() { return writer_.EndArray(), *this; }

  JsonWriter& value(std::string_view text) {
    return writer_.String(text.data(), size(text)), *this;
  }
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(bool truth) { return writer_.Bool(truth), *this; }
  JsonWriter& value(std::signed_integral auto number) { return writer_.Int64(number), *this; }
  JsonWriter& value(std::unsigned_integral auto number) { return writer_.Uint64(number), *this; }
  JsonWriter& value(const rapidjson::Value& json) { return json.Accept(writer_), *this; }
  // JSON that is known to be well-formed.
  JsonWriter& raw(std::string_view json) {
    return writer_.RawValue(json.data(), json.size(), rapidjson::kObjectType), *this;
  }
  JsonWriter& raw(std::string_view name, std::string_view json) { return key(name).raw(json); }
  template <class T>
  JsonWriter& member(std::string_view name, const T& what) {
    return key(name).value(what);
  }
  JsonWriter& members(std::string_view name, const std::vector<std::string>& all) {
    list(name);
    for (const std::string& each : all) value(std::string_view(each));
    return endList();
  }

  // What was written.
  std::string text() const { return {buffer_.GetString(), buffer_.GetSize()}; }

 private:
  static rapidjson::SizeType size(std::string_view text) {
    return static_cast<rapidjson::SizeType>(text.size());
  }
  JsonWriter& key(std::string_view name) { return writer_.Key(name.data(), size(name)), *this; }

  rapidjson::StringBuffer buffer_;
  rapidjson::Writer<rapidjson::StringBuffer> writer_{buffer_};
};

}  // namespace base
