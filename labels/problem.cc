#include "labels/problem.h"

#include "base/spelling.h"
#include "labels/text.h"

namespace labels {

std::string Problem::message() const {
  std::string text = key + ": ";
  if (position > 0) text += "at " + std::to_string(position) + ": ";
  text += what;
  if (!nearest.empty()) text += "; did you mean " + nearest + "?";
  return text;
}

BadValue unknownWord(size_t at, std::string_view word, std::string_view kind,
                     const std::vector<std::string>& known) {
  BadValue bad{at, shown(word) + " is not a valid " + std::string(kind),
               base::nearest(word, known)};
  if (bad.nearest.empty()) bad.what += "; write " + alternatives(known);
  return bad;
}

}  // namespace labels
