#pragma once

// Versions: of the API ("1.41"), of engines ("20.10.24+dfsg1") and of kernels ("5.10.0-18-amd64").
// Pure.

#include <compare>
#include <optional>
#include <string_view>

namespace docker {

// Compares number by number: 5.10 is more than 5.9, and 5.10.0 is 5.10. A leading v, spaces around
// it and whatever follows the numbers do not count. Nothing if one of them has no number in front.
std::optional<std::strong_ordering> compareVersions(std::string_view one, std::string_view other);

// Whether one is less than the other. What is no version is less than all that are.
bool isOlderVersion(std::string_view one, std::string_view other);

}  // namespace docker
