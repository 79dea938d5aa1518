#include "proxy/create_order.h"

#include <optional>
#include <utility>

#include "base/go_json.h"
#include "labels/create_type.h"
#include "proxy/create_body.h"
#include "proxy/json_body.h"
#include "proxy/list_query.h"
#include "proxy/merge_plan.h"
#include "proxy/name_claims.h"

namespace proxy {
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

}  // namespace

CreateOrder readOrder(const base::Head& request, std::string_view query, std::string body) {
  CreateOrder order;
  order.target = request.target();
  order.headers = passedHeaders(request);
  order.isSaidToBeJson = isSaidToBeJson(request, body);
  base::GoReading reading = base::readAsGo(body, labels::createType);
  order.body = std::move(reading.text);
  order.after = reading.after;
  order.fault = std::move(reading.fault);
  order.name = withoutSlash(queryValue(query, "name"));
  order.platform = queryValue(query, "platform");
  order.asked = labels::decode(order.body, {order.platform});
  labels::Policy& policy = order.asked.policy;
  // What runs once is nothing that is made again, be it of the same name.
  bool isOnce = !policy.binds.empty() && !policy.bind && removesItself(order.body);
  if (isOnce && !labels::namesNodes(policy)) policy.bind = labels::Bind::here;
  return order;
}

Refusal malformed(const CreateOrder& order) {
  Refusal refusal;
  if (!order.fault.empty()) refusal = {400, order.fault};
  if (order.asked.problem) refusal = {400, order.asked.problem->message()};
  return refusal;
}

}  // namespace proxy
