#include "docker/target.h"

#include <array>
#include <vector>

#include "base/http.h"
#include "base/url.h"

namespace docker {
namespace {

// What Go writes as it is in a path (net/url).
constexpr std::array<bool, 256> plainBytes = [] {
  std::array<bool, 256> plain{};
  for (unsigned char c = '0'; c <= '9'; c++) plain[c] = true;
  for (unsigned char c = 'a'; c <= 'z'; c++) plain[c] = true;
  for (unsigned char c = 'A'; c <= 'Z'; c++) plain[c] = true;
  for (unsigned char c : std::string_view("-._~$&+,/:;=@")) plain[c] = true;
  return plain;
}();

bool isPlain(char c) {
  return plainBytes[static_cast<unsigned char>(c)];
}

// Whether a segment that begins here is one that a clean path does not have: "", "." or "..".
bool isUnclean(std::string_view rest) {
  if (rest.empty() || (rest[0] != '/' && rest[0] != '.')) return false;
  if (rest[0] == '/') return true;
  for (std::string_view dots : {".", ".."}) {
    if (rest.starts_with(dots) && (rest.size() == dots.size() || rest[dots.size()] == '/'))
      return true;
  }
  return false;
}

// In one look, without copying: what nearly all requests have.
bool isCanonical(std::string_view path) {
  if (!path.starts_with('/')) return false;
  for (size_t i = 0; i < path.size(); i++) {
    if (!isPlain(path[i]) || (path[i] == '/' && isUnclean(path.substr(i + 1)))) return false;
  }
  return true;
}

// As mux's cleanPath: without "//", "." and "..", and with the slash at its end if it had one.
std::string cleaned(std::string_view path) {
  std::vector<std::string_view> kept;
  std::string_view rest = path;
  while (!rest.empty()) {
    std::string_view segment = rest.substr(0, rest.find('/'));
    rest.remove_prefix(segment.size() + (segment.size() < rest.size() ? 1 : 0));
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (!segment.empty() && segment != ".") {
      kept.push_back(segment);
    }
  }
  std::string clean;
  for (std::string_view segment : kept) clean.append("/").append(segment);
  if (clean.empty() || path.ends_with('/')) clean.push_back('/');
  return clean;
}

std::string encoded(std::string_view path) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string text;
  for (char c : path) {
    if (isPlain(c)) {
      text.push_back(c);
      continue;
    }
    auto byte = static_cast<unsigned char>(c);
    text.push_back('%');
    text.push_back(digits[byte >> 4]);
    text.push_back(digits[byte & 15]);
  }
  return text;
}

[[noreturn]] void refuse() {
  throw base::HttpError(400, "malformed HTTP message: the request's target is not a path");
}

// Of "http://host/path" the path, which may be empty.
std::string_view withoutAuthority(std::string_view target) {
  size_t colon = target.find(':');
  std::string_view scheme = target.substr(0, colon);
  bool named = colon != std::string_view::npos && !scheme.empty() &&
               scheme.find_first_not_of(
                   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                   "0123456789+-.") == std::string_view::npos &&
               scheme.find_first_of("0123456789+-.") != 0;
  if (!named) refuse();
  std::string_view rest = target.substr(colon + 1);
  if (!rest.starts_with('/')) refuse();  // "http:path" names no path
  if (!rest.starts_with("//")) return rest;
  rest.remove_prefix(2);
  std::string_view authority = rest.substr(0, rest.find('/'));
  bool bracketed = authority.find('[') != std::string_view::npos;
  if (bracketed != (authority.find(']') != std::string_view::npos)) refuse();
  return rest.substr(authority.size());
}

}  // namespace

CanonicalTarget canonicalTarget(std::string_view method, std::string_view target) {
  std::string_view path = target.substr(0, target.find('?'));
  if (isCanonical(path)) return {};
  if (target == "*" && method == "OPTIONS") return {};  // about the server, not about a path
  std::string_view query = target.substr(path.size());
  if (path != "*" && !path.starts_with('/')) path = withoutAuthority(path);
  std::optional<std::string> decoded = base::decodePath(path);
  if (!decoded) refuse();
  std::string clean = cleaned(*decoded);
  CanonicalTarget made;
  made.kind = clean == *decoded ? CanonicalTarget::Kind::rewritten : CanonicalTarget::Kind::moved;
  made.text = encoded(clean).append(query);
  return made;
}

}  // namespace docker
