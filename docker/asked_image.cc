#include "docker/asked_image.h"

#include <optional>

namespace docker {

void useImageId(docker::CreateRequest& request, const std::string& id) {
  request.setLabel(std::string(askedImageLabel), request.image());
  request.setImage(id);
}

void showAskedImage(JsonObject& container) {
  if (!container.find("Image").starts_with("\"sha256:")) return;
  std::string_view given = container.find("Labels");
  if (given.find(askedImageLabel) == std::string_view::npos) return;
  std::optional<JsonObject> labels = JsonObject::parse(given);
  std::string_view asked = labels ? labels->find(askedImageLabel) : std::string_view();
  if (insideQuotes(asked).value_or("").empty()) return;
  std::string shown = "{";
  for (const JsonMember& each : labels->members()) {
    if (each.name == askedImageLabel) continue;
    shown.append(shown.size() > 1 ? ",\"" : "\"")
        .append(each.name)
        .append("\":")
        .append(each.value);
  }
  container.set("Image", std::string(asked));
  container.set("Labels", shown + "}");
}

std::string withAskedImage(std::string_view container) {
  bool mayHave = container.find(askedImageLabel) != std::string_view::npos;
  std::optional<JsonObject> object = mayHave ? JsonObject::parse(container) : std::nullopt;
  if (!object) return std::string(container);
  showAskedImage(*object);
  return object->text();
}

}  // namespace docker
