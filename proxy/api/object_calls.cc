#include "proxy/api/object_calls.h"

#include <utility>

#include "base/json.h"
#include "base/url.h"
#include "docker/heads.h"
#include "orchestrator/node_name.h"
#include "proxy/api/routes.h"
#include "proxy/http/relay.h"
#include "proxy/http/respond.h"

namespace proxy {

base::Task<> ObjectCalls::container(Exchange& exchange, RouteMatch match) {
  return pass(exchange, match, catalog::Kind::container);
}

base::Task<> ObjectCalls::exec(Exchange& exchange, RouteMatch match) {
  return pass(exchange, match, catalog::Kind::exec);
}

base::Task<> ObjectCalls::network(Exchange& exchange, RouteMatch match) {
  return pass(exchange, match, catalog::Kind::network);
}

base::Task<> ObjectCalls::image(Exchange& exchange, RouteMatch match) {
  return pass(exchange, match, catalog::Kind::image);
}

base::Task<> ObjectCalls::pass(Exchange& exchange, RouteMatch match, catalog::Kind kind) {
  Owner found = co_await owner(exchange, match, kind);
  if (found.node) co_await send(exchange, match, std::move(*found.node));
}

base::Task<> ObjectCalls::createExec(Exchange& exchange, RouteMatch match) {
  Owner found = co_await owner(exchange, match, catalog::Kind::container);
  if (!found.node) co_return;
  if (found.node->self) {
    co_await local_.passThrough(exchange, match);
    co_return;
  }
  RelayOptions options;
  options.onAnswer = [this, id = found.node->id](int status, std::string_view body) {
    if (status == 201) locator_.execMade(std::string(base::text(base::parseJson(body), "Id")), id);
  };
  co_await relay(exchange, *found.node->http, std::move(options));
}

// ---- which node

base::Task<ObjectCalls::Owner> ObjectCalls::owner(Exchange& exchange, RouteMatch& match,
                                                  catalog::Kind kind) {
  Named named = co_await this->named(exchange, match, kind);
  Owner found;
  if (named.isAnswered) co_return found;
  if (named.node) {
    found.node = std::move(named.node);
    co_return found;
  }
  found = co_await ownerOf(exchange, kind, std::string(match.object));
  co_return found;
}

base::Task<ObjectCalls::Owner> ObjectCalls::ownerOf(Exchange& exchange, catalog::Kind kind,
                                                    std::string object) {
  catalog::Located located = co_await locator_.find(kind, object);
  // Of what nobody has our engine tells in its words for this call, which may be about more than
  // that.
  bool isImage = kind == catalog::Kind::image;
  bool isRefused =
      !located.node && (isImage ? !catalog::isSilence(located.status) : located.status == 404);
  bool isStale = false;
  if (isRefused && isImage)
    isStale = co_await locator_.isStaleHere(base::decodePath(object).value_or(object));
  if (isRefused && !isStale) {
    located.node = locator_.node(nodes_.self());
    located.body.clear();
  }
  Owner found;
  if (located.node) {
    found.node = std::move(located.node);
    found.inspection = std::move(located.body);
  } else {
    co_await sendLocated(exchange, located);
  }
  co_return found;
}

base::Task<ObjectCalls::Named> ObjectCalls::named(Exchange& exchange, RouteMatch& match,
                                                  catalog::Kind kind) {
  Named named;
  named.node = takeNode(exchange, match, kind);
  if (!named.node) co_return named;
  const catalog::ContainerIndex::Entry* entry =
      kind == catalog::Kind::container ? index_.find(match.object).entry : nullptr;
  bool isElsewhere = entry && entry->second.owner != named.node->id;
  if (named.node->up && !isElsewhere) co_return named;
  const cluster::Node& node = *named.node;
  std::string name = node.name + "/" + base::decodePath(match.object).value_or("");
  catalog::Located located;
  located.status = isElsewhere ? 404 : 503;
  located.body =
      docker::errorBody(isElsewhere ? "No such container: " + name
                                    : "node " + node.name + " (" + node.address + ") is down");
  co_await sendLocated(exchange, located);
  named.isAnswered = true;
  co_return named;
}

std::optional<cluster::Node> ObjectCalls::takeNode(Exchange& exchange, RouteMatch& match,
                                                   catalog::Kind kind) {
  size_t slash = match.object.find('/');
  bool mayBe = kind == catalog::Kind::container || kind == catalog::Kind::network ||
               kind == catalog::Kind::volume;
  if (!mayBe || slash == std::string_view::npos) return std::nullopt;
  if (kind == catalog::Kind::container && index_.find(match.object).entry) return std::nullopt;
  std::optional<orchestrator::NodeName> named =
      orchestrator::parseNodeName(nodes_, base::decodePath(match.object).value_or(""));
  if (!named) return std::nullopt;
  std::string target(exchange.request().target());
  target.erase(static_cast<size_t>(match.object.data() - exchange.request().target().data()),
               slash + 1);
  exchange.reader.head().retarget(target);
  match = proxy::match(routes(), exchange.request().method(), exchange.request().target());
  return std::move(named->node);
}

// ---- answers

base::Task<> ObjectCalls::send(Exchange& exchange, RouteMatch match, cluster::Node node) {
  if (node.self) {
    co_await local_.passThrough(exchange, match);
    co_return;
  }
  RelayOptions options;
  options.hijack = match.route().flow == Flow::hijack;
  co_await relay(exchange, *node.http, std::move(options));
}

base::Task<> ObjectCalls::sendLocated(Exchange& exchange, const catalog::Located& located) {
  // Whatever body the request still has is not read, so the connection cannot go on.
  bool whole = exchange.reader.bodyDone();
  if (!whole) exchange.keepAlive = false;
  co_await sendJson(exchange, located.status, local_.commonHeaders(), located.body);
}

}  // namespace proxy
