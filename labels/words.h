#pragma once

// Values of labels that are one word, a number, or a list. Internal to the readers of labels.

#include "labels/problem.h"
#include "labels/quantity.h"
#include "labels/text.h"

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace labels {

// What stands for the word, in any case; throws BadValue for any other.
template <class T>
T chosen(std::string_view value, std::string_view kind,
         std::initializer_list<std::pair<std::string_view, T>> choices) {
  std::string_view word = trimmed(value);
  std::vector<std::string> known;
  for (const auto& [name, choice] : choices) {
    if (equalIgnoringCase(word, name)) return choice;
    known.emplace_back(name);
  }
  throw unknownWord(0, word, kind, known);
}

inline bool yesOrNo(std::string_view value) {
  return chosen<bool>(value, "boolean", {{"true", true}, {"false", false}});
}

// The names in a list; throws BadValue for an empty one.
inline std::vector<std::string> names(std::string_view list) {
  std::vector<std::string> found;
  for (const Part& part : parts(list)) {
    if (part.text.empty()) throw BadValue{part.at, "a name is missing"};
    found.emplace_back(part.text);
  }
  return found;
}

// The parts of a list of Rancher's, which passes over empty ones.
inline std::vector<Part> givenParts(std::string_view list) {
  std::vector<Part> given = parts(list);
  std::erase_if(given, [](const Part& part) { return part.text.empty(); });
  return given;
}

inline std::vector<std::string> givenNames(std::string_view list) {
  std::vector<std::string> found;
  for (const Part& part : givenParts(list)) found.emplace_back(part.text);
  return found;
}

}  // namespace labels
