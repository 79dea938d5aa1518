#include "labels/quantity.h"

#include "labels/text.h"

#include <charconv>
#include <cmath>

namespace labels {

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
