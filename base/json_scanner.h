#pragma once

// Goes through JSON (RFC 8259) once, without recursion and without reading what it means. What it
// says `false` to is broken there, and fault() tells how in the words of Go's encoding/json, which
// is what clients of an engine are used to. In a header, since every list is cut apart with it.

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace base {

class JsonScanner {
 public:
  // Lists and objects may be this deep within each other.
  explicit JsonScanner(std::string_view text, size_t maxDepth = SIZE_MAX)
      : text_(text), maxDepth_(maxDepth) {}

  size_t at() const { return at_; }
  std::string_view since(size_t begin) const { return text_.substr(begin, at_ - begin); }
  bool ended() const { return at_ == text_.size(); }
  // "invalid character 'x' after object key"
  std::string fault() const;

  void space() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r'))
      at_++;
  }

  bool take(char c) {
    if (ended() || text_[at_] != c) return false;
    at_++;
    return true;
  }

  bool string() {
    if (!take('"')) return broken("looking for beginning of object key string");
    for (;;) {
      while (text_.size() - at_ >= 8 && arePlain(text_.data() + at_)) at_ += 8;
      if (ended()) return broken("in string literal");
      char c = text_[at_];
      if (static_cast<unsigned char>(c) < 0x20) return broken("in string literal");
      at_++;
      if (c == '"') return true;
      if (c == '\\' && !escape()) return false;
    }
  }

  // A member's name and the colon after it.
  bool name() {
    space();
    if (!string()) return false;
    space();
    return take(':') || broken("after object key");
  }

  bool value() {
    std::string open;  // the brackets we are in
    for (;;) {
      space();
      bool object = !ended() && text_[at_] == '{';
      if (object || (!ended() && text_[at_] == '[')) {
        if (open.size() == maxDepth_) return broken("exceeded max depth");
        at_++;
        open.push_back(object ? '}' : ']');
        space();
        bool empty = take(open.back());
        if (!empty && object && !name()) return false;
        if (!empty) continue;
        open.pop_back();
      } else if (!scalar()) {
        return false;
      }
      // A value ended; then what it stands in goes on, or ends too.
      for (;;) {
        if (open.empty()) return true;
        space();
        if (take(',')) break;
        if (!take(open.back())) return brokenAfter(open.back());
        open.pop_back();
      }
      if (open.back() == '}' && !name()) return false;
    }
  }

  // An object, of which `visit` gets each member's name as it is written, between its quotes, and
  // its value.
  template <class Visit>
  bool members(Visit visit) {
    if (!take('{')) return broken("looking for beginning of value");
    space();
    if (take('}')) return true;
    do {
      space();
      size_t begin = at_;
      if (!string()) return false;
      std::string_view name = text_.substr(begin + 1, at_ - begin - 2);
      space();
      if (!take(':')) return broken("after object key");
      space();
      begin = at_;
      if (!value()) return false;
      visit(name, since(begin));
      space();
    } while (take(','));
    return take('}') || brokenAfter('}');
  }

  // A list, of which `visit` gets each element.
  template <class Visit>
  bool elements(Visit visit) {
    if (!take('[')) return broken("looking for beginning of value");
    space();
    if (take(']')) return true;
    do {
      space();
      size_t begin = at_;
      if (!value()) return false;
      visit(since(begin));
      space();
    } while (take(','));
    return take(']') || brokenAfter(']');
  }

 private:
  static bool isDigit(char c) { return c >= '0' && c <= '9'; }
  static bool isHexDigit(char c) {
    return isDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  }

  // Whether these eight bytes of a string are surely neither quotes nor backslashes nor control
  // characters. (x - 0x01...) & ~x has the high bit of a byte that is zero, which is how each is
  // found.
  static bool arePlain(const char* bytes) {
    constexpr uint64_t each = 0x0101010101010101;
    uint64_t text = 0;
    std::memcpy(&text, bytes, sizeof text);
    uint64_t quotes = text ^ (each * '"');
    uint64_t backslashes = text ^ (each * '\\');
    uint64_t found = ((text - each * 0x20) & ~text) | ((quotes - each) & ~quotes) |
                     ((backslashes - each) & ~backslashes);
    return (found & (each * 0x80)) == 0;
  }

  bool broken(const char* where) {
    where_ = where;
    return false;
  }

  bool brokenAfter(char end) {
    return broken(end == '}' ? "after object key:value pair" : "after array element");
  }

  bool escape() {
    constexpr std::string_view known = "\"\\/bfnrtu";
    if (ended() || known.find(text_[at_]) == known.npos) return broken("in string escape code");
    if (text_[at_++] != 'u') return true;
    for (int i = 0; i < 4; i++) {
      if (ended() || !isHexDigit(text_[at_])) return broken("in \\u hexadecimal character escape");
      at_++;
    }
    return true;
  }

  bool digits() {
    size_t begin = at_;
    while (!ended() && isDigit(text_[at_])) at_++;
    return at_ > begin;
  }

  bool number() {
    bool isNegative = take('-');
    if (!take('0') && !digits())
      return broken(isNegative ? "in numeric literal" : "looking for beginning of value");
    if (take('.') && !digits()) return broken("after decimal point in numeric literal");
    if (!take('e') && !take('E')) return true;
    if (!take('+')) take('-');
    return digits() || broken("in exponent of numeric literal");
  }

  bool word(std::string_view expected) {
    for (char c : expected) {
      if (take(c)) continue;
      word_ = expected;
      wanted_ = c;
      return broken(nullptr);
    }
    return true;
  }

  bool scalar() {
    if (ended()) return broken("looking for beginning of value");
    switch (text_[at_]) {
      case '"':
        return string();
      case 't':
        return word("true");
      case 'f':
        return word("false");
      case 'n':
        return word("null");
      default:
        return number();
    }
  }

  std::string_view text_;
  size_t maxDepth_;
  size_t at_ = 0;
  // Where it is broken; nullptr within a word, of which `wanted_` should have come.
  const char* where_ = nullptr;
  std::string_view word_;
  char wanted_ = 0;
};

}  // namespace base
