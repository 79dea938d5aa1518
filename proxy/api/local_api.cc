#include "proxy/api/local_api.h"

#include <optional>

#include "docker/version.h"
#include "proxy/http/answer.h"
#include "proxy/http/relay.h"

namespace proxy {

// Answering in the engine's place is right only while it is there, for a request it would accept.
bool LocalApi::canAnswer(const RouteMatch& match) {
  state_.catchUp();
  const docker::EngineFacts* facts = state_.facts();
  if (!facts) return false;
  return match.version.empty() || (!docker::isOlderVersion(match.version, facts->minApiVersion) &&
                                   !docker::isOlderVersion(facts->apiVersion, match.version));
}

base::Task<> LocalApi::ping(Client& client, RouteMatch match) {
  if (!canAnswer(match)) return passThrough(client, match);
  const docker::EngineFacts& facts = *state_.facts();
  const base::HttpReply& reply = client.request().method() == "HEAD" ? facts.pingHead : facts.ping;
  return sendAnswer(client, reply.status, reply.head, reply.body);
}

base::Task<> LocalApi::version(Client& client, RouteMatch match) {
  if (!canAnswer(match)) return passThrough(client, match);
  const base::HttpReply& reply = state_.facts()->version;
  return sendAnswer(client, reply.status, reply.head, reply.body);
}

// GET /containers/json, from the cache where that knows how to answer exactly as the engine would.
base::Task<> LocalApi::containerList(Client& client, RouteMatch match) {
  if (!canAnswer(match)) {
    co_await passThrough(client, match);
    co_return;
  }
  std::optional<docker::RenderedList> list =
      co_await lists_.answer(match.version, match.query, client.fromNode);
  const docker::EngineFacts* facts = state_.facts();
  if (!list || !facts) {
    metrics_.listCacheMiss();
    co_await passThrough(client, match);
    co_return;
  }
  metrics_.listCacheHit();
  std::string headers = facts->headers;
  if (client.fromNode) {
    bool known = client.request().find("If-None-Match").value_or("") == list->tag;
    headers += "ETag: " + list->tag + "\r\n";
    if (known) {
      co_await sendJson(client, 304, headers, "");
      co_return;
    }
  }
  co_await sendJson(client, 200, headers, *list->body);
}

base::Task<> LocalApi::passThrough(Client& client, RouteMatch match) {
  docker::Effect effect = match.route().effect;
  RelayOptions options;
  options.hijack = match.route().flow == Flow::hijack;
  docker::ContainerListCache::Change change(lists_, effect, match.object);
  if (effect != docker::Effect::none) {
    options.onAnswer = [&change](int status, std::string_view body) {
      change.answered(status, body);
    };
  }
  co_await relay(client, engine_, std::move(options));
}

}  // namespace proxy
