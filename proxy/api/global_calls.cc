#include "proxy/api/global_calls.h"

#include <algorithm>
#include <optional>

#include "base/json.h"
#include "orchestrator/container_removal.h"
#include "proxy/http/json_body.h"
#include "proxy/http/respond.h"
#include "scheduler/placement_answers.h"

namespace proxy {
namespace {

constexpr std::string_view onContainer = "/containers/{id}";

// The same for a copy. One that runs goes with its original, which may have ended.
std::string targetFor(const RouteMatch& match, const std::string& id) {
  std::string target = match.version.empty() ? "" : "/v" + std::string(match.version);
  target.append("/containers/").append(id);
  target.append(match.route().pattern.substr(onContainer.size()));
  std::string query(match.query);
  if (match.route().method == "DELETE") query += query.empty() ? "force=1" : "&force=1";
  return query.empty() ? target : target + "?" + query;
}

}  // namespace

base::Task<> GlobalCalls::change(Exchange& exchange, RouteMatch match) {
  ObjectCalls::Owner owner =
      co_await parts_.objects.owner(exchange, match, catalog::Kind::container);
  if (!owner.node) co_return;
  if (concerns(match)) {
    co_await handle(exchange, match, std::move(*owner.node));
  } else {
    co_await parts_.objects.send(exchange, match, std::move(*owner.node));
  }
}

bool GlobalCalls::concerns(const RouteMatch& match) const {
  if (parts_.index.globals().empty()) return false;
  if (match.route().method == "DELETE" && orchestrator::removesLink(match.query)) return false;
  return groupOf(match.object).has_value();
}

// The group of which this is the original.
std::optional<orchestrator::GlobalGroup> GlobalCalls::groupOf(std::string_view object) const {
  const catalog::ContainerIndex::Entry* entry = parts_.index.find(object).entry;
  if (!entry) return std::nullopt;
  auto global = parts_.index.globals().find(entry->first);
  bool isMarked = global != parts_.index.globals().end();
  orchestrator::GlobalMember member =
      orchestrator::globalMember(*entry, isMarked ? global->second.second : catalog::GlobalMark());
  std::vector<orchestrator::GlobalMember> members =
      orchestrator::globalMembers(parts_.index, parts_.nodes.clusterId(), member.group());
  // A sidekick is known by its copies.
  if (!isMarked && !members.empty()) members.push_back(std::move(member));
  std::vector<orchestrator::GlobalGroup> groups = orchestrator::globalGroups(std::move(members));
  bool leads = !groups.empty() && groups[0].original && groups[0].original->id == entry->first;
  if (!leads) return std::nullopt;
  return std::move(groups[0]);
}

base::Task<> GlobalCalls::handle(Exchange& exchange, RouteMatch match, cluster::Node node) {
  std::optional<orchestrator::GlobalGroup> group = groupOf(match.object);
  const Route& route = match.route();
  std::string body = co_await readBody(exchange, parts_.maxBody);
  // A stop may be among them.
  base::HttpCall call =
      passedOn(exchange.request(), std::move(body), catalog::stopTimeout, catalog::maxAnswer);
  exchange.upstream = parts_.nodeClient.clientFor(node).name();
  std::string object(match.object);
  catalog::NodeReply reply = co_await parts_.nodeClient.change(
      std::move(node), call, docker::Effect::container, std::move(object));
  reply.throwFault();
  if (!reply.done || !group) {
    co_await sendAnswer(exchange, reply.status, reply.head, reply.body);
    co_return;
  }

  if (route.method == "DELETE") wasRemoved(*group->original);
  // Those that have come meanwhile count, too.
  for (const orchestrator::GlobalMember& each :
       orchestrator::globalMembers(parts_.index, parts_.nodes.clusterId(), group->id)) {
    bool isKnown =
        each.id == group->original->id ||
        std::any_of(group->others.begin(), group->others.end(),
                    [&](const orchestrator::GlobalMember& other) { return other.id == each.id; });
    if (!isKnown) group->others.push_back(each);
  }
  std::vector<Answered> answers(group->others.size());
  base::Scope asking([](std::exception_ptr) {});
  for (size_t i = 0; i < group->others.size(); i++) {
    const orchestrator::GlobalMember& copy = group->others[i];
    if (!copy.mark.isCopy()) continue;
    base::HttpCall same = call;
    same.target = targetFor(match, copy.id);
    asking.spawn(apply(copy, std::move(same), answers[i]));
  }
  while (!asking.empty()) co_await asking.taskEnded().wait();

  std::vector<std::string> warnings;
  for (const Answered& each : answers) {
    if (each.done.ok()) continue;
    parts_.log.warn("global container: a replica could not be updated",
                    {{"container", group->original->name},
                     {"node", each.node},
                     {"call", std::string(route.method) + " " + std::string(route.pattern)},
                     {"reason", each.done.why()}});
    warnings.push_back(each.node + ": " + each.done.why());
  }
  if (route.pattern.ends_with("/update"))
    reply.body = scheduler::withWarnings(reply.body, warnings);
  co_await sendAnswer(exchange, reply.status, reply.head, reply.body);
}

base::Task<> GlobalCalls::apply(orchestrator::GlobalMember copy, base::HttpCall call,
                                Answered& answered) {
  std::optional<cluster::NodeId> id = cluster::NodeId::parse(copy.node);
  std::optional<cluster::Node> node = id ? parts_.locator.node(*id) : std::nullopt;
  answered.node = node ? node->name : copy.node;
  if (!node || !node->up) {
    answered.done = base::Status::failed("is down");
    co_return;
  }
  bool removes = call.method == "DELETE";
  catalog::NodeReply reply = co_await parts_.nodeClient.change(std::move(*node), std::move(call),
                                                               docker::Effect::container, copy.id);
  // Its own node may have been first, or be at it.
  bool isGone = removes && (reply.status == 404 || reply.status == 409);
  if (!isGone) answered.done = reply.outcome();
  if (removes && answered.done.ok()) wasRemoved(copy);
}

void GlobalCalls::wasRemoved(const orchestrator::GlobalMember& member) {
  std::optional<cluster::NodeId> node = cluster::NodeId::parse(member.node);
  if (node) parts_.names.removed(*node, member.id, {member.name});
}

}  // namespace proxy
