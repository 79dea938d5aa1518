#include "proxy/merge/merge_filters.h"

#include <algorithm>
#include <cctype>
#include <string>

#include "base/json.h"

namespace proxy {
namespace {

using base::asText;
using base::member;
using base::text;
using rapidjson::Value;

bool isPlain(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '/' ||
         c == '.' || c == ':';
}

// The engine takes ids and names as regular expressions that match anywhere. Those that people and
// tools write are plain words, perhaps held by ^ and $.
bool matchesPattern(std::string_view pattern, std::string_view text) {
  bool atBegin = pattern.starts_with('^');
  if (atBegin) pattern.remove_prefix(1);
  bool atEnd = pattern.ends_with('$');
  if (atEnd) pattern.remove_suffix(1);
  if (!std::all_of(pattern.begin(), pattern.end(), isPlain)) return false;
  for (size_t at = 0; at + pattern.size() <= text.size(); at++) {
    if (atBegin && at > 0) return false;
    if (atEnd && at + pattern.size() != text.size()) continue;
    auto same = [](char wanted, char found) { return wanted == '.' || wanted == found; };
    if (std::equal(pattern.begin(), pattern.end(), text.begin() + static_cast<ptrdiff_t>(at), same))
      return true;
  }
  return false;
}

bool hasName(const Value& entry, std::string_view wanted) {
  const Value* names = member(entry, "Names");
  if (!names || !names->IsArray()) return false;
  for (const Value& each : names->GetArray()) {
    std::string_view name = each.IsString() ? asText(each) : std::string_view();
    std::string_view bare = name.substr(name.starts_with('/') ? 1 : 0);
    if (matchesPattern(wanted, name) || matchesPattern(wanted, bare)) return true;
  }
  return false;
}

bool hasLabel(const Value& entry, const std::string& wanted) {
  size_t equals = wanted.find('=');
  const Value* labels = member(entry, "Labels");
  const Value* label = labels ? member(*labels, wanted.substr(0, equals).c_str()) : nullptr;
  if (!label || equals == std::string::npos) return label;
  return label->IsString() && asText(*label) == wanted.substr(equals + 1);
}

bool hasExited(const Value& entry, const std::string& code) {
  bool ended = text(entry, "State") == "exited";
  return ended && text(entry, "Status").starts_with("Exited (" + code + ")");
}

bool hasHealth(const Value& entry, std::string_view wanted) {
  std::string_view status = text(entry, "Status");
  std::string_view health = "none";
  if (status.ends_with("(healthy)")) health = "healthy";
  if (status.ends_with("(unhealthy)")) health = "unhealthy";
  if (status.ends_with("(health: starting)")) health = "starting";
  return health == wanted;
}

bool hasNetwork(const Value& entry, std::string_view wanted) {
  const Value* settings = member(entry, "NetworkSettings");
  const Value* networks = settings ? member(*settings, "Networks") : nullptr;
  if (!networks || !networks->IsObject()) return false;
  for (const auto& network : networks->GetObject()) {
    if (asText(network.name) == wanted) return true;
    if (text(network.value, "NetworkID").starts_with(wanted)) return true;
  }
  return false;
}

bool hasVolume(const Value& entry, std::string_view wanted) {
  const Value* mounts = member(entry, "Mounts");
  if (!mounts || !mounts->IsArray()) return false;
  const auto list = mounts->GetArray();
  return std::any_of(list.begin(), list.end(), [&](const Value& mount) {
    return text(mount, "Name") == wanted || text(mount, "Destination") == wanted;
  });
}

bool has(const Value& entry, std::string_view filter, const std::string& wanted) {
  if (filter == "id") return matchesPattern(wanted, text(entry, "Id"));
  if (filter == "name") return hasName(entry, wanted);
  if (filter == "label") return hasLabel(entry, wanted);
  if (filter == "status") return text(entry, "State") == wanted;
  if (filter == "exited") return hasExited(entry, wanted);
  if (filter == "health") return hasHealth(entry, wanted);
  if (filter == "network") return hasNetwork(entry, wanted);
  if (filter == "volume") return hasVolume(entry, wanted);
  if (filter == "is-task") return wanted == "false" || wanted == "0";
  return filter == "isolation";  // which only Windows looks at
}

}  // namespace

bool matchesFilters(std::string_view json, const std::vector<docker::ListFilter>& filters) {
  const rapidjson::Document entry = base::parseJson(json);
  if (!entry.IsObject()) return false;
  return std::all_of(filters.begin(), filters.end(), [&](const docker::ListFilter& filter) {
    if (filter.name == "before" || filter.name == "since" || filter.values.empty()) return true;
    auto matches = [&](const std::string& value) { return has(entry, filter.name, value); };
    bool every = filter.name == "label";
    return every ? std::all_of(filter.values.begin(), filter.values.end(), matches)
                 : std::any_of(filter.values.begin(), filter.values.end(), matches);
  });
}

}  // namespace proxy
