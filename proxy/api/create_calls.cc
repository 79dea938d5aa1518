#include "proxy/api/create_calls.h"

#include <string>
#include <utility>

#include "base/offload.h"
#include "orchestrator/create_headers.h"
#include "proxy/http/json_body.h"
#include "proxy/http/respond.h"
#include "scheduler/placement_answers.h"

namespace proxy {

base::Task<> CreateCalls::create(Exchange& exchange, RouteMatch match) {
  orchestrator::CreateOrder order = co_await read(exchange, match);
  if (!order.isSaidToBeJson) {
    co_await refuseContentType(exchange, local_.engine());
    co_return;
  }
  orchestrator::ContainerCreate::Created created =
      co_await creation_.create(std::move(order), exchange.upstream);
  if (created.refusal.status) {
    co_await sendRefusal(exchange, local_.commonHeaders(), std::move(created.refusal));
    co_return;
  }
  const base::HttpReply& reply = created.reply;
  co_await sendAnswer(exchange, reply.status, reply.head, reply.body);
}

base::Task<> CreateCalls::createHere(Exchange& exchange, RouteMatch match) {
  orchestrator::CreateOrder order = co_await read(exchange, match);
  if (std::optional<std::string_view> replaced =
          exchange.request().find(orchestrator::replacesHeader))
    order.asked.policy.replaces = *replaced;
  order.token = exchange.request().find(orchestrator::reservationHeader).value_or("");
  order.leaveToEngine = exchange.request().find(orchestrator::leaveToEngineHeader) == "1";
  orchestrator::ContainerCreate::CreateAttempt made = co_await creation_.createLocally(order);
  if (made.refusedBy.empty()) {
    co_await sendAnswer(exchange, made.reply.status, made.reply.head, made.reply.body);
    co_return;
  }
  std::string common = local_.commonHeaders();
  common.append(orchestrator::refusedHeader).append(": ").append(made.refusedBy).append("\r\n");
  co_await sendJson(exchange, 409, common, made.reply.body);
}

base::Task<> CreateCalls::explain(Exchange& exchange, RouteMatch match) {
  orchestrator::CreateOrder order = co_await read(exchange, match);
  std::vector<std::string> warnings = order.asked.warnings;
  orchestrator::ContainerCreate::Explained explained = co_await creation_.explain(std::move(order));
  if (explained.refusal.status) {
    co_await sendRefusal(exchange, local_.commonHeaders(), std::move(explained.refusal));
    co_return;
  }
  std::string answer = scheduler::explanation(explained.placement, warnings);
  co_await sendJson(exchange, 200, local_.commonHeaders(), answer);
}

base::Task<orchestrator::CreateOrder> CreateCalls::read(Exchange& exchange, RouteMatch match) {
  orchestrator::CreateOrder head = orchestrator::readHead(exchange.request(), match.query);
  std::string body = co_await readBody(exchange, maxBody_);
  head.isSaidToBeJson = isSaidToBeJson(exchange.request(), body);
  if (body.size() < orchestrator::longBody) co_return orchestrator::withBody(std::move(head), body);
  auto work = [head = std::move(head), body = std::move(body)]() mutable {
    return orchestrator::withBody(std::move(head), body);
  };
  orchestrator::CreateOrder order = co_await base::offload(loop_, std::move(work));
  co_return order;
}

}  // namespace proxy
