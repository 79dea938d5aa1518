#pragma once

// Reads the value of a label from left to right. Internal to the readers of expressions.

#include "labels/budget.h"
#include "labels/pattern.h"

#include <string>
#include <string_view>
#include <vector>

namespace labels {

class Scanner {
 public:
  Scanner(std::string_view text, Budget& budget) : text_(text), budget_(budget) {}

  size_t at() const { return at_; }
  bool atEnd() const { return at_ == text_.size(); }
  void skipBlanks();
  // Takes this text if it comes next.
  bool take(std::string_view expected);
  // Takes everything before the first of these characters, trimmed.
  std::string_view takeUntil(std::string_view ends);
  // Takes letters.
  std::string_view takeWord();
  // Takes a value as expression.h describes it; `ends` are characters that end a plain one.
  Pattern takeValue(std::string_view ends);
  // Takes "(value, value)"; each value by `takeOne`.
  template <class TakeOne>
  std::vector<Pattern> takeList(TakeOne takeOne) {
    std::vector<Pattern> values;
    skipBlanks();
    expect("(");
    do {
      skipBlanks();
      values.push_back(takeOne());
      skipBlanks();
    } while (take(","));
    expect(")");
    return values;
  }
  // Throws BadValue unless this comes next.
  void expect(std::string_view expected);

 private:
  Pattern takeRegex();
  Pattern takeQuoted();

  std::string_view text_;
  size_t at_ = 0;
  Budget& budget_;
};

}  // namespace labels
