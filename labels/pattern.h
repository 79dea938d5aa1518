#pragma once

// What a text is compared with: a literal, a glob (`*` any characters, `?` one), or a regular
// expression of RE2, which takes time linear in the text whatever the expression is.

#include <memory>
#include <string>
#include <string_view>

namespace re2 {
class RE2;
}

namespace labels {

enum class Case { matters, ignored };

class Pattern {
 public:
  enum class Kind { literal, glob, regex };

  static Pattern literal(std::string_view text, Case letters = Case::matters);
  // A literal if there is no `*` or `?` in it. `at` is where it begins, for the BadValue that is
  // thrown for one that is too long.
  static Pattern glob(std::string_view text, size_t at = 0, Case letters = Case::matters);
  // Found anywhere in the text, unless it has ^ and $. Throws BadValue for what RE2 refuses.
  static Pattern regex(std::string_view text, size_t at = 0, Case letters = Case::matters);

  bool matches(std::string_view text) const;
  // Whether one text alone can match, which is text().
  bool isExact() const { return kind_ == Kind::literal && letters_ == Case::matters; }
  // What every text that matches begins with.
  std::string_view prefix() const;

  Kind kind() const { return kind_; }
  const std::string& text() const { return text_; }
  // As it is written in an expression.
  std::string describe() const;

  bool operator==(const Pattern& other) const {
    return kind_ == other.kind_ && letters_ == other.letters_ && text_ == other.text_;
  }

 private:
  Pattern(Kind kind, std::string_view text, Case letters)
      : kind_(kind), letters_(letters), text_(text) {}

  Kind kind_;
  Case letters_;
  std::string text_;
  std::string prefix_;  // of a regular expression
  // Shared by the copies of a pattern: it never changes, and costs more than all else to make.
  std::shared_ptr<const re2::RE2> compiled_;
};

}  // namespace labels
