#include "proxy/api/create_calls.h"

#include <string>
#include <utility>

#include "base/offload.h"
#include "orchestrator/create_headers.h"
#include "proxy/http/answer.h"
#include "proxy/http/json_body.h"
#include "scheduler/placement_answers.h"

namespace proxy {

base::Task<> CreateCalls::create(Client& client, RouteMatch match) {
  orchestrator::CreateOrder order = co_await read(client, match);
  if (!order.isSaidToBeJson) {
    co_await refuseContentType(client, local_.engine());
    co_return;
  }
  orchestrator::ContainerCreate::Created created =
      co_await creation_.create(std::move(order), client.upstream);
  if (created.refusal.status) {
    co_await sendRefusal(client, local_.commonHeaders(), std::move(created.refusal));
    co_return;
  }
  const base::HttpReply& reply = created.reply;
  co_await sendAnswer(client, reply.status, reply.head, reply.body);
}

base::Task<> CreateCalls::createHere(Client& client, RouteMatch match) {
  orchestrator::CreateOrder order = co_await read(client, match);
  if (std::optional<std::string_view> replaced =
          client.request().find(orchestrator::replacesHeader))
    order.asked.policy.replaces = *replaced;
  order.token = client.request().find(orchestrator::reservationHeader).value_or("");
  order.leaveToEngine = client.request().find(orchestrator::leaveToEngineHeader) == "1";
  orchestrator::ContainerCreate::CreateAttempt made = co_await creation_.createLocally(order);
  if (made.refusedBy.empty()) {
    co_await sendAnswer(client, made.reply.status, made.reply.head, made.reply.body);
    co_return;
  }
  std::string common = local_.commonHeaders();
  common.append(orchestrator::refusedHeader).append(": ").append(made.refusedBy).append("\r\n");
  co_await sendJson(client, 409, common, made.reply.body);
}

base::Task<> CreateCalls::explain(Client& client, RouteMatch match) {
  orchestrator::CreateOrder order = co_await read(client, match);
  std::vector<std::string> warnings = order.asked.warnings;
  orchestrator::ContainerCreate::Explained explained = co_await creation_.explain(std::move(order));
  if (explained.refusal.status) {
    co_await sendRefusal(client, local_.commonHeaders(), std::move(explained.refusal));
    co_return;
  }
  std::string answer = scheduler::explanation(explained.placement, warnings);
  co_await sendJson(client, 200, local_.commonHeaders(), answer);
}

base::Task<orchestrator::CreateOrder> CreateCalls::read(Client& client, RouteMatch match) {
  orchestrator::CreateOrder head = orchestrator::readHead(client.request(), match.query);
  std::string body = co_await readBody(client, maxBody_);
  head.isSaidToBeJson = isSaidToBeJson(client.request(), body);
  if (body.size() < orchestrator::longBody) co_return orchestrator::withBody(std::move(head), body);
  auto work = [head = std::move(head), body = std::move(body)]() mutable {
    return orchestrator::withBody(std::move(head), body);
  };
  orchestrator::CreateOrder order = co_await base::offload(loop_, std::move(work));
  co_return order;
}

}  // namespace proxy
