#include "proxy/api/node_api.h"

#include "proxy/http/answer.h"

namespace proxy {
namespace {

// Bytes of what a peer may send at once; one that is not let in yet has less to say.
constexpr size_t bodyMost = 8 * 1024 * 1024;
constexpr size_t strangersBodyMost = 16 * 1024;

}  // namespace

base::Task<> NodeApi::handle(Client& client, RouteMatch match) {
  size_t most = client.nodeId.empty() ? strangersBodyMost : bodyMost;
  std::string body = co_await readBody(client, most);
  int status = 200;
  std::string text;
  try {
    text = co_await answer(client, match, std::move(body));
  } catch (const cluster::AgentError& refused) {
    status = refused.status();
    text = refused.what();
  }
  if (status != 200) {
    co_await sendError(client, status, "", text, false);
  } else if (text.empty()) {
    co_await sendJson(client, 204, "", "");
  } else {
    co_await sendJson(client, 200, "", text);
  }
}

base::Task<std::string> NodeApi::answer(Client& client, RouteMatch match, std::string body) {
  std::string_view path = match.route().pattern;
  if (path == "/drover/v1/cluster") co_return agent_.describe();
  if (path == "/drover/v1/join") co_return agent_.admit(body);

  std::optional<cluster::NodeId> node = cluster::NodeId::parse(client.nodeId);
  if (!node) throw cluster::AgentError(403, "only nodes of the cluster may ask this");
  if (path == "/drover/v1/messages") {
    agent_.receiveBatch(*node, body);
  } else if (path == "/drover/v1/node") {
    agent_.takeNodeUpdate(body);
    co_return "{}";
  } else if (path == "/drover/v1/rebalance") {
    std::string moved = co_await rebalancing_.runAll();
    co_return moved;
  } else if (path == "/drover/v1/take-name") {
    co_await rebalancing_.takeName(std::move(body));
    co_return "{}";
  } else if (path == "/drover/v1/volumes/move") {
    co_await volumes_.move(std::move(body));
    co_return "{}";
  } else if (path == "/drover/v1/volumes/take") {
    co_await volumes_.take(std::move(body));
    co_return "{}";
  } else {
    co_await images_.fetch(body);
    co_return "{}";
  }
  co_return std::string();
}

}  // namespace proxy
