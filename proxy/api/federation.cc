#include "proxy/api/federation.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>

#include "base/json.h"
#include "catalog/merge_errors.h"
#include "catalog/node_call.h"
#include "catalog/recorded_lists.h"
#include "docker/heads.h"
#include "docker/list_query.h"
#include "labels/keys.h"
#include "orchestrator/container_removal.h"
#include "orchestrator/node_name.h"
#include "orchestrator/volume_conflicts.h"
#include "proxy/api/chosen_answer.h"
#include "proxy/api/commit_target.h"
#include "proxy/api/event_stream.h"
#include "proxy/http/answer.h"
#include "proxy/http/relay.h"
#include "proxy/merge/merge_containers.h"
#include "proxy/merge/merge_info.h"
#include "proxy/merge/merge_lists.h"
#include "proxy/merge/merge_sums.h"
#include "proxy/merge/repository.h"
#include "scheduler/build_placement.h"
#include "scheduler/placement_answers.h"

namespace proxy {
namespace {

// How long a node may take over its part of a list, and of what walks through its disk.
constexpr base::milliseconds inspectTimeout(2'000);
constexpr base::milliseconds diskTimeout(120'000);
// The label that makes networks of several nodes one.
constexpr std::string_view clusterNetworkLabel = "io.drover.network";

std::string versionPrefix(const RouteMatch& match) {
  return match.version.empty() ? std::string() : "/v" + std::string(match.version);
}

std::string withQuery(std::string path, const std::string& query) {
  return query.empty() ? path : path + "?" + query;
}

}  // namespace

base::Task<> Federation::handle(Client& client, RouteMatch match) {
  if (parts_.local.isForeign(match.version)) return parts_.local.passThrough(client, match);
  if (std::optional<cluster::Node> node = takeNode(client, match))
    return onNode(client, match, std::move(*node));
  std::string object(match.object);
  switch (match.route().answer) {
    case Answer::container:
      if (match.route().pattern == "/containers/{id}/json") return inspect(client, match);
      return toOwner(client, match, catalog::Kind::container, std::move(object));
    case Answer::exec:
      return toOwner(client, match, catalog::Kind::exec, std::move(object));
    case Answer::network:
      if (match.route().effect == docker::Effect::containers) return networks_.join(client, match);
      return toOwner(client, match, catalog::Kind::network, std::move(object));
    case Answer::volume:
      return volume(client, match);
    case Answer::volumeCreate:
      return volumes_.create(client, match);
    case Answer::networkCreate:
      return networks_.create(client, match);
    case Answer::image:
      if (match.route().pattern == "/images/{name...}/push")
        return push(client, match, std::move(object));
      return toOwner(client, match, catalog::Kind::image, std::move(object));
    case Answer::commit: {
      std::string container = docker::queryValue(match.query, "container");
      if (container.empty()) break;
      if (std::optional<orchestrator::NodeName> named =
              orchestrator::parseNodeName(parts_.agent, container)) {
        client.reader.head().retarget(
            orchestrator::withParameter(client.request().target(), "container", named->name));
        return toNode(client, proxy::match("POST", client.request().target()),
                      std::move(named->node));
      }
      return commit(client, std::move(container));
    }
    case Answer::containerList:
      return containers_.answer(client, match);
    case Answer::imageList:
      return imageList(client, match);
    case Answer::networkList:
      return merged(client, match, [](const auto& answers) {
        return mergeNetworks(answers, clusterNetworkLabel);
      });
    case Answer::volumeList:
      return merged(client, match, [](const auto& answers) { return mergeVolumes(answers); });
    case Answer::diskUsage:
      return merged(client, match, [](const auto& answers) { return mergeDiskUsage(answers); });
    case Answer::prune:
      return merged(client, match, [match](const auto& answers) {
        std::string_view path = match.route().pattern.substr(1);
        return mergePrune(answers, path.substr(0, path.find('/')));
      });
    case Answer::info:
      return info(client, match);
    case Answer::version:
      return version(client, match);
    case Answer::events:
      return events(client, match);
    case Answer::imageChange:
      if (match.route().method == "DELETE") return images_.remove(client, match);
      return images_.tag(client, match);
    case Answer::save:
      return images_.save(client, match);
    case Answer::create:
      return parts_.creates.create(client, match);
    case Answer::placement:
      return parts_.creates.explain(client, match);
    case Answer::rebalance:
      return rebalance(client);
    case Answer::pull: {
      std::optional<cluster::Node> node = parts_.creation.nodeForPull(match.query);
      if (node) return toNode(client, match, std::move(*node));
      break;
    }
    case Answer::build:
      return build(client, match);
    default:
      break;
  }
  return parts_.local.handle(client, match);
}

// ---- one object

base::Task<> Federation::toOwner(Client& client, RouteMatch match, catalog::Kind kind,
                                 std::string object) {
  catalog::Located located = co_await parts_.locator.find(kind, object);
  // Of what nobody has our engine tells in its words for this call, which may be about more than
  // that.
  bool isImage = kind == catalog::Kind::image;
  bool isRefused =
      !located.node && (isImage ? !catalog::isSilence(located.status) : located.status == 404);
  bool isStale = false;
  if (isRefused && isImage)
    isStale = co_await parts_.locator.isStaleHere(docker::decodePath(object).value_or(object));
  if (isRefused && !isStale) {
    located.node = parts_.locator.node(parts_.agent.self());
    located.body.clear();
  }
  if (!located.node) {
    co_await sendLocated(client, located);
  } else if (kind == catalog::Kind::container) {
    co_await containerOn(client, match, std::move(*located.node), std::move(located.body));
  } else {
    co_await toNode(client, match, std::move(*located.node));
  }
}

// `inspection`: what the node said of the container, if it was asked.
base::Task<> Federation::containerOn(Client& client, RouteMatch match, cluster::Node node,
                                     std::string inspection) {
  if (match.route().pattern == "/containers/{id}/rename") {
    co_await renames_.run(client, match, std::move(node));
  } else if (parts_.globals.concerns(match)) {
    co_await parts_.globals.handle(client, match, std::move(node));
  } else if (match.route().pattern == "/containers/{id}" && match.route().method == "DELETE") {
    co_await remove(client, match, std::move(node), std::move(inspection));
  } else {
    co_await toNode(client, match, std::move(node));
  }
}

// Of NODE/NAME the node; what is left is a request for NAME.
std::optional<cluster::Node> Federation::takeNode(Client& client, RouteMatch& match) {
  Answer answer = match.route().answer;
  bool mayBe = answer == Answer::container || answer == Answer::network || answer == Answer::volume;
  size_t slash = match.object.find('/');
  if (!mayBe || slash == std::string_view::npos) return std::nullopt;
  if (answer == Answer::container && parts_.index.find(match.object).place) return std::nullopt;
  std::optional<orchestrator::NodeName> named =
      orchestrator::parseNodeName(parts_.agent, docker::decodePath(match.object).value_or(""));
  if (!named) return std::nullopt;
  std::string target(client.request().target());
  target.erase(static_cast<size_t>(match.object.data() - client.request().target().data()),
               slash + 1);
  client.reader.head().retarget(target);
  match = proxy::match(client.request().method(), client.request().target());
  return std::move(named->node);
}

base::Task<> Federation::onNode(Client& client, RouteMatch match, cluster::Node node) {
  Answer answer = match.route().answer;
  const catalog::ContainerIndex::Place* place = parts_.index.find(match.object).place;
  bool isElsewhere = answer == Answer::container && place && place->second.owner != node.id;
  if (!node.up || isElsewhere) {
    catalog::Located located;
    std::string name = node.name + "/" + docker::decodePath(match.object).value_or("");
    located.status = isElsewhere ? 404 : 503;
    located.body =
        docker::errorBody(isElsewhere ? "No such container: " + name
                                      : "node " + node.name + " (" + node.address + ") is down");
    co_await sendLocated(client, located);
  } else if (match.route().pattern == "/containers/{id}/json") {
    co_await inspectOn(client, std::move(node));
  } else if (answer == Answer::container) {
    co_await containerOn(client, match, std::move(node), "");
  } else if (answer == Answer::network && match.route().effect == docker::Effect::containers) {
    co_await networks_.join(client, match);  // where the container is
  } else if (answer == Answer::volume && match.route().method == "GET") {
    co_await volumes_.inspectOn(client, std::move(node));
  } else {
    co_await toNode(client, match, std::move(node));
  }
}

// What a container was asked for is not asked for by its image.
base::Task<> Federation::commit(Client& client, std::string container) {
  catalog::Located located =
      co_await parts_.locator.find(catalog::Kind::container, docker::encodeQueryValue(container));
  if (!located.node) {
    co_await sendLocated(client, located);
    co_return;
  }
  base::Head& request = client.reader.head();
  if (const catalog::ContainerIndex::Place* place = parts_.index.find(container).place) {
    std::string target = commitTarget(request.target(), place->second.labels);
    request.retarget(target);
  }
  RouteMatch match = proxy::match(request.method(), request.target());
  co_await toNode(client, match, std::move(*located.node));
}

base::Task<> Federation::sendLocated(Client& client, const catalog::Located& located) {
  // Whatever body the request still has is not read, so the connection cannot go on.
  bool whole = client.reader.bodyDone();
  if (!whole) client.keepAlive = false;
  co_await sendJson(client, located.status, parts_.local.commonHeaders(), located.body);
}

base::Task<> Federation::toNode(Client& client, RouteMatch match, cluster::Node node) {
  if (node.self) {
    co_await parts_.local.passThrough(client, match);
    co_return;
  }
  const Route& route = match.route();
  RelayOptions options;
  options.hijack = route.flow == Flow::hijack;
  bool makesExec = route.pattern == "/containers/{id}/exec";
  options.onAnswer = [this, &node, makesExec](int status, std::string_view body) {
    if (makesExec && status == 201)
      parts_.locator.execMade(std::string(base::text(base::parseJson(body), "Id")), node.id);
  };
  co_await relay(client, *node.http, std::move(options));
}

// DELETE /containers/{id}. `inspection`: what the node said of it, if it was asked.
base::Task<> Federation::remove(Client& client, RouteMatch match, cluster::Node node,
                                std::string inspection) {
  std::string id;
  std::vector<std::string> names;
  std::optional<labels::VolumeCleanup> cleanup;
  if (const catalog::ContainerIndex::Place* place = parts_.index.find(match.object).place) {
    id = place->first;
    names = place->second.names;
    cleanup = orchestrator::volumeCleanup(place->second.labels);
  } else {
    id = base::text(base::parseJson(inspection), "Id");  // its record has not come yet
    cleanup = orchestrator::volumeCleanup(inspection);
  }
  if (cleanup && !orchestrator::removesLink(match.query)) {
    co_await removeWith(*cleanup, client, match, node);
  } else {
    co_await toNode(client, match, node);
  }
  // Of a link only that name of the container goes.
  if (client.status != 204 || orchestrator::removesLink(match.query)) co_return;
  parts_.names.removed(node.id, id, names);
  parts_.placements.containerRemoved(id);
}

// With the volumes that are to go. Those that somebody else mounts the engine keeps.
base::Task<> Federation::removeWith(labels::VolumeCleanup cleanup, Client& client, RouteMatch match,
                                    const cluster::Node& node) {
  base::HttpClient& server = catalog::wayTo(parts_.engine, node);
  client.upstream = server.name();
  std::vector<std::string> volumes;
  if (cleanup == labels::VolumeCleanup::all) {
    std::string target = "/containers/" + std::string(match.object) + "/json";
    base::HttpReply seen =
        co_await server.call(base::httpGet(std::move(target), inspectTimeout, parts_.bodyMost));
    if (seen.status == 200) volumes = orchestrator::localVolumes(seen.body);
  }
  base::HttpCall call;
  call.method = "DELETE";
  call.target = orchestrator::removalTarget(client.request().target(), cleanup);
  call.timeout = diskTimeout;
  call.most = parts_.bodyMost;
  call.mayRepeat = false;
  std::string object(match.object);
  base::HttpReply reply =
      co_await catalog::changeOn(parts_.local, node, call, match.route().effect, std::move(object));
  if (reply.status == 204) {
    for (const std::string& each : volumes) {
      call.target = "/volumes/" + docker::encodeQueryValue(each);
      co_await server.call(call);
    }
  }
  co_await sendAnswer(client, reply.status, reply.head, reply.body);
}

base::Task<> Federation::inspect(Client& client, RouteMatch match) {
  catalog::Located located =
      co_await parts_.locator.find(catalog::Kind::container, std::string(match.object));
  if (!located.node) {
    bool isNobodys = located.status == 404 && !parts_.local.engineVersion().empty();
    if (isNobodys) {
      co_await parts_.local.passThrough(client, match);  // the engine says that there is none
    } else {
      co_await sendLocated(client, located);
    }
    co_return;
  }
  co_await inspectOn(client, std::move(*located.node));
}

base::Task<> Federation::inspectOn(Client& client, cluster::Node node) {
  base::HttpClient& server = catalog::wayTo(parts_.engine, node);
  client.upstream = server.name();
  std::string target(client.request().target());
  base::HttpReply reply =
      co_await server.call(base::httpGet(std::move(target), inspectTimeout, parts_.bodyMost));
  if (reply.status == 200) {
    PublishedPorts ports;
    ports.asked = parts_.agent.self().text();
    reply.body = inspectionOn(
        {std::string(node.id.text()), node.name, node.address, std::move(reply.body)}, ports);
  }
  co_await sendAnswer(client, reply.status, reply.head, reply.body);
}

base::Task<> Federation::volume(Client& client, RouteMatch match) {
  if (match.route().method == "GET") {
    co_await volumes_.inspect(client, match);
    co_return;
  }
  catalog::Located located = co_await volumes_.holder(std::string(match.object));
  if (located.node) {
    co_await toNode(client, match, std::move(*located.node));
  } else {
    co_await sendLocated(client, located);
  }
}

// Without a tag it is about all tags of the repository.
base::Task<> Federation::push(Client& client, RouteMatch match, std::string object) {
  std::string tag = docker::queryValue(match.query, "tag");  // apart from the name
  std::optional<std::string> name = docker::decodePath(object);
  if (!tag.empty() && name) {
    object = docker::encodeQueryValue(withoutTag(*name)) + ":" + docker::encodeQueryValue(tag);
  } else if (name && !namesOneImage(*name)) {
    return images_.pushAll(client, match, std::move(*name));
  }
  return toOwner(client, match, catalog::Kind::image, std::move(object));
}

base::Task<> Federation::build(Client& client, RouteMatch match) {
  catalog::Located located =
      scheduler::nodeForBuild(match.query, parts_.placements, parts_.locator, parts_.agent.self());
  if (located.node) {
    co_await toNode(client, match, std::move(*located.node));
  } else {
    co_await sendLocated(client, located);
  }
}

// ---- lists and sums

base::Task<> Federation::imageList(Client& client, RouteMatch match) {
  std::optional<docker::FilteredQuery> query = docker::parseFilteredQuery(match.query);
  if (query && ImageCalls::isCut(*query)) return images_.cutList(client, match, std::move(*query));
  bool byName = query && !query->values("reference").empty();
  return merged(client, match, [this, byName](const std::vector<catalog::NodeAnswer>& answers) {
    return images_.merge(answers, byName);
  });
}

base::Task<> Federation::merged(Client& client, RouteMatch match, Merge merge) {
  std::optional<docker::FilteredQuery> query = docker::parseFilteredQuery(match.query);
  std::vector<std::string> wanted;
  base::HttpCall call;
  call.target = client.request().target();
  bool isOfAll = match.route().answer == Answer::info || match.route().answer == Answer::version;
  if (query && !isOfAll) {
    wanted = docker::takeNodeFilter(*query);
    if (!wanted.empty()) {
      std::string path = call.target.substr(0, call.target.find('?'));
      call.target = withQuery(path, query->text());
    }
  }
  bool walks = match.route().answer == Answer::diskUsage || match.route().answer == Answer::prune;
  call.method = match.route().method;
  call.timeout = walks ? diskTimeout : catalog::listTimeout;
  call.most = parts_.bodyMost;
  call.mayRepeat = call.method == "GET";
  std::vector<cluster::Node> nodes = parts_.agent.nodes();
  std::erase_if(nodes, [&](const cluster::Node& node) {
    return !docker::wantsNode(wanted, node.id.text(), node.name);
  });
  docker::ContainerLists::Change change(parts_.lists, match.route().effect, match.object);
  std::vector<catalog::NodeReply> replies =
      co_await catalog::askAll(parts_.engine, std::move(nodes), std::move(call));
  std::optional<docker::Held> kind;
  if (match.route().answer == Answer::networkList) kind = docker::Held::network;
  if (match.route().answer == Answer::volumeList) kind = docker::Held::volume;
  std::vector<catalog::NodeAnswer> recorded;
  for (const catalog::NodeReply& each : replies) {
    if (!catalog::isSilence(each.status)) continue;
    std::string reason = each.status ? docker::errorMessage(each.body) : each.fault;
    parts_.log.warn("a node's part is missing", {{"node", each.node.name}, {"reason", reason}});
    // Networks and volumes are where they are, so they stay in the lists; images that nobody can
    // use do not.
    std::optional<std::string> known;
    if (kind && query)
      known =
          catalog::recordedHeld(*kind, parts_.agent.state(), parts_.index, each.node.id, *query);
    if (known)
      recorded.push_back(
          {std::string(each.node.id.text()), each.node.name, each.node.address, std::move(*known)});
  }
  change.answered(200, {});
  catalog::Chosen chosen = catalog::chooseList(catalog::outcomesOf(replies));
  if (chosen.status != 200 && !replies.empty()) {
    co_await sendChosen(client, chosen, replies, parts_.local.commonHeaders());
    co_return;
  }
  std::vector<catalog::NodeAnswer> answers = catalog::successesOf(std::move(replies));
  std::move(recorded.begin(), recorded.end(), std::back_inserter(answers));
  std::string body =
      catalog::mergeSound(std::move(answers), merge, [this](const catalog::MergeError& wrong) {
        parts_.log.warn("a node's part is missing",
                        {{"node", wrong.nodeName()}, {"reason", wrong.what()}});
      });
  co_await sendJson(client, 200, parts_.local.commonHeaders(), body);
}

// Of the nodes that answered.
ImageCounts Federation::imageCounts(const std::vector<catalog::NodeAnswer>& answers) const {
  std::set<cluster::NodeId> nodes;
  for (const catalog::NodeAnswer& each : answers) {
    if (std::optional<cluster::NodeId> id = cluster::NodeId::parse(each.nodeId)) nodes.insert(*id);
  }
  ImageCounts counts;
  counts.distinct = static_cast<int64_t>(parts_.held.distinct(docker::Held::image, nodes));
  for (const cluster::NodeId& each : nodes)
    counts.recorded += static_cast<int64_t>(parts_.held.distinct(docker::Held::image, {each}));
  return counts;
}

base::Task<> Federation::info(Client& client, RouteMatch match) {
  std::vector<NodeFacts> facts;
  for (const cluster::NodeView& view : parts_.agent.nodeViews()) {
    if (view.status == cluster::Status::left) continue;
    NodeFacts each;
    each.name = view.name;
    each.address = view.api.text();
    each.status = view.status == cluster::Status::failed ? "down" : "ready";
    each.containers = static_cast<int64_t>(view.record.containers);
    each.running = static_cast<int64_t>(view.record.running);
    each.nanoCpus = static_cast<int64_t>(view.record.cpus) * 1'000'000'000;
    each.reservedNanoCpus = static_cast<int64_t>(view.record.reservedNanoCpus);
    each.memory = static_cast<int64_t>(view.record.memory);
    each.reservedMemory = static_cast<int64_t>(view.record.reservedMemory);
    each.engineVersion = view.record.engineVersion;
    for (const auto& [key, value] : view.record.labels)
      each.labels.push_back(std::string(key).append("=").append(value));
    each.roundTrip = view.roundTrip;
    each.lastError = view.record.lastError;
    facts.push_back(std::move(each));
  }
  std::string self(parts_.agent.self().text());
  std::string swarm = parts_.swarm.infoSection();
  Merge merge = [this, facts, self, swarm](const std::vector<catalog::NodeAnswer>& answers) {
    std::string body = mergeInfo(answers, self, facts, imageCounts(answers), labels::keyLine());
    std::optional<docker::JsonObject> object = docker::JsonObject::parse(body);
    if (object) object->set("Swarm", swarm);
    if (object) body = object->text();
    std::vector<std::string> warnings =
        orchestrator::volumeWarnings(parts_.agent, parts_.held, parts_.index);
    if (std::string waits = parts_.agent.rotationWaits(); !waits.empty())
      warnings.push_back("WARNING: the rotation of the CA waits for " + waits);
    return warnings.empty() ? body : scheduler::withWarnings(body, warnings);
  };
  co_await merged(client, match, std::move(merge));
}

base::Task<> Federation::version(Client& client, RouteMatch match) {
  std::vector<DroverVersion> drovers;
  for (const cluster::NodeView& view : parts_.agent.nodeViews()) {
    if (view.status == cluster::Status::left) continue;
    drovers.push_back({view.name, view.record.droverVersion});
  }
  std::string self(parts_.agent.self().text());
  Merge merge = [drovers, self](const std::vector<catalog::NodeAnswer>& answers) {
    return mergeVersion(answers, self, drovers);
  };
  co_await merged(client, match, std::move(merge));
}

base::Task<> Federation::events(Client& client, RouteMatch match) {
  // A query that we cannot read goes to all as it is: they refuse it, or understand more than we
  // do.
  std::optional<docker::FilteredQuery> query = docker::parseFilteredQuery(match.query);
  std::vector<std::string> wanted;
  if (query) wanted = docker::takeNodeFilter(*query);
  std::string text = query ? query->text() : std::string(match.query);
  std::string target = withQuery(versionPrefix(match) + "/events", text);
  EventStream stream(parts_.loop, parts_.engine, parts_.agent, parts_.log);
  co_await stream.run(client, parts_.local.commonHeaders(), std::move(target), std::move(wanted));
}

base::Task<> Federation::rebalance(Client& client) {
  base::HttpReply reply = co_await parts_.rebalancing.run(client.upstream);
  co_await sendJson(client, reply.status, parts_.local.commonHeaders(), reply.body);
}

}  // namespace proxy
