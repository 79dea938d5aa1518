#include "proxy/api.h"

#include <optional>

#include "proxy/answer.h"

namespace proxy {

base::Task<> Api::handle(Client& client, RouteMatch match) {
  Answer answer = match.route().answer;
  if (answer == Answer::clientCertificate) return certificates_.handle(client);
  if (client.fromNode) {
    // Its certificate was good when it connected.
    std::optional<cluster::NodeId> node = cluster::NodeId::parse(client.nodeId);
    if (node && nodes_.wasRemoved(*node))
      return fail(client, 403, "this node was removed from the cluster", true);
    if (answer == Answer::node) return node_.handle(client, match);
    // Who wants to join has no certificate yet, and may ask for nothing but that.
    if (client.nodeId.empty())
      return fail(client, 403, "only nodes of the cluster are served here", true);
    if (answer == Answer::create) return creation_.createHere(client, match);
    return local_.handle(client, match);
  }
  if (answer == Answer::swarm) return swarm_.handle(client, match);
  if (nodes_.clustered()) return federation_.handle(client, match);
  return local_.handle(client, match);
}

base::Task<> Api::fail(Client& client, int status, std::string message, bool close) {
  return sendError(client, status, local_.commonHeaders(), std::move(message), close);
}

}  // namespace proxy
