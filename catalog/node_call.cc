#include "catalog/node_call.h"

namespace catalog {

base::HttpClient& wayTo(docker::Engine& engine, const cluster::Node& node) {
  return node.http ? *node.http : static_cast<base::HttpClient&>(engine);
}

base::Task<base::HttpReply> changeOn(docker::LocalEngine& local, const cluster::Node& node,
                                     base::HttpCall call, docker::Effect effect,
                                     std::string object) {
  base::HttpReply reply;
  if (node.self) {
    reply = co_await local.change(std::move(call), effect, std::move(object));
  } else {
    reply = co_await node.http->call(std::move(call));
  }
  co_return reply;
}

}  // namespace catalog
