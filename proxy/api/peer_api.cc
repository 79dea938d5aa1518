#include "proxy/api/peer_api.h"

#include <optional>
#include <utility>

#include "base/json.h"
#include "proxy/http/respond.h"

namespace proxy {
namespace {

// Bytes of what a peer may send at once; one that is not let in yet has less to say.
constexpr size_t maxBody = 8 * 1024 * 1024;
constexpr size_t maxStrangersBody = 16 * 1024;

base::Task<std::string> bodyOf(Exchange& exchange) {
  return readBody(exchange, exchange.nodeId.empty() ? maxStrangersBody : maxBody);
}

// Nothing is said if there is nothing to say.
base::Task<> send(Exchange& exchange, const std::string& text) {
  return sendJson(exchange, text.empty() ? 204 : 200, "", text);
}

}  // namespace

base::Task<> PeerApi::answerNode(Exchange& exchange, Action action) {
  std::string body = co_await bodyOf(exchange);
  std::optional<cluster::NodeId> from = cluster::NodeId::parse(exchange.nodeId);
  if (!from) throw cluster::AgentError(403, "only nodes of the cluster may ask this");
  std::string text = co_await (this->*action)(*from, std::move(body));
  co_await send(exchange, text);
}

base::Task<> PeerApi::describe(Exchange& exchange, RouteMatch) {
  co_await bodyOf(exchange);
  std::string text = agent_.describe();
  co_await send(exchange, text);
}

base::Task<> PeerApi::admit(Exchange& exchange, RouteMatch) {
  std::string body = co_await bodyOf(exchange);
  std::string text = agent_.admit(body);
  co_await send(exchange, text);
}

base::Task<std::string> PeerApi::takeMessages(cluster::NodeId from, std::string body) {
  agent_.receiveBatch(from, body);
  co_return std::string();
}

// orchestrator/catch_up.h
base::Task<std::string> PeerApi::published(cluster::NodeId, std::string) {
  co_await publisher_.published();
  base::JsonWriter json;
  co_return json.object().member("seen", agent_.published()).endObject().text();
}

base::Task<std::string> PeerApi::updateNode(cluster::NodeId, std::string body) {
  agent_.takeNodeUpdate(body);
  co_return "{}";
}

base::Task<std::string> PeerApi::rebalance(cluster::NodeId, std::string) {
  return rebalancing_.runAll();
}

base::Task<std::string> PeerApi::takeName(cluster::NodeId, std::string body) {
  co_await rebalancing_.takeName(std::move(body));
  co_return "{}";
}

base::Task<std::string> PeerApi::moveVolume(cluster::NodeId, std::string body) {
  co_await volumes_.move(std::move(body));
  co_return "{}";
}

base::Task<std::string> PeerApi::takeVolume(cluster::NodeId, std::string body) {
  co_await volumes_.take(std::move(body));
  co_return "{}";
}

base::Task<std::string> PeerApi::fetchImage(cluster::NodeId, std::string body) {
  co_await images_.fetch(body);
  co_return "{}";
}

}  // namespace proxy
