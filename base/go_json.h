#pragma once

// JSON as Go's encoding/json reads it into a type, which is how an engine reads bodies of requests.
// It goes its own ways: members of a struct are known whatever the case of their letters; of one
// that comes twice the later wins, but structs, maps and lists are read into what the earlier left;
// null leaves texts and numbers as they are; broken UTF-8 and lone surrogates become U+FFFD.
//
// Who would understand a body as an engine does reads what readAsGo() makes of it, and hands on
// just that: then both see the same. Pure, and linear in the text.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace base {

struct GoMember;

// A type of Go, as far as we look into it.
struct GoType {
  enum class Kind {
    any,      // taken as it is: what is nil for null, and what reads itself
    text,     // string
    number,   // int64
    truth,    // bool
    list,     // []element
    map,      // map[string]element
    object,   // a struct
    pointer,  // *struct
  };
  Kind kind = Kind::any;
  const GoType* element = nullptr;
  std::span<const GoMember> members = {};  // others stay as they are written
};

struct GoMember {
  std::string_view name;  // in ASCII
  const GoType* type;
};

namespace go {

inline constexpr GoType any;
inline constexpr GoType text{GoType::Kind::text};
inline constexpr GoType number{GoType::Kind::number};
inline constexpr GoType truth{GoType::Kind::truth};
constexpr GoType listOf(const GoType& element) {
  return {GoType::Kind::list, &element};
}
constexpr GoType mapOf(const GoType& element) {
  return {GoType::Kind::map, &element};
}
constexpr GoType object(std::span<const GoMember> members) {
  return {GoType::Kind::object, nullptr, members};
}
constexpr GoType pointerTo(std::span<const GoMember> members) {
  return {GoType::Kind::pointer, nullptr, members};
}
inline constexpr GoType texts = listOf(text);
inline constexpr GoType textMap = mapOf(text);

}  // namespace go

// A value that the type tells of, and where it stands in what was read. Those within it come right
// after it, up to `next`.
struct GoNode {
  const GoType* type = nullptr;     // nullptr: it does not fit the type
  uint32_t name = 0, nameSize = 0;  // of a member, as it is written between its quotes
  uint32_t begin = 0, end = 0;
  uint32_t next = 0;  // its index
};

struct GoReading {
  // Means the same to Go, and is written in one way only: members that the type has by the type's
  // names and once each, texts without needless escapes. What does not fit the type stays, for Go
  // to refuse.
  std::string text;
  // The value itself first. None of members that the type does not have.
  std::vector<GoNode> nodes;
  // What stands behind the value. Engines before 23.0 do not look at it, later ones refuse it. It
  // is part of the text that was given.
  std::string_view after;
  // In Go's words, why it is no JSON, or too long. Then `text` and `nodes` are empty.
  std::string fault;
};

GoReading readAsGo(std::string_view text, const GoType& type);

}  // namespace base
