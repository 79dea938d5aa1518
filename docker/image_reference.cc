#include "docker/image_reference.h"

#include <algorithm>
#include <utility>

namespace docker {
namespace {

constexpr std::string_view hub = "docker.io";
constexpr std::string_view formerHub = "index.docker.io";
constexpr std::string_view officialFolder = "library/";
constexpr size_t maxPath = 255;
constexpr size_t maxTag = 128;
constexpr size_t maxDomain = 512;  // a host name has at most 253 characters

bool isDigit(char c) {
  return c >= '0' && c <= '9';
}

bool isLower(char c) {
  return c >= 'a' && c <= 'z';
}

bool isUpper(char c) {
  return c >= 'A' && c <= 'Z';
}

bool isAlphanumeric(char c) {
  return isDigit(c) || isLower(c) || isUpper(c);
}

bool isHex(char c) {
  return isDigit(c) || (c >= 'a' && c <= 'f');
}

template <typename Is>
bool isAll(std::string_view text, Is is) {
  return std::all_of(text.begin(), text.end(), is);
}

// Each part of the text between separators; stops at the first that is not right.
template <typename IsRight>
bool eachPart(std::string_view text, char separator, IsRight isRight) {
  for (;;) {
    size_t end = text.find(separator);
    if (!isRight(text.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    text.remove_prefix(end + 1);
  }
}

// Words of small letters and digits, between them a dot, one or two underscores, or dashes.
bool isPathPart(std::string_view text) {
  auto isWord = [](char c) { return isLower(c) || isDigit(c); };
  if (text.empty() || !isWord(text.front()) || !isWord(text.back())) return false;
  for (size_t at = 0; at < text.size();) {
    size_t end = at;
    while (!isWord(text[end])) end++;
    std::string_view between = text.substr(at, end - at);
    bool isDashes = isAll(between, [](char c) { return c == '-'; });
    if (!isDashes && between != "." && between != "_" && between != "__") return false;
    at = end + 1;
  }
  return true;
}

bool isPath(std::string_view text) {
  return text.size() <= maxPath && eachPart(text, '/', isPathPart);
}

bool isHostPart(std::string_view text) {
  return !text.empty() && text.front() != '-' && text.back() != '-' &&
         isAll(text, [](char c) { return isAlphanumeric(c) || c == '-'; });
}

bool isAddress6(std::string_view text) {
  return text.size() > 2 && text.front() == '[' && text.back() == ']' &&
         isAll(text.substr(1, text.size() - 2),
               [](char c) { return isHex(c) || (c >= 'A' && c <= 'F') || c == ':'; });
}

bool isDomain(std::string_view text) {
  if (text.size() > maxDomain) return false;
  size_t colon = text.find(':', text.starts_with('[') ? text.find(']') : 0);
  std::string_view host = text.substr(0, colon);
  if (colon != std::string_view::npos) {
    std::string_view port = text.substr(colon + 1);
    if (port.empty() || !isAll(port, isDigit)) return false;
  }
  return isAddress6(host) || eachPart(host, '.', isHostPart);
}

bool isTag(std::string_view text) {
  auto isWord = [](char c) { return isAlphanumeric(c) || c == '_'; };
  return !text.empty() && text.size() <= maxTag && isWord(text.front()) &&
         isAll(text, [&](char c) { return isWord(c) || c == '.' || c == '-'; });
}

bool isDigest(std::string_view text) {
  size_t colon = text.find(':');
  if (colon == std::string_view::npos) return false;
  std::string_view algorithm = text.substr(0, colon), value = text.substr(colon + 1);
  size_t digits = algorithm == "sha256"   ? 64
                  : algorithm == "sha384" ? 96
                  : algorithm == "sha512" ? 128
                                          : 0;
  return digits > 0 && value.size() == digits && isAll(value, isHex);
}

// Whether the text before the first slash is a domain, and not the beginning of a path.
bool looksLikeDomain(std::string_view text) {
  return text == "localhost" || std::any_of(text.begin(), text.end(), [](char c) {
           return c == '.' || c == ':' || isUpper(c);
         });
}

}  // namespace

std::string ImageReference::repository() const {
  if (domain.empty()) return path;
  if (domain != hub) return domain + "/" + path;
  bool isOfficial = path.starts_with(officialFolder) &&
                    path.find('/', officialFolder.size()) == std::string::npos;
  return isOfficial ? path.substr(officialFolder.size()) : path;
}

std::string ImageReference::canonical() const {
  std::string text = domain.empty() ? path : domain + "/" + path;
  if (!tag.empty()) text += ":" + tag;
  if (!digest.empty()) text += "@" + digest;
  return text;
}

std::string ImageReference::familiar() const {
  std::string text = repository();
  if (!tag.empty()) text += ":" + tag;
  if (!digest.empty()) text += "@" + digest;
  return text;
}

std::string ImageReference::listed() const {
  if (!digest.empty()) return repository() + "@" + digest;
  return repository() + ":" + (tag.empty() ? "latest" : tag);
}

std::optional<ImageReference> parseImageReference(std::string_view text) {
  ImageReference reference;
  if (text.size() == 64 && isAll(text, isHex)) return std::nullopt;
  std::string_view rest = text;
  size_t slash = text.find('/');
  if (slash != std::string_view::npos && looksLikeDomain(text.substr(0, slash))) {
    reference.domain = text.substr(0, slash);
    rest = text.substr(slash + 1);
  } else {
    reference.domain = hub;
  }
  if (reference.domain == formerHub) reference.domain = hub;

  size_t at = rest.find('@');
  if (at != std::string_view::npos) {
    reference.digest = rest.substr(at + 1);
    if (!isDigest(reference.digest)) return std::nullopt;
    rest = rest.substr(0, at);
  }
  size_t colon = rest.find(':');
  if (colon != std::string_view::npos) {
    reference.tag = rest.substr(colon + 1);
    if (!isTag(reference.tag)) return std::nullopt;
    rest = rest.substr(0, colon);
  }
  bool isOfficial = reference.domain == hub && rest.find('/') == std::string_view::npos;
  if (isOfficial) reference.path = officialFolder;
  reference.path += rest;
  if (!isPath(reference.path)) return std::nullopt;
  if (isDomain(reference.domain)) return reference;
  // "a_b.c/d" has no domain in front, but is a path as a whole.
  reference.path = std::exchange(reference.domain, "") + "/" + reference.path;
  return isPath(reference.path) ? std::optional(std::move(reference)) : std::nullopt;
}

std::optional<ImageReference> parseImageReference(std::string_view name, std::string_view tag) {
  std::optional<ImageReference> reference = parseImageReference(name);
  if (!reference || tag.empty()) return reference;
  if (isDigest(tag)) {
    reference->tag.clear();
    reference->digest = tag;
  } else if (isTag(tag)) {
    reference->tag = tag;
  } else {
    reference.reset();
  }
  return reference;
}

std::string listedImageName(std::string_view text) {
  std::optional<ImageReference> reference = parseImageReference(text);
  return reference ? reference->listed() : std::string(text);
}

std::string imageRepository(std::string_view text) {
  std::optional<ImageReference> reference = parseImageReference(text);
  return reference ? reference->repository() : std::string(text);
}

}  // namespace docker
