#include "proxy/api/network_calls.h"

#include <optional>
#include <utility>

#include "base/json.h"
#include "base/url.h"
#include "catalog/merge_errors.h"
#include "docker/request_types.h"
#include "orchestrator/node_name.h"
#include "proxy/http/json_body.h"
#include "proxy/http/respond.h"
#include "proxy/merge/merge_lists.h"

namespace proxy {
namespace {

// A driver may have to ask for a network elsewhere, and to connect a container takes its time.
constexpr base::milliseconds changeTimeout(60'000);

// The label that makes networks of several nodes one.
constexpr std::string_view clusterNetworkLabel = "io.drover.network";

constexpr std::string_view noOverlay =
    "networks that span nodes (driver overlay, scope swarm) are not supported yet; use the driver "
    "bridge, whose containers share a node";

// Whether it asks for what only engines in swarm mode make, which those of a cluster are not.
bool isOfSwarmMode(std::string_view body) {
  const base::GoReading reading = base::readAsGo(body, docker::networkCreateType);
  const rapidjson::Document network = base::parseJson(reading.text);
  const rapidjson::Value* ingress = base::member(network, "Ingress");
  return base::text(network, "Driver") == "overlay" || base::text(network, "Scope") == "swarm" ||
         (ingress && ingress->IsTrue());
}

}  // namespace

base::Task<> NetworkCalls::list(Exchange& exchange, RouteMatch match) {
  AllNodes::Options options;
  options.listed = docker::ObjectKind::network;
  return all_.answer(exchange, match, options, [](const auto& answers) {
    return mergeNetworks(answers, clusterNetworkLabel);
  });
}

base::Task<> NetworkCalls::prune(Exchange& exchange, RouteMatch match) {
  return all_.prune(exchange, match, "networks");
}

// On our engine, unless its name says otherwise.
base::Task<> NetworkCalls::create(Exchange& exchange, RouteMatch match) {
  std::string body = co_await readBody(exchange, maxBody_);
  if (isOfSwarmMode(body)) {
    co_await sendError(exchange, 501, local_.commonHeaders(), std::string(noOverlay), false);
    co_return;
  }
  std::optional<orchestrator::NodeName> named =
      orchestrator::parseNodeName(nodes_, orchestrator::requestedName(body).value_or(""));
  std::optional<cluster::Node> node = locator_.node(nodes_.self());
  if (named) {
    body = orchestrator::withText(body, "Name", named->name);
    node = std::move(named->node);
  }
  base::HttpCall call = passedOn(exchange.request(), std::move(body), changeTimeout, maxBody_);
  exchange.upstream = nodeClient_.clientFor(*node).name();
  catalog::NodeReply reply = co_await nodeClient_.change(std::move(*node), std::move(call),
                                                         match.route().effect, std::string());
  reply.throwFault();
  co_await sendAnswer(exchange, reply.status, reply.head, reply.body);
}

// A network of that name may be on several nodes, as `bridge` is on each:
// the container says which one is meant.
base::Task<> NetworkCalls::join(Exchange& exchange, RouteMatch match) {
  ObjectCalls::Named named = co_await objects_.named(exchange, match, catalog::Kind::network);
  if (named.isAnswered) co_return;
  std::string body = co_await readBody(exchange, maxBody_);
  if (!isSaidToBeJson(exchange.request(), body)) {
    co_await refuseContentType(exchange, local_.engine());
    co_return;
  }
  base::GoReading reading = base::readAsGo(body, docker::networkJoinType);
  bool isJson = reading.fault.empty();
  if (isJson) body = reading.text.append(reading.after);
  std::string container(base::text(base::parseJson(body), "Container"));
  if (std::optional<orchestrator::NodeName> split =
          orchestrator::parseNodeName(nodes_, container)) {
    container = split->name;
    body = orchestrator::withText(body, "Container", container);
  }
  catalog::Located located;
  if (!container.empty())
    located = co_await locator_.find(catalog::Kind::container, base::encodeQueryValue(container));
  bool known = located.node.has_value();
  // Of a container that nobody has, the network's engine tells: it may still have an endpoint of
  // it.
  if (!known && located.status == 404) {
    catalog::Located network =
        co_await locator_.find(catalog::Kind::network, std::string(match.object));
    if (network.node || container.empty()) located = std::move(network);
  }
  // What is no JSON is for an engine to refuse.
  if (!located.node && !isJson && located.status == 404)
    located.node = locator_.node(nodes_.self());
  if (!located.node) {
    co_await objects_.sendLocated(exchange, located);
    co_return;
  }
  base::HttpCall call = passedOn(exchange.request(), std::move(body), changeTimeout, maxBody_);
  const cluster::Node& node = *located.node;
  exchange.upstream = nodeClient_.clientFor(node).name();
  catalog::NodeReply reply =
      co_await nodeClient_.change(node, std::move(call), match.route().effect, std::string());
  reply.throwFault();
  if (known && reply.status == 404) {
    catalog::Located other =
        co_await locator_.find(catalog::Kind::network, std::string(match.object));
    if (other.node && other.node->id != node.id) {
      std::string message = "network " + base::decodePath(match.object).value_or("") +
                            " is on node " + other.node->name + " and container " + container +
                            " on node " + node.name +
                            "; create the container with this network, or with the " +
                            "label io.drover.node=" + other.node->name;
      co_await sendError(exchange, 409, local_.commonHeaders(), std::move(message), false);
      co_return;
    }
    if (!other.node && catalog::isSilence(other.status)) {
      co_await objects_.sendLocated(exchange, other);
      co_return;
    }
  }
  co_await sendAnswer(exchange, reply.status, reply.head, reply.body);
}

}  // namespace proxy
