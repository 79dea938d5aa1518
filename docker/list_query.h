#pragma once

// What GET /containers/json asks for, as far as we know how the engine would take it. Pure.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace docker {

struct ListQuery {
  bool all = false;
  int limit = 0;                    // 0: none
  std::vector<std::string> labels;  // all must match: "key" or "key=value"
  std::vector<std::string> states;  // any must match
  std::vector<std::string> names;   // any must be part of a name

  bool operator==(const ListQuery&) const = default;
};

// Nothing if a parameter, a filter or a value is one that only the engine understands.
std::optional<ListQuery> parseListQuery(std::string_view query);

}  // namespace docker
