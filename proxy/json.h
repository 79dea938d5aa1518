#pragma once

// Looking into JSON that RapidJSON has parsed. For source files only: it shows the library's types.

#include <rapidjson/document.h>

#include <string_view>

namespace proxy {

// The object's member of this name, or nullptr; also for what is no object.
inline const rapidjson::Value* member(const rapidjson::Value& object, const char* name) {
  // Not FindMember(): its iterators do not compare in C++20.
  return object.IsObject() && object.HasMember(name) ? &object[name] : nullptr;
}

// The member's text; empty if there is none.
inline std::string_view text(const rapidjson::Value& object, const char* name) {
  const rapidjson::Value* found = member(object, name);
  if (!found || !found->IsString()) return {};
  return {found->GetString(), found->GetStringLength()};
}

}  // namespace proxy
