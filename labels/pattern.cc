#include "labels/pattern.h"

#include "labels/problem.h"
#include "labels/text.h"

#include <re2/re2.h>

#include <algorithm>

namespace labels {
namespace {

constexpr size_t maxGlob = 1'024;          // bytes; it may be tried at each byte of a text
constexpr size_t maxRegex = 4'096;         // bytes of an expression
constexpr int64_t maxMemory = 256 * 1024;  // that RE2 may use for one

// Goes back to the last `*` only, which is enough: what an earlier one could take, the last can.
bool globMatches(std::string_view glob, std::string_view text, bool ignoreCase) {
  auto same = [&](char a, char b) {
    return a == b || (ignoreCase && equalIgnoringCase({&a, 1}, {&b, 1}));
  };
  size_t g = 0, t = 0, star = glob.npos, resume = 0;
  while (t < text.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      resume = t;
    } else if (g < glob.size() && (glob[g] == '?' || same(glob[g], text[t]))) {
      g++;
      t++;
    } else if (star != glob.npos) {
      g = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  return glob.find_first_not_of('*', g) == glob.npos;
}

// What the least and the greatest text have in common that RE2 says can match. It speaks of texts
// that match from their beginning, so this is only for expressions that surely begin with ^.
std::string prefixOf(std::string_view text, const re2::RE2& regex) {
  constexpr int maxLength = 64;
  bool isRepeated = text.size() > 1 && std::string_view("*+?{").find(text[1]) != text.npos;
  if (!text.starts_with('^') || isRepeated || text.find('|') != text.npos) return {};
  std::string least, greatest;
  if (!regex.PossibleMatchRange(&least, &greatest, maxLength)) return {};
  auto [end, other] = std::mismatch(least.begin(), least.end(), greatest.begin(), greatest.end());
  return {least.begin(), end};
}

}  // namespace

Pattern Pattern::literal(std::string_view text, Case letters) {
  return {Kind::literal, text, letters};
}

Pattern Pattern::glob(std::string_view text, size_t at, Case letters) {
  bool isGlob = text.find_first_of("*?") != text.npos;
  if (isGlob && text.size() > maxGlob)
    throw BadValue{at, "a pattern with * or ? may have " + std::to_string(maxGlob) + " bytes"};
  return {isGlob ? Kind::glob : Kind::literal, text, letters};
}

Pattern Pattern::regex(std::string_view text, size_t at, Case letters) {
  if (text.size() > maxRegex)
    throw BadValue{at, "a regular expression may have " + std::to_string(maxRegex) + " bytes"};
  RE2::Options options(RE2::Quiet);
  options.set_max_mem(maxMemory);
  options.set_case_sensitive(letters == Case::matters);
  options.set_never_capture(true);
  Pattern pattern(Kind::regex, text, letters);
  auto compiled =
      std::make_shared<const re2::RE2>(re2::StringPiece(text.data(), text.size()), options);
  if (!compiled->ok())
    throw BadValue{at, shown(text) + " is not a valid regular expression: " + compiled->error()};
  pattern.prefix_ = prefixOf(text, *compiled);
  pattern.compiled_ = std::move(compiled);
  return pattern;
}

bool Pattern::matches(std::string_view text) const {
  switch (kind_) {
    case Kind::literal:
      return letters_ == Case::matters ? text == text_ : equalIgnoringCase(text, text_);
    case Kind::glob:
      return globMatches(text_, text, letters_ == Case::ignored);
    case Kind::regex:
      return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *compiled_);
  }
  return false;
}

std::string_view Pattern::prefix() const {
  if (kind_ == Kind::regex) return prefix_;
  if (letters_ == Case::ignored) return {};
  return std::string_view(text_).substr(0, text_.find_first_of("*?"));
}

std::string Pattern::describe() const {
  if (kind_ == Kind::regex) return "/" + text_ + "/";
  bool isPlain = text_.find_first_of(",()\"'") == text_.npos && trimmed(text_) == text_;
  bool wouldBeGlob = kind_ == Kind::literal && text_.find_first_of("*?") != text_.npos;
  if (!text_.empty() && text_.front() != '/' && isPlain && !wouldBeGlob) return text_;
  std::string quoted = "\"";
  for (char each : text_) {
    if (each == '"' || each == '\\') quoted += '\\';
    quoted += each;
  }
  return quoted + "\"";
}

}  // namespace labels
