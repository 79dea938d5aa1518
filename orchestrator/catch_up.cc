#include "orchestrator/catch_up.h"

#include <string>
#include <utility>

#include "base/fault.h"
#include "base/json.h"
#include "catalog/node_client.h"

namespace orchestrator {

base::Task<> CatchUp::with(std::vector<cluster::Node> nodes) {
  base::Scope asking(base::tellFaults(parts_.log, "catching up"));
  for (cluster::Node& each : nodes) {
    if (each.up) asking.spawn(withOne(std::move(each)));
  }
  bool isOver = false;
  base::Timer deadline(parts_.loop);
  deadline.start(cluster::catchUpLimit, [&] {
    isOver = true;
    asking.taskEnded().fire();
  });
  while (!asking.empty() && !isOver) co_await asking.taskEnded().wait();
}

base::Task<> CatchUp::withAll() {
  return with(parts_.nodes.nodes());
}

// One that is too old to know the question has said nothing.
base::Task<> CatchUp::withOne(cluster::Node node) {
  if (node.self) {
    co_await parts_.publish();
    co_return;
  }
  catalog::NodeReply reply;
  reply.node = std::move(node);
  base::HttpCall call =
      base::httpGet("/drover/v1/published", cluster::catchUpLimit, catalog::maxAnswer);
  base::Task<base::HttpReply> answer = reply.node.http->call(std::move(call));
  co_await catalog::receive(reply, std::move(answer));
  if (reply.status != 200) co_return;
  rapidjson::Document json = base::parseJson(reply.body);
  std::string seen(base::text(json, "seen"));
  co_await parts_.causality.catchUp(reply.node.id, std::move(seen));
}

}  // namespace orchestrator
