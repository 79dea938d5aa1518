#pragma once

// The parameter `filters` of lists, prunes and events, as dockerd reads it (filters.FromJSON).
// Pure.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace docker {

// One of the `filters`: {"label":["a=b"]}, or {"label":{"a=b":true}} as the API has it today.
// Whether a value is true or false there plays no part; null stands for no values.
struct ListFilter {
  std::string name;
  std::string json;  // of its values, as the client wrote it
  std::vector<std::string> values;

  bool operator==(const ListFilter&) const = default;
};

// None of an empty text, and of null. Of a filter that is there twice the last counts. Nothing for
// what dockerd refuses: what is no JSON, a value of another type, both forms in one.
std::optional<std::vector<ListFilter>> parseListFilters(std::string_view json);

}  // namespace docker
