#include "proxy/http/routes.h"

namespace proxy {
namespace {

using enum Answer;
using enum Flow;
using E = docker::Effect;

constexpr Route table[] = {
    // The engine as a whole
    {"GET", "/_ping", ping},
    {"HEAD", "/_ping", ping},
    {"GET", "/version", version},
    {"GET", "/info", info},
    {"GET", "/events", events, stream},
    {"GET", "/system/df", diskUsage},
    {"POST", "/auth"},
    {"POST", "/session", h2c, hijack},
    {"POST", "/grpc", h2c, hijack},

    // Containers
    {"GET", "/containers/json", containerList},
    {"POST", "/containers/create", create, exchange, E::create},
    {"POST", "/containers/prune", prune, exchange, E::containers},
    {"GET", "/containers/{id}/json", container},
    {"GET", "/containers/{id}/top", container},
    {"GET", "/containers/{id}/logs", container, stream},
    {"GET", "/containers/{id}/changes", container},
    {"GET", "/containers/{id}/export", container},
    {"GET", "/containers/{id}/stats", container, stream},
    {"POST", "/containers/{id}/resize", container},
    {"POST", "/containers/{id}/start", container, exchange, E::container},
    {"POST", "/containers/{id}/stop", container, exchange, E::container},
    {"POST", "/containers/{id}/restart", container, exchange, E::container},
    {"POST", "/containers/{id}/kill", container, exchange, E::container},
    {"POST", "/containers/{id}/update", container, exchange, E::container},
    {"POST", "/containers/{id}/rename", container, exchange, E::containers},
    {"POST", "/containers/{id}/pause", container, exchange, E::container},
    {"POST", "/containers/{id}/unpause", container, exchange, E::container},
    {"POST", "/containers/{id}/attach", container, hijack},
    {"GET", "/containers/{id}/attach/ws", container, hijack},
    {"POST", "/containers/{id}/wait", container, stream},
    {"DELETE", "/containers/{id}", container, exchange, E::container},
    {"HEAD", "/containers/{id}/archive", container},
    {"GET", "/containers/{id}/archive", container},
    {"PUT", "/containers/{id}/archive", container},
    {"POST", "/containers/{id}/copy", container},
    {"GET", "/containers/{id}/checkpoints", container},
    {"POST", "/containers/{id}/checkpoints", container, exchange, E::container},
    {"DELETE", "/containers/{id}/checkpoints/{checkpoint}", container},

    // Exec
    {"POST", "/containers/{id}/exec", container},
    {"POST", "/exec/{id}/start", exec, hijack},
    {"POST", "/exec/{id}/resize", exec},
    {"GET", "/exec/{id}/json", exec},

    // Images. A list of containers shows an image's name, so what moves names changes lists.
    {"GET", "/images/json", imageList},
    {"GET", "/images/search"},
    {"GET", "/images/get", save},
    {"GET", "/images/{name...}/get", save},
    {"GET", "/images/{name...}/history", image},
    {"GET", "/images/{name...}/json", image},
    {"GET", "/images/{name...}/attestations", image},
    {"POST", "/images/create", pull, exchange, E::containers},
    {"POST", "/images/load", engine, exchange, E::containers},
    {"POST", "/images/prune", prune, exchange, E::containers},
    {"POST", "/images/{name...}/push", image},
    {"POST", "/images/{name...}/tag", imageChange, exchange, E::containers},
    {"DELETE", "/images/{name...}", imageChange, exchange, E::containers},
    {"POST", "/commit", commit, exchange, E::containers},
    {"POST", "/build", build, exchange, E::containers},
    {"POST", "/build/prune", prune},
    {"POST", "/build/cancel"},
    {"GET", "/distribution/{name...}/json"},

    // Networks
    {"GET", "/networks", networkList},
    {"POST", "/networks/create", networkCreate},
    {"POST", "/networks/prune", prune},
    {"GET", "/networks/{id}", network},
    {"DELETE", "/networks/{id}", network},
    {"POST", "/networks/{id}/connect", network, exchange, E::containers},
    {"POST", "/networks/{id}/disconnect", network, exchange, E::containers},

    // Volumes
    {"GET", "/volumes", volumeList},
    {"POST", "/volumes/create", volumeCreate},
    {"POST", "/volumes/prune", prune},
    {"GET", "/volumes/{name}", volume},
    {"PUT", "/volumes/{name}", volume},
    {"DELETE", "/volumes/{name}", volume},

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

    // The cluster; Docker's swarm mode as droverd understands it
    {"POST", "/drover/placement", placement},
    {"POST", "/drover/rebalance", rebalance},
    {"GET", "/swarm", swarm},
    {"POST", "/swarm/init", swarm},
    {"POST", "/swarm/join", swarm},
    {"POST", "/swarm/leave", swarm},
    {"POST", "/swarm/update", swarm},
    {"GET", "/swarm/unlockkey", swarm},
    {"POST", "/swarm/unlock", swarm},
    {"GET", "/nodes", swarm},
    {"GET", "/nodes/{id}", swarm},
    {"DELETE", "/nodes/{id}", swarm},
    {"POST", "/nodes/{id}/update", swarm},
    {"GET", "/services", swarm},
    {"POST", "/services/create", swarm},
    {"GET", "/services/{id}", swarm},
    {"DELETE", "/services/{id}", swarm},
    {"POST", "/services/{id}/update", swarm},
    {"GET", "/services/{id}/logs", swarm, stream},
    {"GET", "/tasks", swarm},
    {"GET", "/tasks/{id}", swarm},
    {"GET", "/tasks/{id}/logs", swarm, stream},
    {"GET", "/secrets", swarm},
    {"POST", "/secrets/create", swarm},
    {"GET", "/secrets/{id}", swarm},
    {"DELETE", "/secrets/{id}", swarm},
    {"POST", "/secrets/{id}/update", swarm},
    {"GET", "/configs", swarm},
    {"POST", "/configs/create", swarm},
    {"GET", "/configs/{id}", swarm},
    {"DELETE", "/configs/{id}", swarm},
    {"POST", "/configs/{id}/update", swarm},

    // For `droverd client-cert`
    {"POST", "/drover/v1/client-certificate", clientCertificate},

    // Between nodes
    {"GET", "/drover/v1/cluster", admission},
    {"POST", "/drover/v1/join", admission},
    {"POST", "/drover/v1/messages", node},
    {"POST", "/drover/v1/node", node},
    {"POST", "/drover/v1/images/fetch", node},
    {"POST", "/drover/v1/rebalance", node},
    {"POST", "/drover/v1/take-name", node},
    {"POST", "/drover/v1/volumes/move", node},
    {"POST", "/drover/v1/volumes/take", node},

    // Anything else is the engine's to understand
    {"", "other", other},
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

bool mayBeTwofold(const Route& route) {
  return route.answer == container || route.answer == network || route.answer == volume;
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
  for (bool twofold : {false, true}) {
    for (size_t i = 0; i + 1 < std::size(table); i++) {
      const Route& route = table[i];
      std::string_view object;
      if (route.method == method && route.pattern[1] == path[1] &&
          (!twofold || mayBeTwofold(route)) && fits(route.pattern, path, twofold, object)) {
        found.index = i;
        found.object = object;
        return found;
      }
    }
  }
  return found;
}

}  // namespace proxy
