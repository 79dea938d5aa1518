#pragma once

// Formats that other versions hold us to. test/golden has what an earlier build wrote of each, and
// what is written today must be the same, unless the format got a new version
// (docs/design/formats.md). To take over what is new: DROVER_GOLDEN=write, and look at the diff.

#include <criterion/criterion.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace test {

// The content of a file of the source tree; empty if there is none.
inline std::string sourceFile(const std::string& name) {
  std::ifstream file(DROVER_SOURCE_DIR "/" + name, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

inline bool writesGolden() {
  const char* wanted = std::getenv("DROVER_GOLDEN");
  return wanted && std::string_view(wanted) == "write";
}

inline std::string golden(const std::string& name) {
  return sourceFile("test/golden/" + name);
}

// What is written today is what was written then.
inline void expectGolden(const std::string& name, std::string_view today) {
  if (writesGolden())
    std::ofstream(DROVER_SOURCE_DIR "/test/golden/" + name, std::ios::binary) << today;
  std::string then = golden(name);
  cr_expect(then == today,
            "test/golden/%s is frozen (docs/design/formats.md); today it would be:\n%s",
            name.c_str(), std::string(today).c_str());
}

}  // namespace test
