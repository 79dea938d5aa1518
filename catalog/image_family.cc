#include "catalog/image_family.h"

#include <string_view>
#include <unordered_map>
#include <vector>

namespace catalog {

ImageIds withDescendants(ImageIds ids, std::span<const NodeAnswer> answers) {
  std::unordered_multimap<std::string_view, std::string_view> children;
  for (const NodeAnswer& answer : answers) {
    for (std::string_view json : listOf(answer)) {
      docker::JsonObject image = objectOf(answer, json, "an image in its list");
      std::string_view parent = docker::insideQuotes(image.find("ParentId")).value_or("");
      std::string_view id = docker::insideQuotes(image.find("Id")).value_or("");
      if (!parent.empty() && !id.empty()) children.emplace(parent, id);
    }
  }
  std::vector<std::string> left(ids.begin(), ids.end());
  while (!left.empty()) {
    std::string parent = std::move(left.back());
    left.pop_back();
    auto [begin, end] = children.equal_range(parent);
    for (auto each = begin; each != end; ++each) {
      if (ids.emplace(each->second).second) left.emplace_back(each->second);
    }
  }
  return ids;
}

}  // namespace catalog
