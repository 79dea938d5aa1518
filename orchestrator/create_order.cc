#include "orchestrator/create_order.h"

#include <optional>
#include <utility>

#include "base/go_json.h"
#include "docker/create_body.h"
#include "docker/query.h"
#include "labels/create_type.h"
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

void understand(CreateOrder& order) {
  order.asked = labels::decode(order.body, {order.platform});
  labels::Policy& policy = order.asked.policy;
  // What runs once is nothing that is made again, be it of the same name.
  bool isOnce = !policy.binds.empty() && !policy.bind && docker::removesItself(order.body);
  if (isOnce && !labels::namesNodes(policy)) policy.bind = labels::Bind::here;
  order.facts = catalog::requestedFacts(order.body);
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
  base::GoReading reading = base::readAsGo(body, labels::createType);
  order.body = std::move(reading.text);
  order.after = reading.after;
  order.fault = std::move(reading.fault);
  understand(order);
  return order;
}

CreateOrder withOthers(CreateOrder order, const std::map<std::string, std::string>& others) {
  order.body = docker::withContainers(order.body, others);
  understand(order);
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

std::string bodyForEngine(std::string body, const EngineEdits& edits) {
  body = docker::withExpressionLabels(body, edits.envTaken);
  if (edits.startOnce) body = docker::withCleanEnd(body);
  body = docker::withoutEnv(body, edits.envTaken);
  body = docker::withPublishAddress(body, edits.publishAddress);
  if (!edits.hostname.empty()) body = docker::withHostname(body, edits.hostname);
  return body;
}

Refusal malformed(const CreateOrder& order) {
  Refusal refusal;
  if (!order.fault.empty()) refusal = {400, order.fault};
  if (order.asked.problem) refusal = {400, order.asked.problem->message()};
  return refusal;
}

}  // namespace orchestrator
