#include "proxy/http/parameters.h"

#include <algorithm>

#include "docker/list_query.h"

namespace proxy {
namespace {

constexpr std::string_view formType = "application/x-www-form-urlencoded";

bool isHex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// The first in a name or a value that is no escape; empty if there is none.
std::string_view badEscape(std::string_view text) {
  for (size_t i = text.find('%'); i != std::string_view::npos; i = text.find('%', i + 1)) {
    std::string_view escape = text.substr(i, 3);
    if (escape.size() < 3 || !isHex(escape[1]) || !isHex(escape[2])) return escape;
  }
  return {};
}

}  // namespace

bool isForm(const base::Head& request) {
  std::string_view type = request.find("Content-Type").value_or("");
  type = type.substr(0, type.find(';'));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.remove_suffix(1);
  // Go makes lower case of more than ASCII.
  bool foreign = std::any_of(type.begin(), type.end(), [](char c) { return (c & 0x80) != 0; });
  return foreign || base::equalsIgnoreCase(type, formType);
}

std::optional<std::string> faultOfParameters(std::string_view parameters) {
  std::optional<std::string> fault;
  while (!parameters.empty()) {
    std::string_view pair = parameters.substr(0, parameters.find('&'));
    parameters.remove_prefix(std::min(parameters.size(), pair.size() + 1));
    if (pair.find(';') != std::string_view::npos) {
      fault = "invalid semicolon separator in query";
    } else if (!fault) {
      size_t equals = std::min(pair.size(), pair.find('='));
      std::string_view escape = badEscape(pair.substr(0, equals));
      if (escape.empty()) escape = badEscape(pair.substr(equals));
      if (!escape.empty()) fault = "invalid URL escape \"" + std::string(escape) + "\"";
    }
  }
  return fault;
}

std::string withForm(std::string_view target, std::string_view form) {
  if (form.empty()) return std::string(target);
  size_t question = target.find('?');
  std::string all(target.substr(0, question));
  all.append("?").append(form);
  if (question != std::string_view::npos) all.append("&").append(target.substr(question + 1));
  return all;
}

}  // namespace proxy
