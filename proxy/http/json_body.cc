#include "proxy/http/json_body.h"

#include <optional>
#include <utility>

#include "labels/text.h"
#include "proxy/http/respond.h"

namespace proxy {
namespace {

constexpr base::milliseconds askTimeout(5'000);
constexpr size_t maxRefusal = 64 * 1024;
// Of which nothing can come, should the engine see it otherwise.
constexpr std::string_view noJson = "{";

}  // namespace

std::string contentTypeOf(const base::Head& request) {
  std::optional<std::string_view> type = request.find("Content-Type");
  return type ? "Content-Type: " + std::string(*type) + "\r\n" : std::string();
}

bool isSaidToBeJson(const base::Head& request, std::string_view body) {
  std::optional<std::string_view> given = request.find("Content-Type");
  if (!given || given->empty()) return body.empty();
  std::string_view type = given->substr(0, given->find(';'));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.remove_suffix(1);
  return labels::equalIgnoringCase(type, "application/json");
}

base::HttpCall passedOn(const base::Head& request, std::string body, base::milliseconds timeout,
                        size_t most) {
  base::HttpCall call;
  call.method = request.method();
  call.target = request.target();
  call.headers = contentTypeOf(request);
  call.body = std::move(body);
  call.timeout = timeout;
  call.maxAnswer = most;
  call.idempotent = false;
  return call;
}

base::Task<> refuseContentType(Exchange& exchange, docker::Engine& engine) {
  base::HttpCall call = passedOn(exchange.request(), std::string(noJson), askTimeout, maxRefusal);
  exchange.upstream = engine.name();
  base::HttpReply reply = co_await engine.call(std::move(call));
  co_await sendAnswer(exchange, reply.status, reply.head, reply.body);
}

}  // namespace proxy
