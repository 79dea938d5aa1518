#include "proxy/api/image_calls.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include "base/json.h"
#include "base/url.h"
#include "catalog/fan_out.h"
#include "catalog/merge_errors.h"
#include "catalog/stale_tags.h"
#include "docker/heads.h"
#include "docker/image_reference.h"
#include "docker/status_text.h"
#include "proxy/api/chosen_answer.h"
#include "proxy/http/json_body.h"
#include "proxy/http/respond.h"
#include "proxy/merge/merge_lists.h"
#include "proxy/merge/merge_usage.h"
#include "proxy/merge/repository.h"
#include "scheduler/build_placement.h"

namespace proxy {
namespace {

constexpr base::milliseconds diskTimeout(120'000);

// Whether a list is cut at an image.
bool isCut(const docker::FilteredQuery& query) {
  return !query.lastValue("before").empty() || !query.lastValue("since").empty();
}

int64_t createdIn(std::string_view inspection) {
  rapidjson::Document json = base::parseJson(inspection);
  return docker::parseTime(base::text(json, "Created"));
}

}  // namespace

// ---- lists

base::Task<> ImageCalls::list(Exchange& exchange, RouteMatch match) {
  std::optional<docker::FilteredQuery> query = docker::parseFilteredQuery(match.query);
  if (query && isCut(*query)) return cutList(exchange, match, std::move(*query));
  bool byName = query && !query->values("reference").empty();
  return parts_.all.answer(exchange, match, {},
                           [this, byName](const auto& answers) { return merge(answers, byName); });
}

base::Task<ImageCalls::Anchor> ImageCalls::anchor(std::string image) {
  Anchor found;
  if (image.empty()) co_return found;
  std::string object = base::encodeQueryValue(image);
  found.located = co_await parts_.locator.find(catalog::Kind::image, object);
  if (!found.located.node) co_return found;
  catalog::NodeReply reply = co_await parts_.nodeClient.get(
      *found.located.node, "/images/" + object + "/json", catalog::lookupTimeout);
  if (reply.status == 200) {
    found.created = createdIn(reply.body);
  } else {
    found.located.node.reset();
    found.located.status = 503;
  }
  co_return found;
}

// When these images of a node were made; without those that are gone meanwhile.
base::Task<std::map<std::string, int64_t>> ImageCalls::momentsOf(std::vector<std::string> ids,
                                                                 cluster::Node node) {
  std::map<std::string, int64_t> moments;
  for (const std::string& id : ids) {
    catalog::NodeReply reply =
        co_await parts_.nodeClient.get(node, "/images/" + id + "/json", catalog::lookupTimeout);
    if (reply.status == 200) moments[id] = createdIn(reply.body);
  }
  co_return moments;
}

base::Task<> ImageCalls::cutList(Exchange& exchange, RouteMatch match,
                                 docker::FilteredQuery query) {
  ImageFilter window;
  std::string before = query.lastValue("before");
  std::string since = query.lastValue("since");
  Anchor early = co_await anchor(before);
  Anchor late = co_await anchor(since);
  bool known = (before.empty() || early.created) && (since.empty() || late.created);
  if (!known) {
    // That no engine has it, ours says in its own words.
    co_await parts_.local.passThrough(exchange, match);
    co_return;
  }
  window.before = early.created;
  window.since = late.created;
  query.erase("before");
  query.erase("since");

  std::vector<std::string> wanted = docker::takeNodeFilter(query);
  std::vector<cluster::Node> nodes = parts_.nodes.nodes();
  std::erase_if(nodes, [&](const cluster::Node& node) {
    return !docker::wantsNode(wanted, node.id.text(), node.name);
  });
  std::string_view target = exchange.request().target();
  std::string asked(target.substr(0, target.find('?')));
  std::string text = query.text();
  if (!text.empty()) asked += "?" + text;
  base::HttpCall call = base::httpGet(std::move(asked), catalog::listTimeout, parts_.maxBody);
  std::vector<catalog::NodeReply> replies =
      co_await catalog::askAll(parts_.engine, std::move(nodes), std::move(call));
  catalog::Chosen chosen = catalog::chooseList(catalog::outcomesOf(replies));
  if (chosen.status != 200) {
    co_await sendChosen(exchange, chosen, replies, parts_.local.commonHeaders());
    co_return;
  }
  std::vector<catalog::NodeAnswer> answers;
  for (catalog::NodeReply& each : replies) {
    if (each.status != 200) continue;
    cluster::Node node = each.node;
    catalog::NodeAnswer answer = catalog::answerOf(std::move(each));
    std::vector<std::string> undecided = undecidedImages(answer, window);
    std::map<std::string, int64_t> exact =
        co_await momentsOf(std::move(undecided), std::move(node));
    answer.body = imagesWithin(answer, window, exact);
    answers.push_back(std::move(answer));
  }
  std::string body = merge(std::move(answers), !query.values("reference").empty());
  co_await sendJson(exchange, 200, parts_.local.commonHeaders(), body);
}

catalog::IsStaleTag ImageCalls::staleness() const {
  return [this](std::string_view nodeId, std::string_view tag, std::string_view image) {
    std::optional<cluster::NodeId> node = cluster::NodeId::parse(nodeId);
    return node && parts_.locator.isStale(*node, tag, image);
  };
}

std::string ImageCalls::merge(std::vector<catalog::NodeAnswer> answers, bool byName) const {
  catalog::IsStaleTag isStale = staleness();
  for (catalog::NodeAnswer& each : answers)
    each.body = catalog::withoutStaleTags(each, isStale, byName);
  return mergeImages(answers);
}

// ---- wherever it is

base::Task<> ImageCalls::tag(Exchange& exchange, RouteMatch match) {
  catalog::Locator::Images found = co_await parts_.locator.findImages(std::string(match.object));
  std::vector<cluster::Node> holders = std::move(found.holders);
  std::move(found.users.begin(), found.users.end(), std::back_inserter(holders));
  if (holders.empty() && found.stale.empty()) {
    co_await parts_.local.passThrough(exchange, match);  // the engine says that there is none
    co_return;
  }
  if (holders.empty()) {
    catalog::Located located =
        co_await parts_.locator.find(catalog::Kind::image, std::string(match.object));
    co_await sendError(exchange, located.status, parts_.local.commonHeaders(),
                       docker::errorMessage(located.body), !exchange.reader.bodyDone());
    co_return;
  }
  base::HttpCall call = passedOn(exchange.request(), {}, diskTimeout, parts_.maxBody);
  docker::ContainerListCache::Change change(parts_.lists, match.route().effect, match.object);
  std::vector<catalog::NodeReply> replies =
      co_await catalog::askAll(parts_.engine, std::move(holders), std::move(call));
  change.answered(200, {});
  catalog::Chosen chosen = catalog::chooseChange(catalog::outcomesOf(replies));
  co_await sendChosen(exchange, chosen, replies, parts_.local.commonHeaders());
}

base::Task<> ImageCalls::remove(Exchange& exchange, RouteMatch match) {
  catalog::Locator::Images found = co_await parts_.locator.findImages(std::string(match.object));
  if (!found.fault.empty()) {
    std::string why = "nothing was removed: " + found.fault;
    co_await sendError(exchange, 503, parts_.local.commonHeaders(), std::move(why),
                       !exchange.reader.bodyDone());
    co_return;
  }
  if (found.users.empty() && found.holders.empty()) {
    if (found.stale.empty()) {
      co_await parts_.local.passThrough(exchange, match);  // the engine says that there is none
      co_return;
    }
    found.holders.swap(found.stale);
  }
  base::HttpCall call = passedOn(exchange.request(), {}, diskTimeout, parts_.maxBody);
  docker::ContainerListCache::Change change(parts_.lists, match.route().effect, match.object);
  std::vector<catalog::NodeReply> replies =
      co_await catalog::askAll(parts_.engine, std::move(found.users), call);
  catalog::Chosen chosen = catalog::chooseChange(catalog::outcomesOf(replies));
  bool refused = !replies.empty() && chosen.status >= 400 && chosen.status != 404;
  if (!refused) {
    // Of the former image the name goes, too. Whether it can is no concern of the client's.
    co_await catalog::askAll(parts_.engine, std::move(found.stale), call);
    std::vector<catalog::NodeReply> more =
        co_await catalog::askAll(parts_.engine, std::move(found.holders), call);
    std::move(more.begin(), more.end(), std::back_inserter(replies));
    chosen = catalog::chooseChange(catalog::outcomesOf(replies));
  }
  change.answered(200, {});
  if (chosen.status != 200) {
    co_await sendChosen(exchange, chosen, replies, parts_.local.commonHeaders());
    co_return;
  }
  std::string body = mergeImageDelete(catalog::successesOf(std::move(replies)));
  co_await sendJson(exchange, 200, parts_.local.commonHeaders(), body);
}

// ---- brought together

base::Task<> ImageCalls::save(Exchange& exchange, RouteMatch match) {
  std::vector<std::string> images;
  if (!match.object.empty()) {
    images.push_back(base::decodePath(match.object).value_or(std::string(match.object)));
  } else {
    for (const auto& [key, value] : docker::parseQuery(match.query).parameters) {
      if (key == "names") images.push_back(value);
    }
  }
  for (const std::string& image : images) {
    Gathered gathered = std::optional<cluster::Node>();
    std::optional<docker::ImageReference> named = docker::parseImageReference(image);
    if (named && !named->namesOne()) gathered = co_await gather(image, true);
    base::Status brought = gathered.status();
    if (brought.ok() && !gathered.value()) brought = co_await bringHere(image);
    if (brought.ok()) continue;
    co_await sendError(exchange, 503, parts_.local.commonHeaders(), brought.why(), false);
    co_return;
  }
  co_await parts_.local.passThrough(exchange, match);
}

// If another node has it and we do not. Of one that nobody has, engines tell.
base::Task<base::Status> ImageCalls::bringHere(std::string image) {
  catalog::Locator::Holders holders =
      co_await parts_.locator.holders(catalog::Kind::image, base::encodeQueryValue(image));
  bool here = std::any_of(holders.up.begin(), holders.up.end(),
                          [](const cluster::Node& node) { return node.self; });
  if (!holders.fault.empty() && (here || holders.up.empty()))
    co_return base::Status::failed(std::move(holders.fault));
  if (here || holders.up.empty()) co_return base::Status();
  for (cluster::Node& each : parts_.nodes.nodes()) {
    if (each.self) co_await parts_.transfer.send(image, holders.up.front(), std::move(each));
  }
  co_return base::Status();
}

// All tags of a repository, to us or to the node that has most of them.
base::Task<ImageCalls::Gathered> ImageCalls::gather(std::string repository, bool here) {
  docker::FilteredQuery query;
  std::string name = docker::imageRepository(repository);
  query.filters.push_back({"reference", "[" + docker::jsonString(name) + "]", {}});
  std::vector<cluster::Node> nodes = parts_.nodes.nodes();
  // Of those that have equally many the first is taken: rather us.
  std::stable_partition(nodes.begin(), nodes.end(), [](const auto& node) { return node.self; });
  base::HttpCall call =
      base::httpGet("/images/json?" + query.text(), catalog::listTimeout, parts_.maxBody);
  std::vector<catalog::NodeReply> replies =
      co_await catalog::askAll(parts_.engine, std::move(nodes), std::move(call));
  std::erase_if(replies, [](const catalog::NodeReply& reply) { return reply.status != 200; });
  std::vector<cluster::Node> holders;
  std::set<cluster::NodeId> answered;
  for (const catalog::NodeReply& each : replies) {
    holders.push_back(each.node);
    answered.insert(each.node.id);
  }
  std::optional<cluster::Node> nobody;
  // Should our own engine not answer, it tells so when it is asked to save.
  if (here && (holders.empty() || !holders.front().self)) co_return nobody;
  std::vector<catalog::NodeAnswer> answers = catalog::successesOf(std::move(replies));
  catalog::IsStaleTag isStale = staleness();
  for (catalog::NodeAnswer& each : answers)
    each.body = catalog::withoutStaleTags(each, isStale, true);
  std::optional<size_t> at;
  if (here) at = 0;
  Gathering gathering = gatherTags(answers, name, at);
  std::optional<std::string> fault = parts_.locator.faultOfTags(name, answered);
  if (fault) co_return base::Status::failed(std::move(*fault));
  if (gathering.tags.empty()) co_return nobody;
  std::optional<cluster::Node> place = holders[gathering.at];
  for (const Gathering::Fetch& each : gathering.missing)
    co_await parts_.transfer.send(each.image, holders[each.from], *place);
  co_return place;
}

// Without a tag it is about all tags of the repository.
base::Task<> ImageCalls::push(Exchange& exchange, RouteMatch match) {
  std::string name = base::decodePath(match.object).value_or(std::string(match.object));
  std::optional<docker::ImageReference> pushed =
      docker::parseImageReference(name, docker::parseQuery(match.query).value("tag"));
  if (!pushed || !pushed->namesOne()) {
    co_await pushAll(exchange, match, std::move(name));
    co_return;
  }
  ObjectCalls::Owner owner = co_await parts_.objects.ownerOf(
      exchange, catalog::Kind::image, base::encodeQueryValue(pushed->listed()));
  if (owner.node) co_await parts_.objects.send(exchange, match, std::move(*owner.node));
}

base::Task<> ImageCalls::pushAll(Exchange& exchange, RouteMatch match, std::string repository) {
  Gathered gathered = co_await gather(std::move(repository), false);
  if (!gathered.ok()) {
    co_await sendError(exchange, 503, parts_.local.commonHeaders(), gathered.why(),
                       !exchange.reader.bodyDone());
  } else if (!gathered.value()) {
    co_await parts_.local.passThrough(exchange, match);  // the engine says that there is none
  } else {
    co_await parts_.objects.send(exchange, match, std::move(*gathered.value()));
  }
}

// ---- where it is to be

base::Task<> ImageCalls::pull(Exchange& exchange, RouteMatch match) {
  std::optional<cluster::Node> node = parts_.creation.nodeForPull(match.query);
  if (node) {
    co_await parts_.objects.send(exchange, match, std::move(*node));
  } else {
    co_await parts_.local.passThrough(exchange, match);
  }
}

base::Task<> ImageCalls::build(Exchange& exchange, RouteMatch match) {
  catalog::Located located =
      scheduler::nodeForBuild(match.query, parts_.scheduler, parts_.locator, parts_.nodes.self());
  if (located.node) {
    co_await parts_.objects.send(exchange, match, std::move(*located.node));
  } else {
    co_await parts_.objects.sendLocated(exchange, located);
  }
}

base::Task<> ImageCalls::prune(Exchange& exchange, RouteMatch match) {
  return parts_.all.prune(exchange, match, "images");
}

}  // namespace proxy
