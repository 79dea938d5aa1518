#include "docker/engine_event.h"

#include <algorithm>
#include <initializer_list>

#include "base/json.h"

namespace docker {
namespace {

bool isOneOf(std::string_view action, std::initializer_list<std::string_view> actions) {
  return std::find(actions.begin(), actions.end(), action) != actions.end();
}

// The id of what is gone, if that is of this type.
std::optional<std::string> destroyed(std::string_view event, std::string_view type) {
  rapidjson::Document json = base::parseJson(event);
  if (base::text(json, "Type") != type || base::text(json, "Action") != "destroy")
    return std::nullopt;
  const rapidjson::Value* actor = base::member(json, "Actor");
  std::string_view id = actor ? base::text(*actor, "ID") : "";
  return id.empty() ? std::nullopt : std::optional<std::string>(id);
}

}  // namespace

std::optional<ObjectKind> objectChange(std::string_view event) {
  rapidjson::Document json = base::parseJson(event);
  std::string_view type = base::text(json, "Type");
  std::string_view action = base::text(json, "Action");
  if (type == "network" && !isOneOf(action, {"connect", "disconnect"})) return ObjectKind::network;
  if (type == "volume" && !isOneOf(action, {"mount", "unmount"})) return ObjectKind::volume;
  if (type == "image" && !isOneOf(action, {"save", "push"})) return ObjectKind::image;
  if (type == "container" && action == "commit") return ObjectKind::image;
  return std::nullopt;
}

bool isNamed(std::string_view event) {
  rapidjson::Document json = base::parseJson(event);
  return base::text(json, "Type") == "container" &&
         isOneOf(base::text(json, "Action"), {"create", "rename"});
}

std::optional<std::string> removedContainer(std::string_view event) {
  return destroyed(event, "container");
}

std::optional<std::string> removedVolume(std::string_view event) {
  return destroyed(event, "volume");
}

bool isReload(std::string_view event) {
  rapidjson::Document json = base::parseJson(event);
  return base::text(json, "Type") == "daemon" && base::text(json, "Action") == "reload";
}

}  // namespace docker
