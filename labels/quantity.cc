#include "labels/quantity.h"

#include "labels/text.h"

#include <charconv>
#include <cmath>

namespace labels {
namespace {

bool isDigit(char letter) {
  return letter >= '0' && letter <= '9';
}

// Takes a number and the dot behind it off the version; nothing at its end. Numbers that do not fit
// count as the largest.
std::optional<uint64_t> takeNumber(std::string_view& version) {
  if (version.empty() || !isDigit(version.front())) return std::nullopt;
  uint64_t number = 0;
  auto [end, fault] = std::from_chars(version.data(), version.data() + version.size(), number);
  if (fault != std::errc()) number = UINT64_MAX;
  version.remove_prefix(static_cast<size_t>(end - version.data()));
  if (version.size() > 1 && version[0] == '.' && isDigit(version[1])) {
    version.remove_prefix(1);
  } else {
    version = {};
  }
  return number;
}

}  // namespace

std::optional<std::strong_ordering> compareVersions(std::string_view one, std::string_view other) {
  for (std::string_view* each : {&one, &other}) {
    *each = trimmed(*each);
    if (each->starts_with('v')) each->remove_prefix(1);
    if (each->empty() || !isDigit(each->front())) return std::nullopt;
  }
  while (!one.empty() || !other.empty()) {
    uint64_t left = takeNumber(one).value_or(0), right = takeNumber(other).value_or(0);
    if (left != right) return left <=> right;
  }
  return std::strong_ordering::equal;
}

std::optional<double> parseNumber(std::string_view text) {
  text = trimmed(text);
  double number = 0;
  auto [end, fault] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (fault != std::errc() || !std::isfinite(number)) return std::nullopt;
  std::string unit = lowered(trimmed(text.substr(static_cast<size_t>(end - text.data()))));
  if (unit.empty()) return number;
  double factor = 1;
  for (char prefix : std::string_view("kmgt")) {
    factor *= 1'024;
    for (std::string_view rest : {"", "b", "ib", "i"}) {
      if (unit == prefix + std::string(rest)) return number * factor;
    }
  }
  return unit == "b" ? std::optional(number) : std::nullopt;
}

std::optional<uint64_t> parseCount(std::string_view text) {
  text = trimmed(text);
  uint64_t number = 0;
  auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace labels
