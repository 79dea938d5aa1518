#include "catalog/node_client.h"

#include <utility>

#include "base/url.h"
#include "docker/heads.h"

namespace catalog {
namespace {

std::string pathOf(const std::string& container, std::string_view what) {
  return std::string("/containers/").append(base::encodeQueryValue(container)).append(what);
}

}  // namespace

std::string NodeReply::why() const {
  return status ? docker::errorMessage(body) : fault;
}

base::HttpClient& clientFor(docker::Engine& engine, const cluster::Node& node) {
  return node.http ? *node.http : static_cast<base::HttpClient&>(engine);
}

base::Task<> receive(NodeReply& reply, base::Task<base::HttpReply> answer) {
  try {
    base::HttpReply got = co_await answer;
    reply.status = got.status;
    reply.head = std::move(got.head);
    reply.body = std::move(got.body);
    reply.done = (got.status >= 200 && got.status < 300) || got.status == 304;
  } catch (const std::exception& failed) {
    reply.fault = failed.what();
    reply.unreachable = dynamic_cast<const base::Unreachable*>(&failed) != nullptr;
    reply.thrown = std::current_exception();
  }
}

base::HttpCall changeCall(std::string method, std::string target, std::string body,
                          base::milliseconds timeout) {
  base::HttpCall call;
  call.method = std::move(method);
  call.target = std::move(target);
  if (!body.empty()) call.headers = "Content-Type: application/json\r\n";
  call.body = std::move(body);
  call.timeout = timeout;
  call.maxAnswer = maxAnswer;
  call.idempotent = false;
  return call;
}

base::Task<NodeReply> postToPeer(const cluster::Causality& causality, cluster::Node peer,
                                 std::string target, std::string body, base::milliseconds timeout) {
  NodeReply reply;
  reply.node = std::move(peer);
  base::HttpCall call = changeCall("POST", std::move(target), std::move(body), timeout);
  call.headers += cluster::seenLine(causality);
  base::Task<base::HttpReply> answer = reply.node.http->call(std::move(call));
  co_await receive(reply, std::move(answer));
  co_return reply;
}

base::Task<NodeReply> NodeClient::call(cluster::Node node, base::HttpCall call) const {
  NodeReply reply;
  reply.node = std::move(node);
  base::Task<base::HttpReply> answer = clientFor(reply.node).call(std::move(call));
  co_await receive(reply, std::move(answer));
  co_return reply;
}

base::Task<NodeReply> NodeClient::change(cluster::Node node, base::HttpCall call,
                                         docker::Effect effect, std::string object) const {
  NodeReply reply;
  reply.node = std::move(node);
  base::Task<base::HttpReply> answer =
      reply.node.http ? reply.node.http->call(std::move(call))
                      : local_->change(std::move(call), effect, std::move(object));
  co_await receive(reply, std::move(answer));
  co_return reply;
}

base::Task<NodeReply> NodeClient::get(cluster::Node node, std::string target,
                                      base::milliseconds timeout) const {
  return call(std::move(node), base::httpGet(std::move(target), timeout, maxAnswer));
}

base::Task<NodeReply> NodeClient::inspect(cluster::Node node, std::string container,
                                          base::milliseconds timeout) const {
  return get(std::move(node), pathOf(container, "/json"), timeout);
}

base::Task<NodeReply> NodeClient::start(cluster::Node node, std::string container) const {
  base::HttpCall call = changeCall("POST", pathOf(container, "/start"));
  return change(std::move(node), std::move(call), docker::Effect::container, std::move(container));
}

base::Task<NodeReply> NodeClient::stop(cluster::Node node, std::string container) const {
  base::HttpCall call = changeCall("POST", pathOf(container, "/stop"), {}, stopTimeout);
  return change(std::move(node), std::move(call), docker::Effect::container, std::move(container));
}

base::Task<NodeReply> NodeClient::remove(cluster::Node node, std::string container) const {
  base::HttpCall call = changeCall("DELETE", pathOf(container, "?force=1"));
  NodeReply reply = co_await change(std::move(node), std::move(call), docker::Effect::container,
                                    std::move(container));
  reply.done = reply.done || reply.status == 404;
  co_return reply;
}

base::Task<NodeReply> NodeClient::rename(cluster::Node node, std::string container,
                                         std::string name) const {
  std::string target = pathOf(container, "/rename?name=") + base::encodeQueryValue(name);
  return change(std::move(node), changeCall("POST", std::move(target)), docker::Effect::containers,
                std::move(container));
}

}  // namespace catalog
