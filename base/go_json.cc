#include "base/go_json.h"

#include "base/json_scanner.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace base {
namespace {

using Kind = GoType::Kind;
using Views = std::span<const std::string_view>;

constexpr size_t maxDepth = 10'000;  // of encoding/json
// What was read may have three times as many, and is addressed with 32 bits.
constexpr size_t maxBytes = size_t{1} << 30;
constexpr char32_t replacement = 0xfffd;

// --- texts --------------------------------------------------------------------------------------

void appendUtf8(std::string& out, char32_t c) {
  auto byte = [&](char32_t bits) { out.push_back(static_cast<char>(bits)); };
  if (c < 0x80) return byte(c);
  if (c < 0x800) {
    byte(0xc0 | c >> 6);
  } else if (c < 0x10000) {
    byte(0xe0 | c >> 12);
    byte(0x80 | (c >> 6 & 0x3f));
  } else {
    byte(0xf0 | c >> 18);
    byte(0x80 | (c >> 12 & 0x3f));
    byte(0x80 | (c >> 6 & 0x3f));
  }
  byte(0x80 | (c & 0x3f));
}

// The bytes of the character that begins here; 0 if there is none in UTF-8.
size_t utf8Size(std::string_view text) {
  auto at = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned char first = at(0);
  if (first < 0x80) return 1;
  size_t size = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (size == 0 || text.size() < size) return 0;
  for (size_t i = 1; i < size; i++) {
    if ((at(i) & 0xc0) != 0x80) return 0;
  }
  // Written too long, a surrogate, or beyond the last character.
  unsigned char second = at(1);
  bool isWrong = (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
                 (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
  return isWrong ? 0 : size;
}

// The number of "\uXXXX", or nothing.
std::optional<char32_t> escapedUnit(std::string_view text) {
  if (!text.starts_with("\\u") || text.size() < 6) return std::nullopt;
  uint32_t unit = 0;
  std::from_chars(text.data() + 2, text.data() + 6, unit, 16);
  return unit;
}

// What a text means that is written so between its quotes.
std::string decoded(std::string_view written) {
  constexpr std::string_view letters = "bfnrt", controls = "\b\f\n\r\t";
  std::string text;
  text.reserve(written.size());
  while (!written.empty()) {
    size_t used = utf8Size(written);
    if (std::optional<char32_t> unit = escapedUnit(written)) {
      used = 6;
      std::optional<char32_t> low = escapedUnit(written.substr(used));
      bool isPair = *unit >= 0xd800 && *unit < 0xdc00 && low && *low >= 0xdc00 && *low < 0xe000;
      bool isSurrogate = *unit >= 0xd800 && *unit < 0xe000;
      if (isPair) used = 12;
      appendUtf8(text, isPair        ? 0x10000 + ((*unit - 0xd800) << 10) + (*low - 0xdc00)
                       : isSurrogate ? replacement
                                     : *unit);
    } else if (written[0] == '\\') {
      used = 2;
      size_t letter = letters.find(written[1]);
      text.push_back(letter == letters.npos ? written[1] : controls[letter]);
    } else if (used == 0) {
      used = 1;
      appendUtf8(text, replacement);
    } else {
      text.append(written.substr(0, used));
    }
    written.remove_prefix(used);
  }
  return text;
}

bool isPlain(std::string_view written) {
  return std::all_of(written.begin(), written.end(),
                     [](char c) { return c != '\\' && static_cast<unsigned char>(c) < 0x80; });
}

void appendQuoted(std::string& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  out.push_back('"');
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20) {
      out.append("\\u00").append({digits[byte >> 4], digits[byte & 0xf]});
    } else {
      if (c == '"' || c == '\\') out.push_back('\\');
      out.push_back(c);
    }
  }
  out.push_back('"');
}

// As Go compares the names of members: the one letter beyond ASCII that is an s, and the one that
// is a k, count as such.
bool isNamed(std::string_view name, std::string_view given) {
  constexpr std::string_view longS = "\u017f", kelvin = "\u212a";
  auto isLetter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  for (char wanted : name) {
    char lower = isLetter(wanted) ? static_cast<char>(wanted | 0x20) : wanted;
    std::string_view other = lower == 's' ? longS : lower == 'k' ? kelvin : std::string_view();
    if (given.empty()) return false;
    if (given[0] == wanted || (isLetter(given[0]) && (given[0] | 0x20) == lower)) {
      given.remove_prefix(1);
    } else if (!other.empty() && given.starts_with(other)) {
      given.remove_prefix(other.size());
    } else {
      return false;
    }
  }
  return given.empty();
}

constexpr size_t unknown = SIZE_MAX;

size_t memberNamed(const GoType& type, std::string_view written) {
  std::string name = isPlain(written) ? std::string() : decoded(written);
  if (!name.empty()) written = name;
  for (size_t i = 0; i < type.members.size(); i++) {
    if (isNamed(type.members[i].name, written)) return i;
  }
  return unknown;
}

// --- values -------------------------------------------------------------------------------------

bool isNull(std::string_view value) {
  return value == "null";
}

bool isInteger(std::string_view value) {
  int64_t number = 0;
  auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  return error == std::errc() && end == value.data() + value.size();
}

// Whether the outermost of the value is what the type takes.
bool isOf(Kind kind, std::string_view value) {
  if (isNull(value)) return true;
  switch (kind) {
    case Kind::any:
      return true;
    case Kind::text:
      return value[0] == '"';
    case Kind::number:
      return isInteger(value);
    case Kind::truth:
      return value == "true" || value == "false";
    case Kind::list:
      return value[0] == '[';
    default:
      return value[0] == '{';
  }
}

// Whether all of it is.
bool fits(const GoType& type, std::string_view value) {
  if (!isOf(type.kind, value)) return false;
  if (isNull(value)) return true;
  bool result = true;
  JsonScanner scanner(value);
  if (type.kind == Kind::list)
    scanner.elements([&](std::string_view each) { result = result && fits(*type.element, each); });
  if (value[0] != '{' || type.kind == Kind::any) return result;
  scanner.members([&](std::string_view name, std::string_view each) {
    size_t known = type.kind == Kind::map ? unknown : memberNamed(type, name);
    const GoType& its = type.kind == Kind::map ? *type.element
                        : known == unknown     ? go::any
                                               : *type.members[known].type;
    result = result && fits(its, each);
  });
  return result;
}

class Writer {
 public:
  explicit Writer(GoReading& reading) : out_(reading.text), nodes_(reading.nodes) {}

