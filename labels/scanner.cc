#include "labels/scanner.h"

#include "labels/problem.h"
#include "labels/text.h"

#include <algorithm>

namespace labels {

void Scanner::skipBlanks() {
  at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size());
}

bool Scanner::take(std::string_view expected) {
  if (!text_.substr(at_).starts_with(expected)) return false;
  at_ += expected.size();
  return true;
}

std::string_view Scanner::takeUntil(std::string_view ends) {
  size_t begin = at_;
  at_ = std::min(text_.find_first_of(ends, at_), text_.size());
  return trimmed(text_.substr(begin, at_ - begin));
}

std::string_view Scanner::takeWord() {
  size_t begin = at_;
  auto isLetter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  while (at_ < text_.size() && isLetter(text_[at_])) at_++;
  return text_.substr(begin, at_ - begin);
}

Pattern Scanner::takeValue(std::string_view ends) {
  size_t begin = at_;
  if (take("/")) return takeRegex();
  if (!atEnd() && (text_[at_] == '"' || text_[at_] == '\'')) return takeQuoted();
  std::string_view word = takeUntil(ends);
  if (word.empty()) throw BadValue{begin, "a value is missing"};
  Pattern pattern = Pattern::glob(word, begin);
  if (pattern.kind() == Pattern::Kind::glob) budget_.takeSearch(begin);
  return pattern;
}

Pattern Scanner::takeRegex() {
  size_t begin = at_;
  std::string regex;
  while (!take("/")) {
    if (atEnd()) throw BadValue{begin - 1, "the / at the end of the regular expression is missing"};
    if (take("\\/")) {
      regex += '/';
    } else {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) regex += text_[at_++];
      regex += text_[at_++];
    }
  }
  budget_.takeSearch(begin);
  return Pattern::regex(regex, begin);
}

Pattern Scanner::takeQuoted() {
  size_t begin = at_;
  char quote = text_[at_++];
  std::string literal;
  while (!atEnd() && text_[at_] != quote) {
    if (text_[at_] == '\\' && at_ + 1 < text_.size()) at_++;
    literal += text_[at_++];
  }
  if (atEnd()) throw BadValue{begin, "the closing quote is missing"};
  at_++;
  return Pattern::literal(literal);
}

void Scanner::expect(std::string_view expected) {
  if (take(expected)) return;
  std::string_view rest = text_.substr(at_);
  throw BadValue{at_, shown(expected) + " is missing" +
                          (rest.empty() ? std::string() : " before " + shown(rest))};
}

}  // namespace labels
