#pragma once

// What an engine's events say about the objects beside containers, and about itself. Pure.

#include <optional>
#include <string>
#include <string_view>

#include "docker/object_kind.h"

namespace docker {

// The kind of which something may have changed; nothing for most events.
std::optional<ObjectKind> objectChange(std::string_view event);

// Whether others have to know another container, or another name, than before.
bool isNamed(std::string_view event);

// The id of the container, or the name of the volume, that is gone.
std::optional<std::string> removedContainer(std::string_view event);
std::optional<std::string> removedVolume(std::string_view event);

// Whether its configuration, and with it its labels, may have changed.
bool isReload(std::string_view event);

}  // namespace docker
