#pragma once

// What an engine holds beside containers, as nodes publish it: each kind has records of its own,
// which tell where to ask and never what is true.

#include <array>
#include <string_view>

namespace docker {

enum class Held { network, volume, image };

constexpr std::array<Held, 3> allHeld = {Held::network, Held::volume, Held::image};

// What their records' keys begin with; what follows is the id of a network ("network/3f0c..."), the
// name of a volume ("volume/data") or the id of an image ("image/sha256:9a1f...").
constexpr std::string_view recordsOf(Held kind) {
  switch (kind) {
    case Held::network:
      return "network/";
    case Held::volume:
      return "volume/";
    case Held::image:
      break;
  }
  return "image/";
}

}  // namespace docker
