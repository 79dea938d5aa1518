#include "catalog/fan_out.h"

namespace catalog {

base::Task<std::vector<NodeReply>> askAll(docker::Engine& engine, std::vector<cluster::Node> nodes,
                                          base::HttpCall call) {
  std::vector<NodeReply> replies(nodes.size());
  base::Scope asking([](std::exception_ptr) {});
  for (size_t i = 0; i < nodes.size(); i++) {
    replies[i].node = std::move(nodes[i]);
    const cluster::Node& node = replies[i].node;
    if (node.up) {
      asking.spawn(receive(replies[i], clientFor(engine, node).call(call)));
    } else {
      replies[i].fault = "node " + node.name + " is down";
    }
  }
  while (!asking.empty()) co_await asking.taskEnded().wait();
  co_return replies;
}

NodeAnswer answerOf(NodeReply reply) {
  return {std::string(reply.node.id.text()), reply.node.name, reply.node.address,
          std::move(reply.body)};
}

std::vector<NodeOutcome> outcomesOf(const std::vector<NodeReply>& replies) {
  std::vector<NodeOutcome> outcomes;
  outcomes.reserve(replies.size());
  for (const NodeReply& each : replies)
    outcomes.push_back({each.node.name, each.status, each.status ? each.body : each.fault});
  return outcomes;
}

std::vector<NodeAnswer> successesOf(std::vector<NodeReply> replies) {
  std::vector<NodeAnswer> answers;
  for (NodeReply& each : replies) {
    if (each.status == 200) answers.push_back(answerOf(std::move(each)));
  }
  return answers;
}

}  // namespace catalog
