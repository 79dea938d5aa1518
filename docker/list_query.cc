#include "docker/list_query.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>

#include "docker/list_filters.h"

namespace docker {
namespace {

bool isPlain(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

bool isState(std::string_view value) {
  for (std::string_view state :
       {"created", "restarting", "running", "removing", "paused", "exited", "dead"}) {
    if (value == state) return true;
  }
  return false;
}

bool takeFilters(const std::string& json, ListQuery& query) {
  std::optional<std::vector<ListFilter>> filters = parseListFilters(json);
  if (!filters) return false;
  for (ListFilter& each : *filters) {
    if (each.name == "label") {
      query.labels = std::move(each.values);
    } else if (each.name == "status") {
      if (!std::all_of(each.values.begin(), each.values.end(), isState)) return false;
      query.states = std::move(each.values);
      // Asking for a state means all containers, running or not.
      query.all = query.all || !query.states.empty();
    } else if (each.name == "name") {
      if (!std::all_of(each.values.begin(), each.values.end(), isPlain)) return false;
      query.names = std::move(each.values);
    } else {
      return false;
    }
  }
  return true;
}

int hexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

bool isTrueFlag(std::string value) {
  value.erase(0, value.find_first_not_of(' '));
  value.erase(value.find_last_not_of(' ') + 1);
  std::transform(value.begin(), value.end(), value.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return !(value.empty() || value == "0" || value == "no" || value == "false" || value == "none");
}

std::optional<std::string> decodePath(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); i++) {
    if (text[i] != '%') {
      plain.push_back(text[i]);
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    int high = hexDigit(text[i + 1]);
    int low = hexDigit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    plain.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return plain;
}

std::optional<std::string> decodeQueryValue(std::string_view text) {
  std::string spaced(text);
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  return decodePath(spaced);
}

std::string encodeQueryValue(std::string_view text) {
  constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    if (isPlain(std::string_view(&c, 1)) || c == '.' || c == '~') {
      out.push_back(c);
    } else {
      unsigned char byte = static_cast<unsigned char>(c);
      out.push_back('%');
      out.push_back(digits[byte >> 4]);
      out.push_back(digits[byte & 15]);
    }
  }
  return out;
}

std::optional<ListQuery> parseListQuery(std::string_view query) {
  ListQuery parsed;
  std::string filters;
  std::vector<std::string> seen;
  if (query.find(';') != std::string_view::npos) return std::nullopt;  // Go takes none
  while (!query.empty()) {
    std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.empty()) continue;
    size_t equals = pair.find('=');
    std::string key(pair.substr(0, equals));
    std::string_view raw = equals == std::string_view::npos ? "" : pair.substr(equals + 1);
    std::optional<std::string> value = decodeQueryValue(raw);
    if (!value || std::find(seen.begin(), seen.end(), key) != seen.end()) return std::nullopt;
    seen.push_back(key);
    if (key == "all") {
      parsed.all = isTrueFlag(*value);
    } else if (key == "limit") {
      int limit = 0;
      const char* end = value->data() + value->size();
      auto [stopped, error] = std::from_chars(value->data(), end, limit);
      if (error != std::errc() || stopped != end) return std::nullopt;
      parsed.limit = std::max(limit, 0);
    } else if (key == "filters") {
      filters = std::move(*value);
    } else if (key == "size") {
      if (isTrueFlag(*value)) return std::nullopt;  // takes a walk through the file system
    } else if (key != "trunc_cmd") {                // which docker-py sends and nobody reads
      return std::nullopt;
    }
  }
  if (!takeFilters(filters, parsed)) return std::nullopt;
  return parsed;
}

}  // namespace docker
