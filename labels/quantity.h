#pragma once

// Versions, numbers and sizes as they stand in labels and facts.

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

namespace labels {

// Compares number by number: 5.10 is more than 5.9, and 5.10.0 is 5.10. A leading v and whatever
// follows the numbers ("5.10.0-18-amd64") do not count. Nothing if one of them has no number in
// front.
std::optional<std::strong_ordering> compareVersions(std::string_view one, std::string_view other);

// "4", "0.5", and with a unit of 1,024s: "512m", "16GiB", "2 GB".
std::optional<double> parseNumber(std::string_view text);

std::optional<uint64_t> parseCount(std::string_view text);

}  // namespace labels
