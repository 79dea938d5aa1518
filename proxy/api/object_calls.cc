#include "proxy/api/object_calls.h"

#include <utility>

#include "base/json.h"
#include "base/url.h"
#include "docker/heads.h"
#include "orchestrator/node_name.h"
#include "proxy/api/routes.h"
#include "proxy/http/answer.h"
#include "proxy/http/relay.h"

namespace proxy {

base::Task<> ObjectCalls::container(Client& client, RouteMatch match) {
  return pass(client, match, catalog::Kind::container);
}

base::Task<> ObjectCalls::exec(Client& client, RouteMatch match) {
  return pass(client, match, catalog::Kind::exec);
}

base::Task<> ObjectCalls::network(Client& client, RouteMatch match) {
  return pass(client, match, catalog::Kind::network);
}

base::Task<> ObjectCalls::image(Client& client, RouteMatch match) {
  return pass(client, match, catalog::Kind::image);
}

base::Task<> ObjectCalls::pass(Client& client, RouteMatch match, catalog::Kind kind) {
  Owner found = co_await owner(client, match, kind);
  if (found.node) co_await send(client, match, std::move(*found.node));
}

base::Task<> ObjectCalls::createExec(Client& client, RouteMatch match) {
  Owner found = co_await owner(client, match, catalog::Kind::container);
  if (!found.node) co_return;
  if (found.node->self) {
    co_await local_.passThrough(client, match);
    co_return;
  }
  RelayOptions options;
  options.onAnswer = [this, id = found.node->id](int status, std::string_view body) {
    if (status == 201) locator_.execMade(std::string(base::text(base::parseJson(body), "Id")), id);
  };
  co_await relay(client, *found.node->http, std::move(options));
}

// ---- which node

base::Task<ObjectCalls::Owner> ObjectCalls::owner(Client& client, RouteMatch& match,
                                                  catalog::Kind kind) {
  Named named = co_await this->named(client, match, kind);
  Owner found;
  if (named.isAnswered) co_return found;
  if (named.node) {
    found.node = std::move(named.node);
    co_return found;
  }
  found = co_await ownerOf(client, kind, std::string(match.object));
  co_return found;
}

base::Task<ObjectCalls::Owner> ObjectCalls::ownerOf(Client& client, catalog::Kind kind,
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
    co_await sendLocated(client, located);
  }
  co_return found;
}

base::Task<ObjectCalls::Named> ObjectCalls::named(Client& client, RouteMatch& match,
                                                  catalog::Kind kind) {
  Named named;
  named.node = takeNode(client, match, kind);
  if (!named.node) co_return named;
  const catalog::ContainerIndex::Place* place =
      kind == catalog::Kind::container ? index_.find(match.object).place : nullptr;
  bool isElsewhere = place && place->second.owner != named.node->id;
  if (named.node->up && !isElsewhere) co_return named;
  const cluster::Node& node = *named.node;
  std::string name = node.name + "/" + base::decodePath(match.object).value_or("");
  catalog::Located located;
  located.status = isElsewhere ? 404 : 503;
  located.body =
      docker::errorBody(isElsewhere ? "No such container: " + name
                                    : "node " + node.name + " (" + node.address + ") is down");
  co_await sendLocated(client, located);
  named.isAnswered = true;
  co_return named;
}

std::optional<cluster::Node> ObjectCalls::takeNode(Client& client, RouteMatch& match,
                                                   catalog::Kind kind) {
  size_t slash = match.object.find('/');
  bool mayBe = kind == catalog::Kind::container || kind == catalog::Kind::network ||
               kind == catalog::Kind::volume;
  if (!mayBe || slash == std::string_view::npos) return std::nullopt;
  if (kind == catalog::Kind::container && index_.find(match.object).place) return std::nullopt;
  std::optional<orchestrator::NodeName> named =
      orchestrator::parseNodeName(nodes_, base::decodePath(match.object).value_or(""));
  if (!named) return std::nullopt;
  std::string target(client.request().target());
  target.erase(static_cast<size_t>(match.object.data() - client.request().target().data()),
               slash + 1);
  client.reader.head().retarget(target);
  match = proxy::match(routes(), client.request().method(), client.request().target());
  return std::move(named->node);
}

// ---- answers

base::Task<> ObjectCalls::send(Client& client, RouteMatch match, cluster::Node node) {
  if (node.self) {
    co_await local_.passThrough(client, match);
    co_return;
  }
  RelayOptions options;
  options.hijack = match.route().flow == Flow::hijack;
  co_await relay(client, *node.http, std::move(options));
}

base::Task<> ObjectCalls::sendLocated(Client& client, const catalog::Located& located) {
  // Whatever body the request still has is not read, so the connection cannot go on.
  bool whole = client.reader.bodyDone();
  if (!whole) client.keepAlive = false;
  co_await sendJson(client, located.status, local_.commonHeaders(), located.body);
}

}  // namespace proxy
