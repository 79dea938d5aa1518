#include "catalog/object_filters.h"

#include <algorithm>
#include <string>

#include "base/json.h"

namespace catalog {
namespace {

using base::text;
using rapidjson::Value;

bool hasLabel(const Value& element, const std::string& wanted) {
  size_t equals = wanted.find('=');
  const Value* labels = base::member(element, "Labels");
  const Value* label = labels ? base::member(*labels, wanted.substr(0, equals).c_str()) : nullptr;
  if (!label || equals == std::string::npos) return label;
  return label->IsString() && base::asText(*label) == wanted.substr(equals + 1);
}

bool contains(std::string_view whole, std::string_view part) {
  return whole.find(part) != std::string_view::npos;
}

bool has(docker::ObjectKind kind, const Value& element, std::string_view filter,
         const std::string& wanted, bool used) {
  if (filter == "name") return contains(text(element, "Name"), wanted);
  if (filter == "label") return hasLabel(element, wanted);
  if (filter == "driver") return text(element, "Driver") == wanted;
  if (filter == "dangling" && kind == docker::ObjectKind::volume)
    return used == (wanted == "false" || wanted == "0");
  if (kind != docker::ObjectKind::network) return false;
  if (filter == "id") return contains(text(element, "Id"), wanted);
  if (filter == "scope") return text(element, "Scope") == wanted;
  return filter == "type" && wanted == "custom";  // the built-in ones have no records
}

}  // namespace

bool matchesHeld(docker::ObjectKind kind, std::string_view listed,
                 const std::vector<docker::ListFilter>& filters, bool used) {
  const rapidjson::Document element = base::parseJson(listed);
  if (!element.IsObject()) return false;
  return std::all_of(filters.begin(), filters.end(), [&](const docker::ListFilter& filter) {
    if (filter.values.empty()) return true;
    auto matches = [&](const std::string& value) {
      return has(kind, element, filter.name, value, used);
    };
    bool every = filter.name == "label";
    return every ? std::all_of(filter.values.begin(), filter.values.end(), matches)
                 : std::any_of(filter.values.begin(), filter.values.end(), matches);
  });
}

}  // namespace catalog
