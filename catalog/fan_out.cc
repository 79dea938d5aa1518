#include "catalog/fan_out.h"

#include "catalog/node_call.h"

namespace catalog {
namespace {

base::Task<> ask(base::HttpClient& server, base::HttpCall call, NodeReply& reply) {
  try {
    base::HttpReply answer = co_await server.call(std::move(call));
    reply.status = answer.status;
    reply.head = std::move(answer.head);
    reply.body = std::move(answer.body);
  } catch (const std::exception& failed) {
    reply.fault = failed.what();
  }
}

}  // namespace

base::Task<std::vector<NodeReply>> askAll(docker::Engine& engine, std::vector<cluster::Node> nodes,
                                          base::HttpCall call) {
  std::vector<NodeReply> replies(nodes.size());
  base::Scope asking([](std::exception_ptr) {});
  for (size_t i = 0; i < nodes.size(); i++) {
    replies[i].node = std::move(nodes[i]);
    const cluster::Node& node = replies[i].node;
    if (node.up) {
      asking.spawn(ask(wayTo(engine, node), call, replies[i]));
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
