#pragma once

// The encoding of URLs (RFC 3986 2.1), as Go's net/url reads it. Pure.

#include <optional>
#include <string>
#include <string_view>

namespace base {

// Undoes the encoding of a path, or a part of it (%xx). Nothing if it is broken.
std::optional<std::string> decodePath(std::string_view text);

// Undoes the encoding of a name or a value in a query ('+' and %xx). Nothing if it is broken.
std::optional<std::string> decodeQueryValue(std::string_view text);

// Encodes everything but letters, digits, '-', '_', '.' and '~', for a query or a part of a path.
std::string encodeQueryValue(std::string_view text);

// The first escape that is none ("%zz", or what is left at the end); empty if all are right.
std::string_view brokenEscape(std::string_view text);

}  // namespace base
