#include "proxy/http/gate.h"

#include <algorithm>

#include "cluster/causality.h"
#include "docker/engine_state.h"
#include "docker/target.h"
#include "docker/version.h"

namespace proxy {
namespace {

// Engines speak HTTP/2 without TLS from Docker 29 on, which has this version of the API.
constexpr std::string_view http2Since = "1.52";

bool isBoundary(char c) {
  return c == ' ' || c == ',' || c == '\t';
}

// Of an Expect header: whether net/http finds "100-continue" in it, the one thing it knows.
bool expectsContinue(std::string_view value) {
  while (!value.empty()) {
    size_t end = 0;
    while (end < value.size() && !isBoundary(value[end])) end++;
    if (base::equalsIgnoreCase(value.substr(0, end), "100-continue")) return true;
    value.remove_prefix(std::min(value.size(), end + 1));
  }
  return false;
}

Passage refused(RouteMatch route, int status, std::string message) {
  return {route, status, std::move(message), true};
}

}  // namespace

Passage admit(Sender sender, RouteMatch match) {
  const Route& route = match.route();
  switch (sender) {
    case Sender::local:
      return {match};
    case Sender::client:
      if (route.access == Access::host)
        return {match, 403,
                "client certificates are issued over a unix socket only: run \"droverd "
                "client-cert\" on a node of the cluster"};
      return {match};
    case Sender::removed:
      return refused(match, 403, "this node was removed from the cluster");
    case Sender::stranger:
      // Who wants to join has no certificate yet, and may ask for nothing but that.
      if (route.access == Access::strangers) return {match};
      return refused(match, 403, "only nodes of the cluster are served here");
    case Sender::node:
      // Of the Docker API a node sends what is done on one engine. It never asks on behalf of a
      // client for what the whole cluster answers, and nothing that we do not know.
      if (route.access == Access::clients || route.access == Access::host)
        return refused(match, 403, "nodes of the cluster do not ask each other for this");
      return {match};
  }
  return refused(match, 403, "");
}

Passage pass(std::span<const Route> table, Sender sender, base::Head& request) {
  docker::CanonicalTarget target = docker::canonicalTarget(request.method(), request.target());
  RouteMatch other;
  other.index = table.size() - 1;
  other.row = &table.back();
  std::string_view expected = request.find("Expect").value_or("");
  if (!expected.empty() && !expectsContinue(expected)) return refused(other, 417, "");
  if (target.kind == docker::CanonicalTarget::Kind::moved) {
    // Only who may send anything at all is told where it is.
    Passage passage = admit(sender, other);
    if (passage.status) return passage;
    return {other, 301, std::move(target.text)};
  }
  if (target.kind == docker::CanonicalTarget::Kind::rewritten) request.retarget(target.text);
  // Else it would be taken for ours where the call is passed on to.
  if (sender != Sender::node && request.method() == "POST") request.drop(cluster::seenHeader);
  Passage passage = admit(sender, match(table, request.method(), request.target()));
  if (sender == Sender::node && passage.status == 0 &&
      base::hasToken(request.find("Upgrade").value_or(""), "h2c"))
    return refused(passage.route, 403, "nodes of the cluster do not speak HTTP/2");
  return passage;
}

bool mayTunnelHttp2(Sender sender, std::string_view engineVersion) {
  if (sender != Sender::local && sender != Sender::client) return false;
  return !engineVersion.empty() && !docker::isOlderVersion(engineVersion, http2Since);
}

}  // namespace proxy
