#include "proxy/engine_event.h"

#include <algorithm>
#include <initializer_list>

#include "base/json.h"

namespace proxy {
namespace {

bool isOneOf(std::string_view action, std::initializer_list<std::string_view> actions) {
  return std::find(actions.begin(), actions.end(), action) != actions.end();
}

}  // namespace

std::optional<Held> heldChange(std::string_view event) {
  rapidjson::Document json = base::parseJson(event);
  std::string_view type = base::text(json, "Type");
  std::string_view action = base::text(json, "Action");
  if (type == "network" && !isOneOf(action, {"connect", "disconnect"})) return Held::network;
  if (type == "volume" && !isOneOf(action, {"mount", "unmount"})) return Held::volume;
  if (type == "image" && !isOneOf(action, {"save", "push"})) return Held::image;
  if (type == "container" && action == "commit") return Held::image;
  return std::nullopt;
}

bool isReload(std::string_view event) {
  rapidjson::Document json = base::parseJson(event);
  return base::text(json, "Type") == "daemon" && base::text(json, "Action") == "reload";
}

}  // namespace proxy
