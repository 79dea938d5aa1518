#include "proxy/api/container_list_calls.h"

#include <algorithm>
#include <optional>

#include "base/http_heads.h"
#include "base/json.h"
#include "base/url.h"
#include "catalog/fan_out.h"
#include "catalog/merge_errors.h"
#include "catalog/node_client.h"
#include "catalog/offline_lists.h"
#include "docker/heads.h"
#include "proxy/http/respond.h"
#include "proxy/merge/merge_containers.h"

namespace proxy {
namespace {

// Lists that are kept, and merged ones.
constexpr size_t maxKept = 256;

std::string listTarget(const RouteMatch& match, const std::string& query) {
  std::string target = match.version.empty() ? "" : "/v" + std::string(match.version);
  target += "/containers/json";
  return query.empty() ? target : target + "?" + query;
}

catalog::NodeAnswer answerOf(const cluster::Node& node, std::string body) {
  return {std::string(node.id.text()), node.name, node.address, std::move(body)};
}

}  // namespace

base::Task<> ContainerListCalls::answer(Exchange& exchange, RouteMatch match) {
  std::optional<ContainerListPlan> plan = planContainerList(match.query);
  if (!plan) {
    co_await refuse(exchange, match);
    co_return;
  }
  catalog::Located missing = co_await anchor(*plan);
  if (missing.status == 200) missing = co_await ancestors(*plan);
  if (missing.status != 200) {
    co_await sendJson(exchange, missing.status, local_.commonHeaders(), missing.body);
    co_return;
  }
  std::vector<Part> parts = co_await ask(match, *plan);
  bool anyUp =
      std::any_of(parts.begin(), parts.end(), [](const Part& each) { return each.status == 200; });
  for (Part& each : parts) {
    // A node whose engine is away is as good as down.
    if (anyUp && each.status >= 500) each.status = 0;
    if (each.status == 0 || each.status == 200) continue;
    co_await sendAnswer(exchange, each.status, each.head, *each.body);
    co_return;
  }
  std::string target(exchange.request().target());
  Body body = merged(target, *plan, std::move(parts));
  co_await sendJson(exchange, 200, local_.commonHeaders(), *body);
}

// A query that we cannot read, in our engine's words. Should it understand more than we do, its
// containers are not those of all.
base::Task<> ContainerListCalls::refuse(Exchange& exchange, RouteMatch match) {
  std::string target = listTarget(match, std::string(match.query));
  base::HttpReply reply =
      co_await engine_.call(base::httpGet(target, catalog::listTimeout, maxBody_));
  if (reply.status >= 400) {
    co_await sendAnswer(exchange, reply.status, reply.head, reply.body);
    co_return;
  }
  co_await sendError(exchange, 400, local_.commonHeaders(),
                     "droverd cannot parse this query, so it cannot answer it for all nodes",
                     false);
}

// Where the containers that `before` and `since` name stand, by the word of their engines. Else the
// answer to the client, if one is missing or cannot be asked for.
base::Task<catalog::Located> ContainerListCalls::anchor(ContainerListPlan& plan) {
  struct {
    const std::string& object;
    std::optional<ListAnchor>& at;
  } anchors[] = {{plan.before, plan.beforeAt}, {plan.since, plan.sinceAt}};
  catalog::Located answer;
  answer.status = 200;
  for (auto& each : anchors) {
    if (each.object.empty()) continue;
    std::string object = base::encodeQueryValue(each.object);
    catalog::Located located = co_await locator_.find(catalog::Kind::container, object);
    if (!located.node && catalog::isSilence(located.status)) co_return located;
    std::optional<docker::ContainerTimes> times;
    std::string id;
    if (located.node) {
      base::HttpCall call =
          base::httpGet("/containers/" + object + "/json", catalog::listTimeout, maxBody_);
      base::HttpReply reply =
          co_await catalog::clientFor(engine_, *located.node).call(std::move(call));
      times = docker::parseInspect(reply.body);
      id = base::text(base::parseJson(reply.body), "Id");
    }
    if (!times) {
      answer.status = 404;
      answer.body = docker::errorBody("No such container: " + each.object);
      break;
    }
    each.at = ListAnchor{std::string(located.node->id.text()), id, times->created};
  }
  co_return answer;
}

// The images that `ancestor` names, and what was made of them on any node.
base::Task<catalog::Located> ContainerListCalls::ancestors(ContainerListPlan& plan) {
  catalog::Located answer;
  answer.status = 200;
  std::vector<std::string> named = plan.rest.values("ancestor");
  if (named.empty()) co_return answer;
  catalog::ImageIds ids;
  for (const std::string& each : named) {
    catalog::Located located =
        co_await locator_.find(catalog::Kind::image, base::encodeQueryValue(each));
    if (!located.node && catalog::isSilence(located.status)) co_return located;
    if (located.node) {
      ids.emplace(base::text(base::parseJson(located.body), "Id"));
      continue;
    }
    // Nodes that are down may have it, and containers of it. One that nobody has is passed over, as
    // by engines.
    for (std::string& id : locator_.recordedImages(each)) ids.insert(std::move(id));
  }
  base::HttpCall call = base::httpGet("/images/json?all=1", catalog::listTimeout, maxBody_);
  std::vector<cluster::Node> nodes = nodes_.nodes();
  std::vector<catalog::NodeReply> replies =
      co_await catalog::askAll(engine_, std::move(nodes), std::move(call));
  std::vector<catalog::NodeAnswer> images = catalog::successesOf(std::move(replies));
  plan.images = catalog::withDescendants(std::move(ids), images);
  plan.rest.erase("ancestor");
  co_return answer;
}

// All nodes that are wanted, at once.
base::Task<std::vector<ContainerListCalls::Part>> ContainerListCalls::ask(
    RouteMatch match, const ContainerListPlan& plan) {
  std::vector<Part> parts;
  for (cluster::Node& node : nodes_.nodes()) {
    if (!docker::wantsNode(plan.nodes, node.id.text(), node.name)) continue;
    parts.emplace_back();
    parts.back().node = std::move(node);
  }
  std::string query = plan.query();
  std::string target = listTarget(match, query);
  base::Scope asking([](std::exception_ptr) {});
  for (Part& part : parts) {
    if (part.node.self) {
      asking.spawn(askSelf(match, query, part));
    } else if (part.node.up) {
      asking.spawn(askOther(target, part));
    }
  }
  while (!asking.empty()) co_await asking.taskEnded().wait();
  co_return parts;
}

base::Task<> ContainerListCalls::askSelf(RouteMatch match, std::string query, Part& part) {
  std::string target = listTarget(match, query);
  std::optional<docker::RenderedList> list = co_await lists_.answer(match.version, query, true);
  if (list) {
    part.status = 200;
    part.body = std::move(list->body);
    co_return;
  }
  try {
    base::HttpCall call = base::httpGet(std::move(target), catalog::listTimeout, maxBody_);
    base::HttpReply reply = co_await engine_.call(std::move(call));
    part.status = reply.status;
    part.head = std::move(reply.head);
    part.body = std::make_shared<const std::string>(std::move(reply.body));
  } catch (const std::exception&) {
    // As one that is down.
  }
}

// Of a node that says that nothing changed since we asked last, what it said then. What is kept may
// be replaced while we ask, by an answer that is older than ours.
base::Task<> ContainerListCalls::askOther(std::string target, Part& part) {
  std::pair<cluster::NodeId, std::string> key(part.node.id, target);
  base::HttpCall call = base::httpGet(std::move(target), catalog::listTimeout, maxBody_);
  Kept known;
  if (auto kept = kept_.find(key); kept != kept_.end()) known = kept->second;
  if (known.body) call.headers = "If-None-Match: " + known.tag + "\r\n";
  try {
    base::HttpReply reply = co_await part.node.http->call(std::move(call));
    if (reply.status == 304 && known.body) {
      part.status = 200;
      part.body = known.body;
      co_return;
    }
    part.body = std::make_shared<const std::string>(std::move(reply.body));
    part.status = reply.status;
    part.head = std::move(reply.head);
    std::string tag = base::storedHeader(part.head, "ETag");
    if (reply.status == 200 && !tag.empty()) keep(std::move(key)) = {std::move(tag), part.body};
  } catch (const std::exception&) {
    // As one that is down.
  }
}

ContainerListCalls::Kept& ContainerListCalls::keep(std::pair<cluster::NodeId, std::string> key) {
  if (kept_.size() >= maxKept && !kept_.contains(key)) kept_.clear();
  return kept_[std::move(key)];
}

// The list of last time, if it was made of the same.
ContainerListCalls::Body ContainerListCalls::merged(const std::string& target,
                                                    const ContainerListPlan& plan,
                                                    std::vector<Part> parts) {
  std::vector<Body> bodies;
  std::vector<catalog::NodeAnswer> down;
  for (const Part& each : parts) {
    bodies.push_back(each.body);
    if (each.status == 0)
      down.push_back(
          answerOf(each.node, catalog::recordedContainers(records_, index_, each.node.id)));
  }
  auto kept = keptMerges_.find(target);
  if (down.empty() && kept != keptMerges_.end() && kept->second.parts == bodies &&
      kept->second.images == plan.images)
    return kept->second.body;

  std::vector<catalog::NodeAnswer> answers;
  for (const Part& each : parts) {
    if (each.status == 200) answers.push_back(answerOf(each.node, *each.body));
  }
  PublishedPorts ports;
  ports.asked = nodes_.self().text();
  bool isWhole = down.empty();
  auto merge = [&](const std::vector<catalog::NodeAnswer>& sound) {
    return mergeContainers(plan, sound, down, ports);
  };
  auto isWrong = [&](const catalog::MergeError& wrong) {
    isWhole = false;
    log_.warn("node did not answer, list is incomplete",
              {{"node", wrong.nodeName()}, {"reason", wrong.what()}});
  };
  Body body =
      std::make_shared<const std::string>(catalog::mergeSound(std::move(answers), merge, isWrong));
  if (!isWhole) return body;
  if (keptMerges_.size() >= maxKept) keptMerges_.clear();
  keptMerges_[target] = {std::move(bodies), plan.images, body};
  return body;
}

}  // namespace proxy