  // What Go has after it has read these values into one place, in this order.
  void value(const GoType& type, Views given) {
    for (const std::string_view& each : given) {
      // Go refuses the whole for one that does not fit, also where a later one would win.
      if (given.size() > 1 && !fits(type, each)) return value(type, {&each, 1});
    }
    bool isMisfit = given.size() == 1 && !isOf(type.kind, given[0]);
    Noted noted(*this, isMisfit ? nullptr : &type);
    if (isMisfit) return asGiven(given[0]);
    switch (type.kind) {
      case Kind::any:
        return asGiven(given.back());
      case Kind::text:
      case Kind::number:
      case Kind::truth:
        return scalar(given);
      case Kind::list:
        return list(*type.element, sinceNull(given));
      case Kind::map:
        return map(*type.element, sinceNull(given));
      case Kind::object:
        return object(type, given);
      case Kind::pointer:
        return object(type, sinceNull(given));
    }
  }

 private:
  // A node for what is written during its life.
  class Noted {
   public:
    Noted(Writer& writer, const GoType* type) : writer_(writer), at_(writer.nodes_.size()) {
      auto [name, nameSize] = std::exchange(writer_.name_, {});
      writer_.nodes_.push_back({type, name, nameSize, writer_.size(), 0, 0});
    }
    Noted(const Noted&) = delete;
    Noted& operator=(const Noted&) = delete;
    ~Noted() {
      writer_.nodes_[at_].end = writer_.size();
      writer_.nodes_[at_].next = static_cast<uint32_t>(writer_.nodes_.size());
    }

   private:
    Writer& writer_;
    size_t at_;
  };

  uint32_t size() const { return static_cast<uint32_t>(out_.size()); }

  // Of the member whose value comes next; `write` puts it, with its quotes.
  template <class Write>
  void name(Write write) {
    uint32_t begin = size() + 1;
    write();
    name_ = {begin, size() - 1 - begin};
    out_.push_back(':');
  }

  struct Member {
    size_t known;  // which of the type's
    std::string_view name;
    std::string_view value;
  };

  // As it is written, but for texts.
  void asGiven(std::string_view value) {
    while (!value.empty()) {
      size_t quote = value.find('"');
      out_.append(value.substr(0, quote));
      if (quote == value.npos) return;
      value.remove_prefix(quote);
      JsonScanner scanner(value);
      scanner.string();
      text(value.substr(1, scanner.at() - 2));
      value.remove_prefix(scanner.at());
    }
  }

  void text(std::string_view written) {
    if (!isPlain(written)) return appendQuoted(out_, decoded(written));
    out_.append("\"").append(written).append("\"");
  }

  // Null leaves what is there.
  void scalar(Views given) {
    auto last = std::find_if_not(given.rbegin(), given.rend(), isNull);
    asGiven(last == given.rend() ? "null" : *last);
  }

  // A null in a list or map is its type's zero, where that can be written.
  void element(const GoType& type, Views given) {
    bool isNothing = type.kind == Kind::text && std::all_of(given.begin(), given.end(), isNull);
    if (isNothing) {
      Noted noted(*this, &type);
      out_.append("\"\"");
    } else {
      value(type, given);
    }
  }

  // Null forgets what is there. Empty if that is the last that was said.
  static Views sinceNull(Views given) {
    auto last = std::find_if(given.rbegin(), given.rend(), isNull);
    return given.last(static_cast<size_t>(last - given.rbegin()));
  }

