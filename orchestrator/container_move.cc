#include "orchestrator/container_move.h"

#include <algorithm>
#include <optional>

#include "base/json.h"
#include "catalog/container_spec.h"
#include "cluster/agent_error.h"
#include "docker/heads.h"
#include "labels/decode.h"

namespace orchestrator {
namespace {

// No record tells of restarts and of health, so its engine is asked.
constexpr base::milliseconds pollEvery(250);
// Without a healthcheck it has to run for so long; with one to be healthy within so long.
constexpr base::milliseconds steadyFor(2'000);
constexpr base::milliseconds healthyWithin(5 * 60 * 1000);
// What waits to take a place is left alone for so long after it was seen first.
constexpr base::milliseconds leftAfter(20'000);

// With the node's name, if it is the node that says why not.
base::Status outcomeOf(const catalog::NodeReply& reply) {
  if (reply.done || reply.status == 0) return reply.outcome();
  return base::Status::failed("on node " + reply.node.name + ": " + reply.why());
}

// What an inspection tells of how it is.
struct Condition {
  bool running = false;
  bool restarted = false;
  std::string health;  // empty: it has no healthcheck
};

Condition conditionIn(std::string_view inspection) {
  rapidjson::Document json = base::parseJson(inspection);
  Condition condition;
  condition.restarted = base::number(json, "RestartCount") > 0;
  const rapidjson::Value* state = base::member(json, "State");
  if (!state) return condition;
  condition.running = base::isTrue(*state, "Running") && !base::isTrue(*state, "Restarting") &&
                      !base::isTrue(*state, "Paused");
  const rapidjson::Value* health = base::member(*state, "Health");
  if (health) condition.health = base::text(*health, "Status");
  if (condition.health == "none") condition.health.clear();
  return condition;
}

}  // namespace

bool isHealthy(std::string_view inspection) {
  Condition condition = conditionIn(inspection);
  return condition.running && (condition.health.empty() || condition.health == "healthy");
}

base::Task<base::Result<std::string>> ContainerMove::run(std::string container, cluster::Node from,
                                                         cluster::Node to) {
  base::Status fault;
  try {
    base::Result<std::string> moved =
        co_await attempt(std::move(container), std::move(from), std::move(to));
    co_return moved;
  } catch (const std::exception& failed) {
    fault = base::Status::failed(failed.what());
  }
  co_return fault;
}

base::Task<base::Result<std::string>> ContainerMove::attempt(std::string container,
                                                             cluster::Node from, cluster::Node to) {
  const catalog::ContainerIndex::Entry* entry = parts_.index.find(container).entry;
  const cluster::Record* record =
      parts_.records.find(from.id, std::string(catalog::specRecords) + container);
  if (!entry || entry->second.names.empty() || !record)
    co_return base::Status::failed("its spec is not known");
  uint64_t version = record->version;
  std::string name = entry->second.names.front();
  std::vector<std::string> addresses =
      parts_.scheduler.publishAddresses(std::string(from.id.text()));
  docker::CreateRequest request(record->value);
  request.dropPublishAddresses(addresses);
  labels::Decoded asked = labels::decode(request);
  if (asked.problem) co_return base::Status::failed(asked.problem->message());
  asked.policy.replaces = container;
  std::string waiting = movingName(name, container);
  base::Result<std::string> made = co_await parts_.creation.createInternal(
      std::move(asked.policy), std::move(request), waiting, to);
  if (!made.ok()) co_return made.status();
  std::string successor = std::move(made.value());
  catalog::NodeReply started = co_await parts_.nodeClient.start(to, successor);
  base::Status ready = outcomeOf(started);
  if (ready.ok()) ready = co_await awaitHealth(to, successor);
  if (ready.ok()) {
    // It may have been changed, stopped or removed meanwhile.
    catalog::NodeReply now = co_await parts_.nodeClient.inspect(from, container);
    record = parts_.records.find(from.id, std::string(catalog::specRecords) + container);
    bool isSame = now.status == 200 && isHealthy(now.body) && record && record->version == version;
    if (!isSame) ready = base::Status::failed("it was changed while its successor was started");
    if (now.status == 0) ready = now.outcome();
  }
  if (!ready.ok()) {
    base::Status removed = co_await remove(to, successor, waiting);
    if (removed.ok()) co_return ready;
    co_return base::Status::failed(ready.why() +
                                   "; its successor was not removed yet: " + removed.why());
  }
  Pair pair{name, container, std::move(from), successor, std::move(to)};
  base::Status finished = co_await finish(std::move(pair));
  if (!finished.ok()) co_return finished;
  co_return successor;
}

base::Task<base::Status> ContainerMove::awaitHealth(cluster::Node node, std::string id) {
  base::Time began = parts_.loop.now();
  base::Time steadySince = began;
  for (;;) {
    catalog::NodeReply reply = co_await parts_.nodeClient.inspect(node, id);
    if (reply.status != 200) co_return outcomeOf(reply);
    Condition condition = conditionIn(reply.body);
    base::Time now = parts_.loop.now();
    if (condition.health == "unhealthy")
      co_return base::Status::failed("its successor on node " + node.name + " is not healthy");
    if (!condition.running || condition.restarted)
      co_return base::Status::failed("its successor on node " + node.name +
                                     " does not keep running");
    if (condition.health == "healthy") co_return base::Status();
    if (condition.health.empty() && now >= steadySince + steadyFor) co_return base::Status();
    if (now >= began + healthyWithin)
      co_return base::Status::failed("its successor on node " + node.name +
                                     " did not become healthy in time");
    co_await base::sleepFor(parts_.loop, pollEvery);
  }
}

// The successor is there and well. Whatever goes wrong from here on is settled later.
base::Task<base::Status> ContainerMove::finish(Pair pair) {
  std::string waiting = movingName(pair.name, pair.old);
  base::Status kept = co_await parts_.names.keep(pair.name, pair.old);
  if (!kept.ok()) {
    // What is not removed now is left to settle().
    [[maybe_unused]] base::Status removed = co_await remove(pair.to, pair.successor, waiting);
    co_return kept;
  }
  catalog::NodeReply stopped = co_await parts_.nodeClient.stop(pair.from, pair.old);
  if (!stopped.done) co_return outcomeOf(stopped);
  // A long stop may have outlived the claim, not the container that has the name.
  kept = co_await parts_.names.keep(pair.name, pair.old);
  if (!kept.ok()) co_return kept;
  base::Status removed = co_await remove(pair.from, pair.old, pair.name);
  if (!removed.ok()) co_return removed;
  base::Status handed = co_await handName(std::move(pair));
  co_return handed;
}

base::Task<base::Status> ContainerMove::handName(Pair pair) {
  base::JsonWriter json;
  json.object().member("container", pair.successor).member("name", pair.name);
  json.member("gone", pair.old).member("node", pair.from.id.text()).endObject();
  std::string request = json.text();
  if (pair.to.self) {
    base::Status taken;
    try {
      co_await takeName(std::move(request));
    } catch (const std::exception& refused) {
      taken = base::Status::failed(refused.what());
    }
    co_return taken;
  }
  catalog::NodeReply reply = co_await catalog::postToPeer(
      parts_.causality, std::move(pair.to), "/drover/v1/take-name", std::move(request));
  co_return outcomeOf(reply);
}

base::Task<> ContainerMove::takeName(std::string request) {
  rapidjson::Document json = base::parseJson(request);
  std::string container(base::text(json, "container"));
  std::string name(base::text(json, "name"));
  std::string gone(base::text(json, "gone"));
  std::optional<cluster::NodeId> node = cluster::NodeId::parse(base::text(json, "node"));
  if (container.empty() || name.empty() || gone.empty() || !node)
    throw cluster::AgentError(400, "a container, a name and whose it was are needed");
  // Else it would be the younger one of two that have the name, and give way.
  parts_.index.remove(*node, gone);
  base::Status renamed = co_await parts_.renames.renameLocal(container, name, gone);
  if (!renamed.ok()) throw cluster::AgentError(409, renamed.why());
}

// ---- what is left

base::Task<> ContainerMove::settle() {
  struct Left {
    std::string id;
    cluster::Node node;
    MovingName name;
  };
  std::vector<Left> left;
  std::set<std::string> present;
  for (cluster::Node& node : parts_.nodes.nodes()) {
    for (const auto& [id, entry] : parts_.index.of(node.id)) {
      std::optional<MovingName> name;
      for (const std::string& each : entry->second.names) {
        if (!name) name = parseMovingName(each);
      }
      if (!name) continue;
      present.insert(entry->first);
      base::Time since = seenSince_.try_emplace(entry->first, parts_.loop.now()).first->second;
      bool isLeft = node.up && parts_.loop.now() >= since + leftAfter;
      if (isLeft) left.push_back({entry->first, node, std::move(*name)});
    }
  }
  auto isOver = [&](const auto& each) { return !present.contains(each.first); };
  std::erase_if(seenSince_, isOver);
  std::erase_if(told_, [&](const std::string& each) { return !present.contains(each); });
  for (Left& each : left) {
    std::string id = each.id, name = each.name.name;
    base::Status settled;
    try {
      settled = co_await cleanUpOne(std::move(each.id), std::move(each.node), std::move(each.name));
    } catch (const std::exception& failed) {
      settled = base::Status::failed(failed.what());
    }
    if (settled.ok()) {
      parts_.log.info("cleaned up after an interrupted move", {{"container", id}, {"name", name}});
    } else if (told_.insert(id).second) {
      parts_.log.warn("cannot clean up after an interrupted move, retrying",
                      {{"container", id}, {"name", name}, {"reason", settled.why()}});
    }
  }
}

base::Task<base::Status> ContainerMove::cleanUpOne(std::string successor, cluster::Node to,
                                                   MovingName name) {
  std::string waiting = movingName(name.name, name.shortId);
  catalog::Located located = co_await parts_.locator.find(catalog::Kind::container, name.shortId);
  if (!located.node && located.status != 404)
    co_return base::Status::failed(docker::errorMessage(located.body));
  catalog::NodeReply mine = co_await parts_.nodeClient.inspect(to, successor);
  if (mine.status != 200) co_return base::Status::failed(mine.why());

  std::string old = name.shortId;
  std::optional<cluster::Node> from = located.node;
  bool isOld = false;
  if (from) {
    catalog::NodeReply reply = co_await parts_.nodeClient.inspect(*from, name.shortId);
    if (reply.status != 200 && reply.status != 404) co_return base::Status::failed(reply.why());
    isOld = reply.status == 200;
    if (isOld) old = base::text(base::parseJson(reply.body), "Id");
    bool goesOn = isOld && (conditionIn(reply.body).running || !isHealthy(mine.body));
    if (goesOn) {
      base::Status removed = co_await remove(to, successor, waiting);
      co_return removed;
    }
  }
  Pair pair{name.name, old, from ? *from : to, successor, to};
  if (isOld) {
    base::Status finished = co_await finish(std::move(pair));
    co_return finished;
  }
  base::Status handed = co_await handName(std::move(pair));
  co_return handed;
}

base::Task<base::Status> ContainerMove::remove(cluster::Node node, std::string id,
                                               std::string name) {
  catalog::NodeReply reply = co_await parts_.nodeClient.remove(node, id);
  if (reply.done) parts_.names.removed(node.id, id, {name});
  co_return outcomeOf(reply);
}

}  // namespace orchestrator
