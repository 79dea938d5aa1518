#include "base/json_scanner.h"

namespace base {
namespace {

// A byte as Go quotes it, which takes it for the character of that number.
std::string quoted(char c) {
  constexpr std::string_view digits = "0123456789abcdef";
  constexpr std::string_view controls = "\a\b\t\n\v\f\r", letters = "abtnvfr";
  auto byte = static_cast<unsigned char>(c);
  if (c == '\'') return "'\\''";
  if (c == '\\') return "'\\\\'";
  if (size_t at = controls.find(c); at != controls.npos) return {'\'', '\\', letters[at], '\''};
  bool isPrinted = byte >= 0xa1 && byte != 0xad;
  if (byte >= 0x80 && isPrinted)
    return {'\'', static_cast<char>(0xc0 | byte >> 6), static_cast<char>(0x80 | (byte & 0x3f)),
            '\''};
  std::string number = {digits[byte >> 4], digits[byte & 0xf]};
  if (byte >= 0x80) return "'\\u00" + number + "'";
  if (byte < 0x20 || byte == 0x7f) return "'\\x" + number + "'";
  return {'\'', c, '\''};
}

}  // namespace

std::string JsonScanner::fault() const {
  if (ended()) return "unexpected EOF";
  std::string where = where_
                          ? std::string(where_)
                          : "in literal " + std::string(word_) + " (expecting '" + wanted_ + "')";
  return "invalid character " + quoted(text_[at_]) + " " + where;
}

}  // namespace base