  // A list is read over the elements of the one before, of which those beyond its end come back
  // with a longer one. Only an empty list lets go of them.
  void list(const GoType& type, Views given) {
    if (given.empty()) return asGiven("null");
    Comma comma(out_, '[');
    if (given.size() == 1) {
      JsonScanner(given[0]).elements([&](std::string_view each) {
        comma.next();
        element(type, {&each, 1});
      });
      return;
    }
    std::vector<std::vector<std::string_view>> lists;
    for (std::string_view each : given) {
      std::vector<std::string_view>& elements = lists.emplace_back();
      JsonScanner(each).elements([&](std::string_view one) { elements.push_back(one); });
      if (elements.empty()) lists.clear();
    }
    if (lists.empty()) return;
    size_t size = lists.back().size();
    std::vector<std::string_view> same;
    for (size_t i = 0; i < size; i++) {
      std::erase_if(lists, [&](const auto& elements) { return elements.size() <= i; });
      same.clear();
      for (const auto& elements : lists) same.push_back(elements[i]);
      comma.next();
      element(type, same);
    }
  }

  // The members of all, where a key's last value counts.
  void map(const GoType& type, Views given) {
    if (given.empty()) return asGiven("null");
    std::deque<std::string> keys;  // those that are not as they are written
    std::unordered_map<std::string_view, std::vector<std::string_view>> again;
    std::unordered_map<std::string_view, std::string_view> values;
    std::vector<std::string_view> order;
    for (std::string_view each : given) {
      JsonScanner(each).members([&](std::string_view name, std::string_view value) {
        if (!isPlain(name)) name = keys.emplace_back(decoded(name));
        auto [known, isNew] = values.try_emplace(name, value);
        if (isNew) {
          order.push_back(name);
          return;
        }
        std::vector<std::string_view>& before = again[name];
        before.push_back(known->second);
        known->second = value;
      });
    }
    Comma comma(out_, '{');
    for (std::string_view key : order) {
      comma.next();
      name([&] { appendQuoted(out_, key); });
      std::string_view chosen = values[key];
      auto before = again.find(key);
      if (before != again.end()) {
        for (std::string_view each : before->second) {
          if (fits(type, each)) continue;
          chosen = each;
          break;
        }
      }
      element(type, {&chosen, 1});
    }
  }

  void object(const GoType& type, Views given) {
    std::vector<Member> members;
    std::vector<size_t> count(type.members.size());
    bool isThere = false;
    for (std::string_view each : given) {
      if (isNull(each)) continue;
      isThere = true;
      JsonScanner(each).members([&](std::string_view name, std::string_view value) {
        size_t known = memberNamed(type, name);
        if (known != unknown) count[known]++;
        members.push_back({known, name, value});
      });
    }
    if (!isThere) return asGiven("null");
    Comma comma(out_, '{');
    for (const Member& each : members) {
      if (each.known == unknown) {
        comma.next();
        text(each.name);
        out_.push_back(':');
        asGiven(each.value);
        continue;
      }
      if (count[each.known] == 0) continue;  // written where it came first
      const GoMember& member = type.members[each.known];
      comma.next();
      name([&] { out_.append("\"").append(member.name).append("\""); });
      std::vector<std::string_view> all;
      if (count[each.known] > 1) {
        for (const Member& other : members) {
          if (other.known == each.known) all.push_back(other.value);
        }
      }
      count[each.known] = 0;
      value(*member.type, all.empty() ? Views(&each.value, 1) : Views(all));
    }
  }

  // Puts what is between elements, and the brackets around them.
  class Comma {
   public:
    Comma(std::string& out, char open) : out_(out), close_(open == '[' ? ']' : '}') {
      out_.push_back(open);
    }
    Comma(const Comma&) = delete;
    Comma& operator=(const Comma&) = delete;
    ~Comma() { out_.push_back(close_); }
    void next() {
      if (!isFirst_) out_.push_back(',');
      isFirst_ = false;
    }

   private:
    std::string& out_;
    char close_;
    bool isFirst_ = true;
  };

  std::string& out_;
  std::vector<GoNode>& nodes_;
  std::pair<uint32_t, uint32_t> name_;  // where it begins, and its size
};

}  // namespace

GoReading readAsGo(std::string_view text, const GoType& type) {
  GoReading reading;
  JsonScanner scanner(text, maxDepth);
  scanner.space();
  if (scanner.ended() || text.size() > maxBytes) {
    reading.fault = scanner.ended() ? "EOF" : "http: request body too large";
    return reading;
  }
  size_t begin = scanner.at();
  if (!scanner.value()) {
    reading.fault = scanner.fault();
    return reading;
  }
  std::string_view value = scanner.since(begin);
  scanner.space();
  reading.after = text.substr(scanner.at());
  reading.text.reserve(value.size());
  Writer(reading).value(type, {&value, 1});
  return reading;
}

}  // namespace base
