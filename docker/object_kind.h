#pragma once

// What an engine holds beside containers, as nodes publish it: each kind has records of its own,
// which tell where to ask and never what is true.

#include <array>
#include <string_view>

namespace docker {

enum class ObjectKind { network, volume, image };

constexpr std::array<ObjectKind, 3> allHeld = {ObjectKind::network, ObjectKind::volume,
                                               ObjectKind::image};

// What their records' keys begin with; what follows is the id of a network ("network/3f0c..."), the
// name of a volume ("volume/data") or the id of an image ("image/sha256:9a1f...").
constexpr std::string_view recordsOf(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::network:
      return "network/";
    case ObjectKind::volume:
      return "volume/";
    case ObjectKind::image:
      break;
  }
  return "image/";
}

}  // namespace docker
