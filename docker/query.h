#pragma once

// The query of a call, or a form, as dockerd reads it: by Go's url.ParseQuery and
// Request.FormValue. Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace docker {

struct Query {
  std::vector<std::pair<std::string, std::string>> parameters;  // decoded, in their order
  // Why an engine refuses the call, in its words; empty if it does not. The parameters are then
  // those that can be read.
  std::string fault;

  // Of a parameter that is there several times the first counts.
  bool has(std::string_view name) const { return find(name) != nullptr; }
  // Empty if it is not there.
  std::string value(std::string_view name) const;
  // As dockerd reads flags: "False", "no", "none", "0" and an empty text are false, all else is
  // true.
  bool flag(std::string_view name) const;
  // 0 if it is not there or empty; nothing if it is no number, which dockerd refuses.
  std::optional<int64_t> number(std::string_view name) const;

  void add(std::string name, std::string value);
  void erase(std::string_view name);

  // Encoded again, without '?'.
  std::string text() const;

 private:
  const std::string* find(std::string_view name) const;
};

Query parseQuery(std::string_view text);

}  // namespace docker
