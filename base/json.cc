#include "base/json.h"

#include "base/json_scanner.h"

#include <algorithm>
#include <utility>

namespace base {
namespace {

rapidjson::Document parsed(std::string_view json) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
  return document;
}

// With 0 for each number that might be too large for a double: RapidJSON refuses the whole for one
// of them.
std::string withoutHugeNumbers(std::string_view json) {
  constexpr std::string_view begins = "-0123456789", within = "-+.eE0123456789";
  constexpr size_t maxDigits = 300;
  std::string text(json);
  for (size_t at = 0; at < json.size();) {
    std::string_view rest = json.substr(at);
    size_t size = 1;
    if (rest[0] == '"') {
      JsonScanner scanner(rest);
      scanner.string();
      size = scanner.at();
    } else if (begins.find(rest[0]) != begins.npos) {
      size = std::min(rest.find_first_not_of(within), rest.size());
      std::string_view number = rest.substr(0, size);
      bool mayBeHuge = size > maxDigits || number.find_first_of("eE") != number.npos;
      if (mayBeHuge) text.replace(at, size, "0" + std::string(size - 1, ' '));
    }
    at += size;
  }
  return text;
}

}  // namespace

rapidjson::Document parseJson(std::string_view json) {
  rapidjson::Document document = parsed(json);
  bool hasHuge = document.GetParseError() == rapidjson::kParseErrorNumberTooBig;
  return hasHuge ? parsed(withoutHugeNumbers(json)) : std::move(document);
}

}  // namespace base
