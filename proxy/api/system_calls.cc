#include "proxy/api/system_calls.h"

#include <optional>
#include <set>
#include <string>
#include <utility>

#include "docker/filtered_query.h"
#include "docker/merge_json.h"
#include "labels/keys.h"
#include "orchestrator/volume_conflicts.h"
#include "proxy/api/event_stream.h"
#include "proxy/http/respond.h"
#include "proxy/merge/merge_usage.h"
#include "scheduler/placement_answers.h"

namespace proxy {

base::Task<> SystemCalls::info(Exchange& exchange, RouteMatch match) {
  AllNodes::Options options;
  options.takesNodeFilter = false;
  std::string self(parts_.agent.self().text());
  AllNodes::Merge merge = [this, facts = nodeFacts(), self, swarm = parts_.swarm.infoSection()](
                              const std::vector<catalog::NodeAnswer>& answers) {
    std::string body = mergeInfo(answers, self, facts, imageCounts(answers), labels::keyLine());
    std::optional<docker::JsonObject> object = docker::JsonObject::parse(body);
    if (object) object->set("Swarm", swarm);
    if (object) body = object->text();
    std::vector<std::string> warnings =
        orchestrator::volumeWarnings(parts_.agent, parts_.agent, parts_.objects, parts_.index);
    if (std::string waits = parts_.agent.rotationWaits(); !waits.empty())
      warnings.push_back("WARNING: CA rotation is waiting for " + waits);
    return warnings.empty() ? body : scheduler::withWarnings(body, warnings);
  };
  return parts_.all.answer(exchange, match, options, std::move(merge));
}

std::vector<NodeFacts> SystemCalls::nodeFacts() const {
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
  return facts;
}

// Of the nodes that answered.
ImageCounts SystemCalls::imageCounts(const std::vector<catalog::NodeAnswer>& answers) const {
  std::set<cluster::NodeId> nodes;
  for (const catalog::NodeAnswer& each : answers) {
    if (std::optional<cluster::NodeId> id = cluster::NodeId::parse(each.nodeId)) nodes.insert(*id);
  }
  ImageCounts counts;
  counts.distinct = static_cast<int64_t>(parts_.objects.distinct(docker::ObjectKind::image, nodes));
  for (const cluster::NodeId& each : nodes)
    counts.recorded +=
        static_cast<int64_t>(parts_.objects.distinct(docker::ObjectKind::image, {each}));
  return counts;
}

base::Task<> SystemCalls::version(Exchange& exchange, RouteMatch match) {
  std::vector<DroverVersion> drovers;
  for (const cluster::NodeView& view : parts_.agent.nodeViews()) {
    if (view.status == cluster::Status::left) continue;
    drovers.push_back({view.name, view.record.droverVersion});
  }
  AllNodes::Options options;
  options.takesNodeFilter = false;
  std::string self(parts_.agent.self().text());
  return parts_.all.answer(exchange, match, options, [drovers, self](const auto& answers) {
    return mergeVersion(answers, self, drovers);
  });
}

base::Task<> SystemCalls::events(Exchange& exchange, RouteMatch match) {
  // A query that we cannot read goes to all as it is: they refuse it, or understand more than we
  // do.
  std::optional<docker::FilteredQuery> query = docker::parseFilteredQuery(match.query);
  std::vector<std::string> wanted;
  if (query) wanted = docker::takeNodeFilter(*query);
  std::string text = query ? query->text() : std::string(match.query);
  std::string target = match.version.empty() ? "" : "/v" + std::string(match.version);
  target += "/events";
  if (!text.empty()) target += "?" + text;
  EventStream stream(parts_.loop, parts_.engine, parts_.agent, parts_.log);
  co_await stream.run(exchange, parts_.local.commonHeaders(), std::move(target), std::move(wanted));
}

base::Task<> SystemCalls::diskUsage(Exchange& exchange, RouteMatch match) {
  AllNodes::Options options;
  options.walksDisk = true;
  return parts_.all.answer(exchange, match, options,
                           [](const auto& answers) { return mergeDiskUsage(answers); });
}

base::Task<> SystemCalls::pruneBuilds(Exchange& exchange, RouteMatch match) {
  return parts_.all.prune(exchange, match, "build");
}

base::Task<> SystemCalls::rebalance(Exchange& exchange, RouteMatch) {
  base::HttpReply reply = co_await parts_.rebalancing.run(exchange.upstream);
  co_await sendJson(exchange, reply.status, parts_.local.commonHeaders(), reply.body);
}

}  // namespace proxy
