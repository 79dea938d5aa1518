#pragma once

// What a container is called that is to take the place of another one, until it does: by its name
// alone is known whose place that is, so that nothing else has to be remembered. Pure.

#include <optional>
#include <string>
#include <string_view>

namespace orchestrator {

struct MovingName {
  std::string name;     // to be taken over
  std::string shortId;  // of the container that has it, as docker shows ids
  bool operator==(const MovingName&) const = default;
};

// `<name>.moving.<short id>`
std::string movingName(std::string_view name, std::string_view id);
// Nothing for other names.
std::optional<MovingName> parseMovingName(std::string_view name);

}  // namespace orchestrator
