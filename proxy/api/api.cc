#include "proxy/api/api.h"

#include <optional>

#include "proxy/http/answer.h"
#include "proxy/http/parameters.h"

namespace proxy {

Sender Api::senderOf(const Client& client) const {
  if (!client.fromNode) return client.onThisHost ? Sender::local : Sender::client;
  // Its certificate was good when it connected; what is not a node's id is no node's.
  std::optional<cluster::NodeId> node = cluster::NodeId::parse(client.nodeId);
  if (!node) return Sender::stranger;
  return nodes_.wasRemoved(*node) ? Sender::removed : Sender::node;
}

bool Api::readsParameters(const Client& client, const Route& route) const {
  return !client.fromNode && nodes_.clustered() && hasParameters(route);
}

base::Task<> Api::handle(Client& client, RouteMatch match) {
  Answer answer = match.route().answer;
  if (answer == Answer::clientCertificate) return certificates_.handle(client);
  if (client.fromNode) {
    if (answer == Answer::node || answer == Answer::admission) return node_.handle(client, match);
    if (answer == Answer::create) return creates_.createHere(client, match);
    return local_.handle(client, match);
  }
  if (answer == Answer::swarm) return swarm_.handle(client, match);
  if (nodes_.clustered()) return federation_.handle(client, match);
  if (answer == Answer::info && swarm_.isWaiting()) return swarm_.info(client);
  return local_.handle(client, match);
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
