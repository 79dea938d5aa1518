#include "docker/query.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "base/url.h"

namespace docker {
namespace {

// What Go's strings.TrimSpace takes off, in UTF-8.
constexpr std::string_view spaces[] = {" ",
                                       "\t",
                                       "\n",
                                       "\v",
                                       "\f",
                                       "\r",
                                       "\xc2\x85",
                                       "\xc2\xa0",
                                       "\xe1\x9a\x80",
                                       "\xe2\x80\x80",
                                       "\xe2\x80\x81",
                                       "\xe2\x80\x82",
                                       "\xe2\x80\x83",
                                       "\xe2\x80\x84",
                                       "\xe2\x80\x85",
                                       "\xe2\x80\x86",
                                       "\xe2\x80\x87",
                                       "\xe2\x80\x88",
                                       "\xe2\x80\x89",
                                       "\xe2\x80\x8a",
                                       "\xe2\x80\xa8",
                                       "\xe2\x80\xa9",
                                       "\xe2\x80\xaf",
                                       "\xe2\x81\x9f",
                                       "\xe3\x80\x80"};

std::string_view trimmed(std::string_view text) {
  for (bool found = true; found;) {
    found = false;
    for (std::string_view space : spaces) {
      if (text.starts_with(space)) {
        text.remove_prefix(space.size());
        found = true;
      } else if (text.ends_with(space)) {
        text.remove_suffix(space.size());
        found = true;
      }
    }
  }
  return text;
}

}  // namespace

Query parseQuery(std::string_view text) {
  Query query;
  bool hasSemicolon = false;
  while (!text.empty()) {
    std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    if (pair.empty()) continue;
    if (pair.find(';') != std::string_view::npos) {
      hasSemicolon = true;
      continue;
    }
    size_t equals = std::min(pair.size(), pair.find('='));
    std::string_view name = pair.substr(0, equals);
    std::string_view value = pair.substr(std::min(pair.size(), equals + 1));
    std::string_view broken = base::brokenEscape(name);
    if (broken.empty()) broken = base::brokenEscape(value);
    if (broken.empty()) {
      query.add(*base::decodeQueryValue(name), *base::decodeQueryValue(value));
    } else if (query.fault.empty()) {
      query.fault = "invalid URL escape \"" + std::string(broken) + "\"";
    }
  }
  if (hasSemicolon) query.fault = "invalid semicolon separator in query";
  return query;
}

const std::string* Query::find(std::string_view name) const {
  auto found = std::find_if(parameters.begin(), parameters.end(),
                            [&](const auto& each) { return each.first == name; });
  return found == parameters.end() ? nullptr : &found->second;
}

std::string Query::value(std::string_view name) const {
  const std::string* found = find(name);
  return found ? *found : std::string();
}

bool Query::flag(std::string_view name) const {
  std::string given = value(name);
  std::string word(trimmed(given));
  std::transform(word.begin(), word.end(), word.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return !(word.empty() || word == "0" || word == "no" || word == "false" || word == "none");
}

std::optional<int64_t> Query::number(std::string_view name) const {
  std::string given = value(name);
  std::string_view digits = given;
  if (digits.empty()) return 0;
  if (digits.starts_with('+') && !digits.starts_with("+-")) digits.remove_prefix(1);
  int64_t number = 0;
  auto [stopped, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || stopped != digits.data() + digits.size()) return std::nullopt;
  return number;
}

void Query::add(std::string name, std::string value) {
  parameters.emplace_back(std::move(name), std::move(value));
}

void Query::erase(std::string_view name) {
  std::erase_if(parameters, [&](const auto& each) { return each.first == name; });
}

std::string Query::text() const {
  std::string out;
  for (const auto& [name, value] : parameters) {
    if (!out.empty()) out += "&";
    out += base::encodeQueryValue(name) + "=" + base::encodeQueryValue(value);
  }
  return out;
}

}  // namespace docker
