#pragma once

// Ids that are one letter, of containers and of nodes, for tests of global containers.

#include <string>

namespace letters {

inline std::string idOf(char letter) {
  return std::string(64, letter);
}
inline std::string node(char letter) {
  return std::string(25, letter);
}

}  // namespace letters
