#include "proxy/api/local_api.h"

#include <optional>

#include "docker/version.h"
#include "proxy/http/relay.h"
#include "proxy/http/respond.h"

namespace proxy {

// Answering in the engine's place is right only while it is there, for a request it would accept.
bool LocalApi::canAnswer(const RouteMatch& match) {
  state_.catchUp();
  const docker::EngineFacts* facts = state_.facts();
  if (!facts) return false;
  return match.version.empty() || (!docker::isOlderVersion(match.version, facts->minApiVersion) &&
                                   !docker::isOlderVersion(facts->apiVersion, match.version));
}

base::Task<> LocalApi::ping(Exchange& exchange, RouteMatch match) {
  if (!canAnswer(match)) return passThrough(exchange, match);
  const docker::EngineFacts& facts = *state_.facts();
  const base::HttpReply& reply =
      exchange.request().method() == "HEAD" ? facts.pingHead : facts.ping;
  return sendAnswer(exchange, reply.status, reply.head, reply.body);
}

base::Task<> LocalApi::version(Exchange& exchange, RouteMatch match) {
  if (!canAnswer(match)) return passThrough(exchange, match);
  const base::HttpReply& reply = state_.facts()->version;
  return sendAnswer(exchange, reply.status, reply.head, reply.body);
}

// GET /containers/json, from the cache where that knows how to answer exactly as the engine would.
base::Task<> LocalApi::containerList(Exchange& exchange, RouteMatch match) {
  if (!canAnswer(match)) {
    co_await passThrough(exchange, match);
    co_return;
  }
  std::optional<docker::RenderedList> list =
      co_await lists_.answer(match.version, match.query, exchange.fromNode);
  const docker::EngineFacts* facts = state_.facts();
  if (!list || !facts) {
    metrics_.listCacheMiss();
    co_await passThrough(exchange, match);
    co_return;
  }
  metrics_.listCacheHit();
  std::string headers = facts->headers;
  if (exchange.fromNode) {
    bool known = exchange.request().find("If-None-Match").value_or("") == list->tag;
    headers += "ETag: " + list->tag + "\r\n";
    if (known) {
      co_await sendJson(exchange, 304, headers, "");
      co_return;
    }
  }
  co_await sendJson(exchange, 200, headers, *list->body);
}

base::Task<> LocalApi::passThrough(Exchange& exchange, RouteMatch match) {
  docker::Effect effect = match.route().effect;
  RelayOptions options;
  options.hijack = match.route().flow == Flow::hijack;
  docker::ContainerListCache::Change change(lists_, effect, match.object);
  if (effect != docker::Effect::none) {
    options.onAnswer = [&change](int status, std::string_view body) {
      change.answered(status, body);
    };
  }
  co_await relay(exchange, engine_, std::move(options));
}

}  // namespace proxy
