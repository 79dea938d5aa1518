#include "proxy/api/api.h"

#include <optional>
#include <utility>

#include "proxy/http/respond.h"

namespace proxy {

Sender Api::senderOf(const Exchange& exchange) const {
  if (!exchange.fromNode) return exchange.onThisHost ? Sender::local : Sender::client;
  // Its certificate was good when it connected; what is not a node's id is no node's.
  std::optional<cluster::NodeId> node = cluster::NodeId::parse(exchange.nodeId);
  if (!node) return Sender::stranger;
  return nodes_.wasRemoved(*node) ? Sender::removed : Sender::node;
}

Parameters Api::parametersOf(const Exchange& exchange, const Route& route) const {
  return exchange.fromNode || !nodes_.clustered() ? Parameters::none : route.parameters;
}

base::Task<> Api::handle(Exchange& exchange, RouteMatch match) {
  const Answers& answers = match.route().answers;
  if (exchange.fromNode) {
    // Questions are on their own, and the most frequent.
    if (exchange.request().method() == "POST") {
      std::string_view seen = exchange.request().find(cluster::seenHeader).value_or("");
      if (!seen.empty()) return handleSeen(exchange, match, std::string(seen));
    }
    return answers.node(handlers_, exchange, match);
  }
  if (!nodes_.clustered()) return answers.host(handlers_, exchange, match);
  return answers.cluster(handlers_, exchange, match);
}

base::Task<> Api::handleSeen(Exchange& exchange, RouteMatch match, std::string seen) {
  std::optional<cluster::NodeId> node = cluster::NodeId::parse(exchange.nodeId);
  if (node) co_await causality_.catchUp(*node, std::move(seen));
  co_await match.route().answers.node(handlers_, exchange, match);
}

base::Task<> Api::fail(Exchange& exchange, int status, std::string message, bool close) {
  // Whoever passes our answer on need not know that we could not be of use.
  for (const cluster::Node& each : nodes_.nodes()) {
    if (exchange.fromNode && status == 503 && each.self)
      message = "node " + each.name + ": " + message;
  }
  return sendError(exchange, status, local_.commonHeaders(), std::move(message), close);
}

}  // namespace proxy
