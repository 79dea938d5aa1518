#include "proxy/api/api.h"

#include <optional>
#include <utility>

#include "proxy/http/answer.h"

namespace proxy {

Sender Api::senderOf(const Client& client) const {
  if (!client.fromNode) return client.onThisHost ? Sender::local : Sender::client;
  // Its certificate was good when it connected; what is not a node's id is no node's.
  std::optional<cluster::NodeId> node = cluster::NodeId::parse(client.nodeId);
  if (!node) return Sender::stranger;
  return nodes_.wasRemoved(*node) ? Sender::removed : Sender::node;
}

Parameters Api::parametersOf(const Client& client, const Route& route) const {
  return client.fromNode || !nodes_.clustered() ? Parameters::none : route.parameters;
}

base::Task<> Api::handle(Client& client, RouteMatch match) {
  const Answers& answers = match.route().answers;
  if (client.fromNode) {
    // Questions are on their own, and the most frequent.
    if (client.request().method() == "POST") {
      std::string_view seen = client.request().find(cluster::seenHeader).value_or("");
      if (!seen.empty()) return handleSeen(client, match, std::string(seen));
    }
    return answers.node(handlers_, client, match);
  }
  if (!nodes_.clustered()) return answers.host(handlers_, client, match);
  return answers.cluster(handlers_, client, match);
}

base::Task<> Api::handleSeen(Client& client, RouteMatch match, std::string seen) {
  std::optional<cluster::NodeId> node = cluster::NodeId::parse(client.nodeId);
  if (node) co_await causality_.catchUp(*node, std::move(seen));
  co_await match.route().answers.node(handlers_, client, match);
}

base::Task<> Api::fail(Client& client, int status, std::string message, bool close) {
  // Whoever passes our answer on need not know that we could not be of use.
  for (const cluster::Node& each : nodes_.nodes()) {
    if (client.fromNode && status == 503 && each.self)
      message = "node " + each.name + ": " + message;
  }
  return sendError(client, status, local_.commonHeaders(), std::move(message), close);
}

}  // namespace proxy
