#include "proxy/api.h"

#include <optional>

#include "base/http_heads.h"
#include "proxy/heads.h"

namespace proxy {

base::Task<> Api::handle(Client& client, RouteMatch match) {
  switch (match.route().answer) {
    case Answer::ping:
      if (canAnswer(match)) return ping(client);
      break;
    case Answer::version:
      if (canAnswer(match)) return version(client);
      break;
    case Answer::containerList:
      if (canAnswer(match)) return containerList(client, match);
      break;
    case Answer::relay:
    case Answer::stream:
    case Answer::hijack:
      break;
  }
  return passThrough(client, match);
}

// Answering in the engine's place is right only while it is there, for a request it would accept.
bool Api::canAnswer(const RouteMatch& match) {
  state_.catchUp();
  const EngineFacts* facts = state_.facts();
  if (!facts) return false;
  return match.version.empty() || (!versionLess(match.version, facts->minApiVersion) &&
                                   !versionLess(facts->apiVersion, match.version));
}

base::Task<> Api::ping(Client& client) {
  const EngineFacts& facts = *state_.facts();
  const base::HttpReply& reply = client.request().method() == "HEAD" ? facts.pingHead : facts.ping;
  return send(client, reply.status, reply.head, reply.body);
}

base::Task<> Api::version(Client& client) {
  const base::HttpReply& reply = state_.facts()->version;
  return send(client, reply.status, reply.head, reply.body);
}

// GET /containers/json, from the cache where that knows how to answer exactly as the engine would.
base::Task<> Api::containerList(Client& client, RouteMatch match) {
  std::optional<std::string> body = co_await lists_.answer(match.version, match.query);
  const EngineFacts* facts = state_.facts();
  if (!body || !facts) {
    metrics_.listCacheMiss();
    co_await passThrough(client, match);
    co_return;
  }
  metrics_.listCacheHit();
  std::string head = "HTTP/1.1 200 OK\r\n" + facts->headers + "Content-Type: application/json\r\n";
  co_await send(client, 200, head, *body);
}

base::Task<> Api::passThrough(Client& client, RouteMatch match) {
  Effect effect = match.route().effect;
  RelayOptions options;
  options.hijack = match.route().answer == Answer::hijack;
  ContainerLists::Change change(lists_, effect, match.object);
  if (effect != Effect::none) {
    options.onAnswer = [&change](int status, std::string_view body) {
      change.answered(status, body);
    };
  }
  co_await relay(client, engine_, std::move(options));
}

base::Task<> Api::send(Client& client, int status, std::string_view head, std::string_view body) {
  const base::Head& request = client.request();
  client.keepAlive = client.keepAlive && request.keepAlive() && client.reader.bodyDone();
  client.status = status;
  std::string out;
  out.reserve(head.size() + body.size() + 128);
  out.append(head);
  base::appendDate(out);
  out.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  if (!client.keepAlive) {
    out.append("Connection: close\r\n");
  } else if (request.minorVersion() == 0) {
    out.append("Connection: keep-alive\r\n");
  }
  out.append("\r\n");
  if (request.method() != "HEAD") out.append(body);
  size_t put = client.stream->tryWrite(out);
  if (put < out.size()) co_await client.stream->write(std::string_view(out).substr(put));
}

base::Task<> Api::fail(Client& client, int status, std::string message, bool close) {
  if (close) client.keepAlive = false;
  std::string head = "HTTP/1.1 " + std::to_string(status) + " ";
  head.append(base::reasonPhrase(status)).append("\r\n");
  head.append(state_.lastFacts().headers).append("Content-Type: application/json\r\n");
  std::string body = errorBody(message);
  co_await send(client, status, head, body);
}

}  // namespace proxy
