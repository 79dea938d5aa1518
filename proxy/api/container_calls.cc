#include "proxy/api/container_calls.h"

#include <optional>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/url.h"
#include "docker/query.h"
#include "orchestrator/container_removal.h"
#include "orchestrator/node_name.h"
#include "proxy/api/commit_target.h"
#include "proxy/api/routes.h"
#include "proxy/http/respond.h"
#include "proxy/merge/merge_containers.h"

namespace proxy {
// ---- inspect

base::Task<> ContainerCalls::inspect(Exchange& exchange, RouteMatch match) {
  ObjectCalls::Named named =
      co_await parts_.objects.named(exchange, match, catalog::Kind::container);
  if (named.isAnswered) co_return;
  if (named.node) {
    co_await inspectOn(exchange, std::move(*named.node));
    co_return;
  }
  catalog::Located located =
      co_await parts_.locator.find(catalog::Kind::container, std::string(match.object));
  bool isNobodys = !located.node && located.status == 404 && !parts_.local.engineVersion().empty();
  if (isNobodys) {
    co_await parts_.local.passThrough(exchange, match);  // the engine says that there is none
  } else if (!located.node) {
    co_await parts_.objects.sendLocated(exchange, located);
  } else {
    co_await inspectOn(exchange, std::move(*located.node));
  }
}

base::Task<> ContainerCalls::inspectOn(Exchange& exchange, cluster::Node node) {
  base::HttpClient& server = parts_.nodeClient.clientFor(node);
  exchange.upstream = server.name();
  std::string target(exchange.request().target());
  base::HttpReply reply = co_await server.call(
      base::httpGet(std::move(target), catalog::lookupTimeout, parts_.maxBody));
  if (reply.status == 200) {
    PublishedPorts ports;
    ports.asked = parts_.nodes.self().text();
    reply.body = inspectionOn(
        {std::string(node.id.text()), node.name, node.address, std::move(reply.body)}, ports);
  }
  co_await sendAnswer(exchange, reply.status, reply.head, reply.body);
}

// ---- remove

base::Task<> ContainerCalls::remove(Exchange& exchange, RouteMatch match) {
  ObjectCalls::Owner owner =
      co_await parts_.objects.owner(exchange, match, catalog::Kind::container);
  if (!owner.node) co_return;
  if (parts_.globals.concerns(match)) {
    co_await parts_.globals.handle(exchange, match, std::move(*owner.node));
    co_return;
  }
  cluster::Node node = std::move(*owner.node);
  std::string id;
  std::vector<std::string> names;
  std::optional<labels::VolumeCleanup> cleanup;
  if (const catalog::ContainerIndex::Entry* entry = parts_.index.find(match.object).entry) {
    id = entry->first;
    names = entry->second.names;
    cleanup = orchestrator::volumeCleanup(entry->second.labels);
  } else {
    id = base::text(base::parseJson(owner.inspection), "Id");  // its record has not come yet
    cleanup = orchestrator::volumeCleanup(owner.inspection);
  }
  if (cleanup && !orchestrator::removesLink(match.query)) {
    co_await removeWith(*cleanup, exchange, match, node);
  } else {
    co_await parts_.objects.send(exchange, match, node);
  }
  // Of a link only that name of the container goes.
  if (exchange.status != 204 || orchestrator::removesLink(match.query)) co_return;
  parts_.names.removed(node.id, id, names);
  parts_.scheduler.containerRemoved(id);
}

// With the volumes that are to go. Those that somebody else mounts the engine keeps.
base::Task<> ContainerCalls::removeWith(labels::VolumeCleanup cleanup, Exchange& exchange,
                                        RouteMatch match, const cluster::Node& node) {
  base::HttpClient& server = parts_.nodeClient.clientFor(node);
  exchange.upstream = server.name();
  std::vector<std::string> volumes;
  if (cleanup == labels::VolumeCleanup::all) {
    std::string target = "/containers/" + std::string(match.object) + "/json";
    base::HttpReply seen = co_await server.call(
        base::httpGet(std::move(target), catalog::lookupTimeout, parts_.maxBody));
    if (seen.status == 200) volumes = orchestrator::localVolumes(seen.body);
  }
  std::string target = orchestrator::removalTarget(exchange.request().target(), cleanup);
  std::string object(match.object);
  catalog::NodeReply reply =
      co_await parts_.nodeClient.change(node, catalog::changeCall("DELETE", std::move(target)),
                                        match.route().effect, std::move(object));
  reply.throwFault();
  if (reply.status == 204) {
    for (const std::string& each : volumes) {
      base::HttpCall call =
          catalog::changeCall("DELETE", "/volumes/" + base::encodeQueryValue(each));
      co_await server.call(std::move(call));
    }
  }
  co_await sendAnswer(exchange, reply.status, reply.head, reply.body);
}

// ---- commit, prune

base::Task<> ContainerCalls::commit(Exchange& exchange, RouteMatch match) {
  std::string container = docker::parseQuery(match.query).value("container");
  if (container.empty()) {
    co_await parts_.local.passThrough(exchange, match);
    co_return;
  }
  std::optional<orchestrator::NodeName> named =
      orchestrator::parseNodeName(parts_.nodes, container);
  if (!named) {
    co_await commitNamed(exchange, std::move(container));
    co_return;
  }
  base::Head& request = exchange.reader.head();
  request.retarget(orchestrator::withParameter(request.target(), "container", named->name));
  RouteMatch renamed = proxy::match(routes(), "POST", request.target());
  co_await parts_.objects.send(exchange, renamed, std::move(named->node));
}

base::Task<> ContainerCalls::commitNamed(Exchange& exchange, std::string container) {
  catalog::Located located =
      co_await parts_.locator.find(catalog::Kind::container, base::encodeQueryValue(container));
  if (!located.node) {
    co_await parts_.objects.sendLocated(exchange, located);
    co_return;
  }
  base::Head& request = exchange.reader.head();
  if (const catalog::ContainerIndex::Entry* entry = parts_.index.find(container).entry) {
    std::string target = commitTarget(request.target(), entry->second.labels);
    request.retarget(target);
  }
  RouteMatch match = proxy::match(routes(), request.method(), request.target());
  co_await parts_.objects.send(exchange, match, std::move(*located.node));
}

base::Task<> ContainerCalls::prune(Exchange& exchange, RouteMatch match) {
  return parts_.all.prune(exchange, match, "containers");
}

}  // namespace proxy
