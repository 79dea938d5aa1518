#pragma once

// Small things about text that all dialects of labels need.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace labels {

std::string_view trimmed(std::string_view text);
// ASCII letters only: the rest of UTF-8 stays as it is.
std::string lowered(std::string_view text);
bool equalIgnoringCase(std::string_view one, std::string_view other);

// A part of a list, and where in the list it begins.
struct Part {
  std::string_view text;  // trimmed
  size_t at = 0;          // byte
};
// The parts between separators, empty ones included; nothing of a list that is empty altogether.
std::vector<Part> parts(std::string_view list, char separator = ',');

// Which character of the text stands at this byte, counted from 1.
size_t characterAt(std::string_view text, size_t byte);

// In quotes and fit for one line of a message: long texts are cut, control characters replaced.
std::string shown(std::string_view text);

// "a", "a or b", "a, b or c".
std::string alternatives(const std::vector<std::string>& words);

}  // namespace labels
