#include "proxy/api/volume_calls.h"

#include <algorithm>
#include <optional>

#include "base/go_json.h"
#include "base/json.h"
#include "base/url.h"
#include "docker/heads.h"
#include "orchestrator/node_name.h"
#include "orchestrator/volume_conflicts.h"
#include "orchestrator/volume_move.h"
#include "proxy/http/json_body.h"
#include "proxy/http/respond.h"
#include "proxy/merge/merge_lists.h"

namespace proxy {
namespace {

// A driver may have to ask for it over the network.
constexpr base::milliseconds createTimeout(120'000);

// The engine's words about a volume, with the node that has it.
std::string shownOn(const cluster::Node& node, std::string body) {
  std::optional<docker::JsonObject> volume = docker::JsonObject::parse(body);
  if (!volume) return body;
  volume->set("Node",
              catalog::nodeMember({std::string(node.id.text()), node.name, node.address, ""}));
  return volume->text() + "\n";
}

// By its label; empty: wherever it is asked for.
std::string nodeWanted(const rapidjson::Value& request) {
  const rapidjson::Value* labels = base::member(request, "Labels");
  return labels ? std::string(base::text(*labels, orchestrator::volumeNodeLabel.data()))
                : std::string();
}

}  // namespace

base::Task<> VolumeCalls::create(Exchange& exchange, RouteMatch) {
  std::string body = co_await readBody(exchange, maxBody_);
  if (!isSaidToBeJson(exchange.request(), body)) {
    co_await refuseContentType(exchange, local_.engine());
    co_return;
  }
  std::optional<std::string> asked = orchestrator::requestedName(body);
  if (!asked) {
    std::string fault = base::readAsGo(body, base::go::any).fault;
    throw base::HttpError(400, fault.empty() ? "the request's body is not JSON" : fault);
  }
  std::string name = std::move(*asked);
  std::string wanted = nodeWanted(base::parseJson(body));
  std::optional<cluster::Node> node =
      wanted.empty() ? locator_.node(nodes_.self()) : catalog::nodeCalled(nodes_, wanted);
  if (std::optional<orchestrator::NodeName> named = orchestrator::parseNodeName(nodes_, name)) {
    name = named->name;
    body = orchestrator::withText(body, "Name", name);
    node = std::move(named->node);
  }
  orchestrator::VolumeClaims::Found found;
  if (!node) found.refusal = {409, "there is no node " + wanted + " for this volume"};
  // One without a name gets its own, and what is no name the engine refuses.
  if (node && !name.empty()) found = co_await claims_.find(name);
  if (found.refusal.status) {
    co_await sendRefusal(exchange, local_.commonHeaders(), std::move(found.refusal));
    co_return;
  }
  // The engine says whether that one is what is asked for.
  auto here = std::find_if(found.homes.begin(), found.homes.end(),
                           [](const cluster::Node& each) { return each.self; });
  if (!found.homes.empty())
    node = here == found.homes.end() ? std::move(found.homes.front()) : std::move(*here);
  co_await makeOn(exchange, std::move(*node), std::move(body), std::move(found.claim));
}

base::Task<> VolumeCalls::makeOn(Exchange& exchange, cluster::Node node, std::string body,
                                 orchestrator::VolumeClaims::Claim claim) {
  std::vector<orchestrator::VolumeClaims::Claim> claims;
  if (claim.held) claims.push_back(std::move(claim));
  exchange.upstream = nodeClient_.clientFor(node).name();
  base::HttpCall call = passedOn(exchange.request(), std::move(body), createTimeout, maxBody_);
  catalog::NodeReply reply = co_await nodeClient_.call(node, std::move(call));
  if (reply.outcomeUnknown()) claims_.made(std::move(claims), node.id, false);
  reply.throwFault();
  if (reply.status == 201) {
    claims_.made(std::move(claims), node.id, true);
    reply.body = shownOn(node, std::move(reply.body));
  }
  co_await sendAnswer(exchange, reply.status, reply.head, reply.body);
}

base::Task<> VolumeCalls::list(Exchange& exchange, RouteMatch match) {
  AllNodes::Options options;
  options.listed = docker::ObjectKind::volume;
  return all_.answer(exchange, match, options,
                     [](const auto& answers) { return mergeVolumes(answers); });
}

base::Task<> VolumeCalls::prune(Exchange& exchange, RouteMatch match) {
  return all_.prune(exchange, match, "volumes");
}

base::Task<> VolumeCalls::inspect(Exchange& exchange, RouteMatch match) {
  ObjectCalls::Named named = co_await objects_.named(exchange, match, catalog::Kind::volume);
  if (named.isAnswered) co_return;
  if (named.node) {
    co_await inspectOn(exchange, std::move(*named.node));
    co_return;
  }
  catalog::Located located =
      co_await locator_.find(catalog::Kind::volume, std::string(match.object));
  if (!located.node) {
    co_await sendJson(exchange, located.status, local_.commonHeaders(), located.body);
    co_return;
  }
  co_await inspectOn(exchange, std::move(*located.node));
}

base::Task<> VolumeCalls::inspectOn(Exchange& exchange, cluster::Node node) {
  exchange.upstream = nodeClient_.clientFor(node).name();
  base::HttpCall call =
      base::httpGet(std::string(exchange.request().target()), catalog::lookupTimeout, maxBody_);
  catalog::NodeReply reply = co_await nodeClient_.call(std::move(node), std::move(call));
  reply.throwFault();
  if (reply.status == 200) reply.body = shownOn(reply.node, std::move(reply.body));
  co_await sendAnswer(exchange, reply.status, reply.head, reply.body);
}

base::Task<> VolumeCalls::change(Exchange& exchange, RouteMatch match) {
  ObjectCalls::Named named = co_await objects_.named(exchange, match, catalog::Kind::volume);
  if (named.isAnswered) co_return;
  catalog::Located located;
  located.node = std::move(named.node);
  if (!located.node) located = co_await holder(std::string(match.object));
  if (located.node) {
    co_await objects_.send(exchange, match, std::move(*located.node));
  } else {
    co_await objects_.sendLocated(exchange, located);
  }
}

base::Task<catalog::Located> VolumeCalls::holder(std::string object) {
  catalog::Locator::Holders holders = co_await locator_.holders(catalog::Kind::volume, object);
  catalog::Located located;
  std::string name = base::decodePath(object).value_or(object);
  std::vector<cluster::Node> all = std::move(holders.up);
  if (holders.down) all.push_back(std::move(*holders.down));
  if (all.empty()) {
    located.node = locator_.node(nodes_.self());  // whose engine says that there is none
  } else if (all.size() == 1 || isGlobal(all.front(), name)) {
    located = co_await locator_.find(catalog::Kind::volume, std::move(object));
  } else {
    located.status = 409;
    std::vector<std::string> nodes;
    for (const cluster::Node& each : all) nodes.push_back(each.name);
    located.body = docker::errorBody(
        "volume " + name + " is on nodes " + orchestrator::inWords(std::move(nodes)) +
        "; say which one is meant, as in " + all.front().name + "/" + name);
  }
  co_return located;
}

// Whether all nodes that have its driver have it.
bool VolumeCalls::isGlobal(const cluster::Node& node, const std::string& name) const {
  const cluster::Record* record =
      records_.find(node.id, std::string(docker::recordsOf(docker::ObjectKind::volume)) + name);
  return record && base::text(base::parseJson(record->value), "Scope") == "global";
}

}  // namespace proxy
