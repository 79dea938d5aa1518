#include "orchestrator/create_order.h"

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/json.h"
#include "docker/filtered_query.h"
#include "docker/query.h"
#include "orchestrator/moving_name.h"
#include "orchestrator/name_claims.h"

namespace orchestrator {
namespace {

// Headers of the request that the engine's answer depends on.
std::string passedHeaders(const base::Head& request) {
  std::string headers;
  for (std::string_view name :
       {"Content-Type", "X-Registry-Auth", "X-Registry-Config", "User-Agent"}) {
    if (std::optional<std::string_view> value = request.find(name))
      headers.append(name).append(": ").append(*value).append("\r\n");
  }
  return headers;
}

// The label that means the same as an element of Env, as classic Swarm kept them: of the container
// that is made nothing else would tell what was asked for. An affinity to the container that it
// replaces is left out.
std::string_view labelFor(std::string_view expression) {
  constexpr std::pair<std::string_view, std::string_view> labels[] = {
      {"constraint:", "com.docker.swarm.constraints"},
      {"affinity:", "com.docker.swarm.affinities"},
      {"reschedule:", "com.docker.swarm.reschedule-policies"},
      {"whitelist:", "com.docker.swarm.whitelists"},
  };
  constexpr std::string_view replaced = "affinity:container==";
  constexpr size_t idLength = 64;
  bool isOfOne =
      expression.starts_with(replaced) && expression.size() == replaced.size() + idLength &&
      expression.find_first_not_of("0123456789abcdef", replaced.size()) == expression.npos;
  if (isOfOne) return {};
  for (const auto& [prefix, label] : labels) {
    if (expression.starts_with(prefix)) return label;
  }
  return {};
}

// The list in the label's value, and these.
std::string withExpressions(std::string_view value, const std::vector<std::string>& expressions) {
  base::JsonWriter list;
  list.list();
  rapidjson::Document before = base::parseJson(value);
  if (before.IsArray())
    for (const rapidjson::Value& each : before.GetArray()) list.value(each);
  for (const std::string& each : expressions) list.value(each);
  return list.endList().text();
}

// Instead of those expressions in its environment.
void keepExpressions(docker::CreateRequest& request, const std::vector<size_t>& taken) {
  if (taken.empty()) return;
  std::vector<std::string> env = request.env();
  std::map<std::string, std::vector<std::string>> kept;  // by label
  for (size_t each : taken) {
    std::string_view label = each < env.size() ? labelFor(env[each]) : std::string_view();
    if (!label.empty())
      kept[std::string(label)].push_back(env[each].substr(env[each].find(':') + 1));
  }
  std::map<std::string, std::string> given;
  for (auto& [key, value] : request.labels()) {
    if (kept.contains(key)) given[key] = std::move(value);
  }
  for (const auto& [label, expressions] : kept)
    request.setLabel(label, withExpressions(given[label], expressions));
  request.dropEnv(taken);
}

// A clean end is an end.
void endCleanly(docker::CreateRequest& request) {
  std::string policy = request.restartPolicy();
  if (policy == "always" || policy == "unless-stopped") request.setRestartPolicy("on-failure");
}

}  // namespace

CreateOrder readHead(const base::Head& request, std::string_view query) {
  CreateOrder order;
  order.target = request.target();
  order.headers = passedHeaders(request);
  docker::Query parameters = docker::parseQuery(query);
  order.name = withoutSlash(parameters.value("name"));
  order.platform = parameters.value("platform");
  return order;
}

CreateOrder withBody(CreateOrder order, std::string_view body) {
  order.request = docker::CreateRequest(body);
  order.asked = labels::decode(order.request, {order.platform});
  labels::Policy& policy = order.asked.policy;
  // What runs once is nothing that is made again, be it of the same name.
  bool isOnce = !policy.binds.empty() && !policy.bind && order.request.removesItself();
  if (isOnce && !labels::namesNodes(policy)) policy.bind = labels::Bind::here;
  order.facts = catalog::requestedFacts(order.request);
  return order;
}

bool EngineEdits::none() const {
  return envTaken.empty() && !startOnce && hostname.empty() && publishAddress.empty();
}

EngineEdits editsFor(const CreateOrder& order, std::string publishAddress) {
  const labels::Policy& policy = order.asked.policy;
  EngineEdits edits{order.asked.envTaken, policy.startOnce, "", std::move(publishAddress)};
  if (policy.hostnameFromName && !order.name.empty()) {
    std::optional<MovingName> moving = parseMovingName(order.name);
    edits.hostname = moving ? moving->name : order.name;
  }
  return edits;
}

EngineRequest forEngine(docker::CreateRequest request, const EngineEdits& edits) {
  keepExpressions(request, edits.envTaken);
  if (edits.startOnce) endCleanly(request);
  if (!edits.publishAddress.empty()) request.setPublishAddress(edits.publishAddress);
  if (!edits.hostname.empty()) request.setHostname(edits.hostname);
  std::string body = request.body();
  return {std::move(request), std::move(body)};
}

docker::Refusal malformed(const CreateOrder& order) {
  docker::Refusal refusal;
  if (!order.request.fault().empty()) refusal = {400, order.request.fault()};
  if (order.asked.problem) refusal = {400, order.asked.problem->message()};
  return refusal;
}

}  // namespace orchestrator
