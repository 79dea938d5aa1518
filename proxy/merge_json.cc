#include "proxy/merge_json.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>

namespace proxy {
namespace {

bool isDigit(char c) {
  return c >= '0' && c <= '9';
}

bool isHexDigit(char c) {
  return isDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// Whether these eight bytes of a string are surely neither quotes nor backslashes nor control
// characters. (x - 0x01...) & ~x has the high bit of a byte that is zero, which is how each is
// found.
bool arePlain(const char* bytes) {
  constexpr uint64_t each = 0x0101010101010101;
  uint64_t text = 0;
  std::memcpy(&text, bytes, sizeof text);
  uint64_t quotes = text ^ (each * '"');
  uint64_t backslashes = text ^ (each * '\\');
  uint64_t found = ((text - each * 0x20) & ~text) | ((quotes - each) & ~quotes) |
                   ((backslashes - each) & ~backslashes);
  return (found & (each * 0x80)) == 0;
}

// Goes through JSON (RFC 8259) once, without recursion. What it says `false` to is broken.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  size_t at() const { return at_; }
  std::string_view since(size_t begin) const { return text_.substr(begin, at_ - begin); }
  bool ended() const { return at_ == text_.size(); }

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
    if (!take('"')) return false;
    for (;;) {
      while (text_.size() - at_ >= 8 && arePlain(text_.data() + at_)) at_ += 8;
      if (ended()) return false;
      char c = text_[at_++];
      if (c == '"') return true;
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c == '\\' && !escape()) return false;
    }
  }

  // A member's name and the colon after it.
  bool name() {
    space();
    if (!string()) return false;
    space();
    return take(':');
  }

  bool value() {
    std::string open;  // the brackets we are in
    for (;;) {
      space();
      bool object = take('{');
      if (object || take('[')) {
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
        if (!take(open.back())) return false;
        open.pop_back();
      }
      if (open.back() == '}' && !name()) return false;
    }
  }

 private:
  bool escape() {
    if (ended()) return false;
    char c = text_[at_++];
    if (c != 'u') return std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos;
    for (int i = 0; i < 4; i++) {
      if (ended() || !isHexDigit(text_[at_++])) return false;
    }
    return true;
  }

  bool digits() {
    size_t begin = at_;
    while (!ended() && isDigit(text_[at_])) at_++;
    return at_ > begin;
  }

  bool number() {
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (!take('e') && !take('E')) return true;
    if (!take('+')) take('-');
    return digits();
  }

  bool word(std::string_view expected) {
    if (text_.substr(at_, expected.size()) != expected) return false;
    at_ += expected.size();
    return true;
  }

  bool scalar() {
    if (ended()) return false;
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
  size_t at_ = 0;
};

// An object from its brace on.
std::optional<std::vector<JsonMember>> scanMembers(Scanner& scanner) {
  std::vector<JsonMember> found;
  if (!scanner.take('{')) return std::nullopt;
  scanner.space();
  if (scanner.take('}')) return found;
  found.reserve(16);
  do {
    scanner.space();
    size_t begin = scanner.at();
    if (!scanner.string()) return std::nullopt;
    std::string_view quoted = scanner.since(begin);
    scanner.space();
    if (!scanner.take(':')) return std::nullopt;
    scanner.space();
    begin = scanner.at();
    if (!scanner.value()) return std::nullopt;
    found.push_back({quoted.substr(1, quoted.size() - 2), scanner.since(begin)});
    scanner.space();
  } while (scanner.take(','));
  if (!scanner.take('}')) return std::nullopt;
  return found;
}

// A list and nothing else; `element` takes each of its elements and says whether it is sound.
template <class Element>
bool scanList(Scanner& scanner, Element element) {
  scanner.space();
  if (!scanner.take('[')) return false;
  scanner.space();
  if (!scanner.take(']')) {
    do {
      scanner.space();
      if (!element()) return false;
      scanner.space();
    } while (scanner.take(','));
    if (!scanner.take(']')) return false;
  }
  scanner.space();
  return scanner.ended();
}

}  // namespace

std::optional<std::vector<std::string_view>> jsonElements(std::string_view text) {
  std::vector<std::string_view> found;
  Scanner scanner(text);
  bool sound = scanList(scanner, [&] {
    size_t begin = scanner.at();
    if (!scanner.value()) return false;
    found.push_back(scanner.since(begin));
    return true;
  });
  if (!sound) return std::nullopt;
  return found;
}

std::optional<std::vector<JsonMember>> jsonMembers(std::string_view text) {
  Scanner scanner(text);
  scanner.space();
  std::optional<std::vector<JsonMember>> found = scanMembers(scanner);
  scanner.space();
  if (!scanner.ended()) return std::nullopt;
  return found;
}

std::optional<JsonObject> JsonObject::parse(std::string_view text) {
  std::optional<std::vector<JsonMember>> members = jsonMembers(text);
  if (!members) return std::nullopt;
  return JsonObject(text, std::move(*members));
}

std::string_view JsonObject::find(std::string_view name) const {
  auto named = [&](const JsonMember& member) { return member.name == name; };
  auto found = std::find_if(members_.rbegin(), members_.rend(), named);
  return found == members_.rend() ? std::string_view() : found->value;
}

void JsonObject::set(std::string_view name, std::string value) {
  for (Change& change : changes_) {
    if (change.name != name) continue;
    change.value = std::move(value);
    return;
  }
  changes_.push_back({std::string(name), std::move(value)});
}

void JsonObject::appendTo(std::string& out) const {
  size_t copied = 0;
  for (const JsonMember& member : members_) {
    for (const Change& change : changes_) {
      if (change.name != member.name) continue;
      size_t begin = static_cast<size_t>(member.value.data() - text_.data());
      out.append(text_, copied, begin - copied);
      out.append(change.value);
      copied = begin + member.value.size();
    }
  }
  size_t end = text_.rfind('}');
  out.append(text_, copied, end - copied);
  bool first = members_.empty();
  for (const Change& change : changes_) {
    if (!find(change.name).empty()) continue;
    if (!first) out.push_back(',');
    first = false;
    out.append("\"").append(change.name).append("\":").append(change.value);
  }
  out.append(text_, end);
}

std::string JsonObject::text() const {
  std::string out;
  size_t more = 0;
  for (const Change& change : changes_) more += change.name.size() + change.value.size() + 4;
  out.reserve(text_.size() + more);
  appendTo(out);
  return out;
}

std::string jsonString(std::string_view plain) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  writer.String(plain.data(), static_cast<rapidjson::SizeType>(plain.size()));
  return {buffer.GetString(), buffer.GetSize()};
}

std::optional<std::string_view> insideQuotes(std::string_view value) {
  if (!value.starts_with('"')) return std::nullopt;
  return value.substr(1, value.size() - 2);
}

std::optional<int64_t> wholeNumber(std::string_view value) {
  int64_t number = 0;
  const char* end = value.data() + value.size();
  auto [stopped, error] = std::from_chars(value.data(), end, number);
  if (stopped != end || error == std::errc::invalid_argument) return std::nullopt;
  if (error == std::errc()) return number;
  using Limits = std::numeric_limits<int64_t>;
  return value.starts_with('-') ? Limits::min() : Limits::max();
}

std::string jsonList(const std::vector<std::string_view>& elements) {
  size_t size = 2;
  for (std::string_view each : elements) size += each.size() + 1;
  std::string out;
  out.reserve(size);
  out.push_back('[');
  for (std::string_view each : elements) {
    if (out.size() > 1) out.push_back(',');
    out.append(each);
  }
  out.push_back(']');
  return out;
}

}  // namespace proxy
