#include "labels/text.h"

#include <algorithm>

namespace labels {
namespace {

constexpr std::string_view blanks = " \t\r\n";
constexpr size_t maxShown = 80;

char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

// Whether the byte goes on with a character of UTF-8 that began before it.
bool goesOn(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0) == 0x80;
}

bool isControl(char byte) {
  auto code = static_cast<unsigned char>(byte);
  return code < 0x20 || code == 0x7f;
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  size_t begin = text.find_first_not_of(blanks);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) + 1 - begin);
}

std::string lowered(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), lower);
  return result;
}

bool equalIgnoringCase(std::string_view one, std::string_view other) {
  return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

std::vector<Part> parts(std::string_view list, char separator) {
  std::vector<Part> found;
  if (trimmed(list).empty()) return found;
  for (size_t begin = 0; begin <= list.size();) {
    size_t end = std::min(list.find(separator, begin), list.size());
    std::string_view raw = list.substr(begin, end - begin);
    std::string_view text = trimmed(raw);
    found.push_back({text, text.empty() ? begin : static_cast<size_t>(text.data() - list.data())});
    begin = end + 1;
  }
  return found;
}

size_t characterAt(std::string_view text, size_t byte) {
  std::string_view before = text.substr(0, byte);
  auto begun = std::count_if(before.begin(), before.end(), [](char c) { return !goesOn(c); });
  return static_cast<size_t>(begun) + 1;
}

std::string shown(std::string_view text) {
  bool isLong = text.size() > maxShown;
  size_t size = std::min(text.size(), maxShown);
  while (isLong && size > 0 && goesOn(text[size])) size--;
  std::string result = "\"" + std::string(text.substr(0, size)) + (isLong ? "...\"" : "\"");
  std::replace_if(result.begin(), result.end(), isControl, '?');
  return result;
}

std::string alternatives(const std::vector<std::string>& words) {
  std::string result;
  for (size_t i = 0; i < words.size(); i++) {
    if (i > 0) result += i + 1 == words.size() ? " or " : ", ";
    result += words[i];
  }
  return result;
}

}  // namespace labels
