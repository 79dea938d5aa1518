#pragma once

// Numbers and sizes as they stand in labels and facts.

#include <cstdint>
#include <optional>
#include <string_view>

namespace labels {

// "4", "0.5", and with a unit of 1,024s: "512m", "16GiB", "2 GB".
std::optional<double> parseNumber(std::string_view text);

std::optional<uint64_t> parseCount(std::string_view text);

}  // namespace labels
