#include "proxy/routes.h"

namespace proxy {
namespace {

using enum Answer;
using E = Effect;

constexpr Route table[] = {
    // The engine as a whole
    {"GET", "/_ping", ping},
    {"HEAD", "/_ping", ping},
    {"GET", "/version", version},
    {"GET", "/info"},
    {"GET", "/events", stream},
    {"GET", "/system/df"},
    {"POST", "/auth"},
    {"POST", "/session", hijack},
    {"POST", "/grpc", hijack},

    // Containers
    {"GET", "/containers/json", containerList},
    {"POST", "/containers/create", relay, E::create},
    {"POST", "/containers/prune", relay, E::containers},
    {"GET", "/containers/{id}/json"},
    {"GET", "/containers/{id}/top"},
    {"GET", "/containers/{id}/logs", stream},
    {"GET", "/containers/{id}/changes"},
    {"GET", "/containers/{id}/export"},
    {"GET", "/containers/{id}/stats", stream},
    {"POST", "/containers/{id}/resize"},
    {"POST", "/containers/{id}/start", relay, E::container},
    {"POST", "/containers/{id}/stop", relay, E::container},
    {"POST", "/containers/{id}/restart", relay, E::container},
    {"POST", "/containers/{id}/kill", relay, E::container},
    {"POST", "/containers/{id}/update", relay, E::container},
    {"POST", "/containers/{id}/rename", relay, E::containers},
    {"POST", "/containers/{id}/pause", relay, E::container},
    {"POST", "/containers/{id}/unpause", relay, E::container},
    {"POST", "/containers/{id}/attach", hijack},
    {"GET", "/containers/{id}/attach/ws", hijack},
    {"POST", "/containers/{id}/wait", stream},
    {"DELETE", "/containers/{id}", relay, E::container},
    {"HEAD", "/containers/{id}/archive"},
    {"GET", "/containers/{id}/archive"},
    {"PUT", "/containers/{id}/archive"},
    {"POST", "/containers/{id}/copy"},
    {"GET", "/containers/{id}/checkpoints"},
    {"POST", "/containers/{id}/checkpoints", relay, E::container},
    {"DELETE", "/containers/{id}/checkpoints/{checkpoint}"},

    // Exec
    {"POST", "/containers/{id}/exec"},
    {"POST", "/exec/{id}/start", hijack},
    {"POST", "/exec/{id}/resize"},
    {"GET", "/exec/{id}/json"},

    // Images. A list of containers shows an image's name, so what moves names changes lists.
    {"GET", "/images/json"},
    {"GET", "/images/search"},
    {"GET", "/images/get"},
    {"GET", "/images/{name...}/get"},
    {"GET", "/images/{name...}/history"},
    {"GET", "/images/{name...}/json"},
    {"GET", "/images/{name...}/attestations"},
    {"POST", "/images/create", relay, E::containers},
    {"POST", "/images/load", relay, E::containers},
    {"POST", "/images/prune", relay, E::containers},
    {"POST", "/images/{name...}/push"},
    {"POST", "/images/{name...}/tag", relay, E::containers},
    {"DELETE", "/images/{name...}", relay, E::containers},
    {"POST", "/commit", relay, E::containers},
    {"POST", "/build", relay, E::containers},
    {"POST", "/build/prune"},
    {"POST", "/build/cancel"},
    {"GET", "/distribution/{name...}/json"},

    // Networks
    {"GET", "/networks"},
    {"POST", "/networks/create"},
    {"POST", "/networks/prune"},
    {"GET", "/networks/{id}"},
    {"DELETE", "/networks/{id}"},
    {"POST", "/networks/{id}/connect", relay, E::containers},
    {"POST", "/networks/{id}/disconnect", relay, E::containers},

    // Volumes
    {"GET", "/volumes"},
    {"POST", "/volumes/create"},
    {"POST", "/volumes/prune"},
    {"GET", "/volumes/{name}"},
    {"PUT", "/volumes/{name}"},
    {"DELETE", "/volumes/{name}"},

    // Plugins
    {"GET", "/plugins"},
    {"GET", "/plugins/privileges"},
    {"POST", "/plugins/pull"},
    {"POST", "/plugins/create"},
    {"GET", "/plugins/{name...}/json"},
    {"POST", "/plugins/{name...}/enable"},
    {"POST", "/plugins/{name...}/disable"},
    {"POST", "/plugins/{name...}/upgrade"},
    {"POST", "/plugins/{name...}/push"},
    {"POST", "/plugins/{name...}/set"},
    {"DELETE", "/plugins/{name...}"},

    // Swarm mode: the engine's own answer, which is that it is not in a swarm
    {"GET", "/swarm"},
    {"POST", "/swarm/init"},
    {"POST", "/swarm/join"},
    {"POST", "/swarm/leave"},
    {"POST", "/swarm/update"},
    {"GET", "/swarm/unlockkey"},
    {"POST", "/swarm/unlock"},
    {"GET", "/nodes"},
    {"GET", "/nodes/{id}"},
    {"DELETE", "/nodes/{id}"},
    {"POST", "/nodes/{id}/update"},
    {"GET", "/services"},
    {"POST", "/services/create"},
    {"GET", "/services/{id}"},
    {"DELETE", "/services/{id}"},
    {"POST", "/services/{id}/update"},
    {"GET", "/services/{id}/logs", stream},
    {"GET", "/tasks"},
    {"GET", "/tasks/{id}"},
    {"GET", "/tasks/{id}/logs", stream},
    {"GET", "/secrets"},
    {"POST", "/secrets/create"},
    {"GET", "/secrets/{id}"},
    {"DELETE", "/secrets/{id}"},
    {"POST", "/secrets/{id}/update"},
    {"GET", "/configs"},
    {"POST", "/configs/create"},
    {"GET", "/configs/{id}"},
    {"DELETE", "/configs/{id}"},
    {"POST", "/configs/{id}/update"},

    // Anything else is the engine's to understand
    {"", "other"},
};

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

bool fits(std::string_view pattern, std::string_view path, std::string_view& object) {
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
    if (object.empty()) object = segment;
  }
  return pattern.empty() && path.empty();
}

}  // namespace

std::span<const Route> routes() {
  return table;
}

RouteMatch match(std::string_view method, std::string_view target) {
  RouteMatch found;
  size_t question = target.find('?');
  std::string_view path = target.substr(0, question);
  if (question != std::string_view::npos) found.query = target.substr(question + 1);
  found.version = takeVersion(path);
  found.index = std::size(table) - 1;
  if (path.size() < 2 || path[0] != '/') return found;
  for (size_t i = 0; i + 1 < std::size(table); i++) {
    const Route& route = table[i];
    std::string_view object;
    if (route.method == method && route.pattern[1] == path[1] &&
        fits(route.pattern, path, object)) {
      found.index = i;
      found.object = object;
      return found;
    }
  }
  return found;
}

}  // namespace proxy
