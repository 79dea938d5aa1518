#include "docker/version.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace docker {
namespace {

bool isDigit(char c) {
  return c >= '0' && c <= '9';
}

// From its first number on; empty if there is none.
std::string_view numbersOf(std::string_view version) {
  constexpr std::string_view spaces = " \t\n\v\f\r";
  version.remove_prefix(std::min(version.size(), version.find_first_not_of(spaces)));
  if (version.starts_with('v')) version.remove_prefix(1);
  return version.empty() || !isDigit(version.front()) ? std::string_view() : version;
}

// Takes a number and the dot behind it off the version; 0 at its end. Numbers that do not fit count
// as the largest.
uint64_t takeNumber(std::string_view& version) {
  if (version.empty()) return 0;
  uint64_t number = 0;
  auto [end, fault] = std::from_chars(version.data(), version.data() + version.size(), number);
  if (fault != std::errc()) number = UINT64_MAX;
  version.remove_prefix(static_cast<size_t>(end - version.data()));
  bool goesOn = version.size() > 1 && version[0] == '.' && isDigit(version[1]);
  version = goesOn ? version.substr(1) : std::string_view();
  return number;
}

}  // namespace

std::optional<std::strong_ordering> compareVersions(std::string_view one, std::string_view other) {
  one = numbersOf(one);
  other = numbersOf(other);
  if (one.empty() || other.empty()) return std::nullopt;
  while (!one.empty() || !other.empty()) {
    uint64_t left = takeNumber(one), right = takeNumber(other);
    if (left != right) return left <=> right;
  }
  return std::strong_ordering::equal;
}

bool isOlderVersion(std::string_view one, std::string_view other) {
  if (std::optional<std::strong_ordering> order = compareVersions(one, other)) return *order < 0;
  return numbersOf(one).empty() && !numbersOf(other).empty();
}

}  // namespace docker
