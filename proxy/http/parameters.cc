#include "proxy/http/parameters.h"

#include <algorithm>

namespace proxy {
namespace {

constexpr std::string_view formType = "application/x-www-form-urlencoded";

}  // namespace

bool isForm(const base::Head& request) {
  std::string_view type = request.find("Content-Type").value_or("");
  type = type.substr(0, type.find(';'));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.remove_suffix(1);
  // Go makes lower case of more than ASCII.
  bool foreign = std::any_of(type.begin(), type.end(), [](char c) { return (c & 0x80) != 0; });
  return foreign || base::equalsIgnoreCase(type, formType);
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
