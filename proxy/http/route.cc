#include "proxy/http/route.h"

namespace proxy {
namespace {

// Takes the first segment, without its slash, off a path.
std::string_view takeSegment(std::string_view& path) {
  path.remove_prefix(1);
  size_t end = path.find('/');
  std::string_view segment = path.substr(0, end);
  path.remove_prefix(segment.size());
  return segment;
}

// "/v1.41" at the front of a path, and nothing else, is a version.
std::string_view takeVersion(std::string_view& path) {
  if (!path.starts_with("/v")) return {};
  std::string_view after = path;
  std::string_view version = takeSegment(after).substr(1);
  if (version.empty() || version.find_first_not_of("0123456789.") != std::string_view::npos)
    return {};
  path = after;
  return version;
}

// `twofold`: the name that is looked for has two segments, as those of links have.
bool fits(std::string_view pattern, std::string_view path, bool twofold, std::string_view& object) {
  while (!pattern.empty() && !path.empty()) {
    std::string_view wanted = takeSegment(pattern);
    std::string_view whole = path;
    std::string_view segment = takeSegment(path);
    if (wanted.front() != '{') {
      if (wanted != segment) return false;
      continue;
    }
    if (segment.empty()) return false;
    if (wanted.ends_with("...}")) {
      // Names of images hold slashes: everything up to what the pattern still asks for.
      if (!whole.ends_with(pattern) || whole.size() <= pattern.size() + 1) return false;
      object = whole.substr(1, whole.size() - pattern.size() - 1);
      return true;
    }
    if (!object.empty()) continue;
    object = segment;
    if (!twofold) continue;
    if (path.empty()) return false;
    std::string_view second = takeSegment(path);
    if (second.empty()) return false;
    object = whole.substr(1, segment.size() + 1 + second.size());
  }
  return pattern.empty() && path.empty();
}

// What rules out nearly all routes, without taking the path apart.
bool mayFit(const Route& route, std::string_view method, std::string_view path) {
  bool isWhole = route.literal == route.pattern.size();
  if (isWhole ? path.size() != route.literal : path.size() <= route.literal) return false;
  return route.method == method && path.starts_with(route.pattern.substr(0, route.literal));
}

bool mayBeTwofold(const Route& route) {
  return route.pattern.starts_with("/containers/{") || route.pattern.starts_with("/networks/{") ||
         route.pattern.starts_with("/volumes/{");
}

}  // namespace

RouteMatch match(std::span<const Route> table, std::string_view method, std::string_view target) {
  RouteMatch found;
  size_t question = target.find('?');
  std::string_view path = target.substr(0, question);
  if (question != std::string_view::npos) found.query = target.substr(question + 1);
  found.version = takeVersion(path);
  found.index = table.size() - 1;
  found.row = &table.back();
  if (path.size() < 2 || path[0] != '/') return found;
  for (bool twofold : {false, true}) {
    for (size_t i = 0; i + 1 < table.size(); i++) {
      const Route& route = table[i];
      std::string_view object;
      if (mayFit(route, method, path) && (!twofold || mayBeTwofold(route)) &&
          fits(route.pattern, path, twofold, object)) {
        found.index = i;
        found.row = &route;
        found.object = object;
        return found;
      }
    }
  }
  return found;
}

}  // namespace proxy
