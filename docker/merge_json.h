#pragma once

// JSON as text that is checked while it is cut apart, and joined again. What nobody looks at stays
// as it was written: unknown members, their order, numbers of any size, escapes. Pure.
//
// Views point into the text that was given. Names and strings are compared as they are written;
// those that we look for are written by every engine without escapes.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace docker {

struct JsonMember {
  std::string_view name;   // as written, between its quotes
  std::string_view value;  // JSON
};

// The elements of a list, which may have white space around it. Nothing if the text is no list, or
// is broken anywhere, however deep.
std::optional<std::vector<std::string_view>> jsonElements(std::string_view text);

// The members of an object, duplicates included. Nothing as above.
std::optional<std::vector<JsonMember>> jsonMembers(std::string_view text);

// An object of which some members are looked at or replaced.
class JsonObject {
 public:
  // Nothing if the text is no object, or is broken. The text must outlive it.
  static std::optional<JsonObject> parse(std::string_view text);

  // The value of this member; of several the last, which is the one Go takes. Empty if there is
  // none.
  std::string_view find(std::string_view name) const;
  const std::vector<JsonMember>& members() const { return members_; }

  // Puts this JSON in the place of the member's value; without such a member, at the end.
  void set(std::string_view name, std::string value);
  std::string text() const;
  void appendTo(std::string& out) const;
  // As it was given.
  std::string_view original() const { return text_; }

 private:
  JsonObject(std::string_view text, std::vector<JsonMember> members)
      : text_(text), members_(std::move(members)) {}

  struct Change {
    std::string name;
    std::string value;
  };

  std::string_view text_;
  std::vector<JsonMember> members_;
  std::vector<Change> changes_;
};

// A string's JSON.
std::string jsonString(std::string_view plain);
// What stands between the quotes of a string, as written. Nothing for what is no string.
std::optional<std::string_view> insideQuotes(std::string_view value);
// Nothing for what is no whole number. One too large for 64 bits is the largest, or the least.
std::optional<int64_t> wholeNumber(std::string_view value);

std::string jsonList(const std::vector<std::string_view>& elements);

}  // namespace docker
