#pragma once

// What is wrong with a label or an expression, so that whoever wrote it can mend it.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace labels {

struct Problem {
  std::string key;      // the label's full name, or the expression's in the environment
  size_t position = 0;  // in the value, in characters from 1; 0 if the key itself is wrong
  std::string what;
  std::string nearest;  // the valid spelling that comes nearest; may be empty

  // `io.drover.constraint: at 6: "node.kernal" is no fact of nodes; did you mean node.kernel?`
  std::string message() const;

  bool operator==(const Problem&) const = default;
};

// How readers of values tell of a problem to decode(), which knows the key.
struct BadValue {
  size_t at = 0;  // byte of the value
  std::string what;
  std::string nearest = {};
};

// `word` is not what stands there: the words that may stand there, and which of them is nearest.
BadValue unknownWord(size_t at, std::string_view word, std::string_view kind,
                     const std::vector<std::string>& known);

}  // namespace labels
