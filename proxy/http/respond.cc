#include "proxy/http/respond.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/http_heads.h"
#include "docker/heads.h"

namespace proxy {
namespace {

constexpr std::string_view tooLarge = "the request's body is larger than max_body_bytes allows";
// For how long a body may pause, and what it may take in all. Of strangers it has a few kilobytes.
constexpr base::milliseconds bodyPause(10'000), bodyTime(30'000), strangersBodyTime(5'000);
constexpr size_t bytesPerMillisecond = 16;  // more time for what is large

// Bytes of a body that cost more to copy behind the head than to send by itself.
constexpr size_t largeBody = 64 * 1024;

constexpr std::string_view goOn = "HTTP/1.1 100 Continue\r\n\r\n";

// How long the next bytes of a body may take.
base::milliseconds patience(const Exchange& exchange, size_t have, base::milliseconds taken) {
  base::milliseconds all = exchange.isStranger ? strangersBodyTime : bodyTime;
  all += base::milliseconds(have / bytesPerMillisecond);
  base::milliseconds left = all - std::min(all, taken);
  return std::min(left, bodyPause);
}

base::HttpError noRoom(size_t most) {
  return {503, "droverd holds " + std::to_string(most) +
                   " bytes of request bodies, which is its limit; try again"};
}

}  // namespace

base::Task<> sendAnswer(Exchange& exchange, int status, std::string_view head,
                        std::string_view body) {
  const base::Head& request = exchange.request();
  exchange.keepAlive = exchange.keepAlive && request.keepAlive() && exchange.reader.bodyDone();
  exchange.status = status;
  bool isOld = request.minorVersion() == 0;
  bool isLarge = body.size() >= largeBody;
  std::string out;
  out.reserve(head.size() + (isLarge ? 0 : body.size()) + 128);
  out.append(head);
  if (isOld && out.starts_with("HTTP/1.1 ")) out[7] = '0';
  base::appendDate(out);
  bool bodiless = status == 204 || status == 304;
  if (!bodiless) out.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  // What each version does unless it is told otherwise need not be told.
  if (exchange.keepAlive == isOld)
    out.append(isOld ? "Connection: keep-alive\r\n" : "Connection: close\r\n");
  out.append("\r\n");
  bool hasBody = request.method() != "HEAD" && !bodiless;
  if (hasBody && !isLarge) out.append(body);
  size_t put = exchange.stream->tryWrite(out);
  if (put < out.size()) co_await exchange.stream->write(std::string_view(out).substr(put));
  if (hasBody && isLarge) co_await exchange.stream->write(body);
}

base::Task<> sendJson(Exchange& exchange, int status, std::string_view common,
                      std::string_view body) {
  std::string head = docker::jsonHead(status, common);
  co_await sendAnswer(exchange, status, head, body);
}

base::Task<> sendBare(Exchange& exchange, int status) {
  std::string head = "HTTP/1.1 " + std::to_string(status) + " ";
  head.append(base::reasonPhrase(status)).append("\r\n");
  co_await sendAnswer(exchange, status, head, "");
}

base::Task<> sendMoved(Exchange& exchange, std::string_view location) {
  std::string head = "HTTP/1.1 301 Moved Permanently\r\nLocation: ";
  head.append(location).append("\r\n");
  co_await sendAnswer(exchange, 301, head, "");
}

base::Task<> sendError(Exchange& exchange, int status, std::string_view common, std::string message,
                       bool close) {
  if (close) exchange.keepAlive = false;
  std::string body = docker::errorBody(message);
  co_await sendJson(exchange, status, common, body);
}

base::Task<> sendRefusal(Exchange& exchange, std::string_view common, docker::Refusal refusal) {
  co_await sendError(exchange, refusal.status, common, std::move(refusal.message), false);
}

base::Task<std::string> readBody(Exchange& exchange, size_t most) {
  std::string body;
  base::Loop& loop = exchange.stream->loop();
  base::Time began = loop.now();
  std::optional<base::Timer> timer;
  bool late = false;
  base::MessageReader& reader = exchange.reader;
  reader.collectInto(&body);
  if (reader.contentLength() > most) throw base::HttpError(413, std::string(tooLarge));
  bool asked = exchange.request().minorVersion() == 1 && exchange.request().find("Expect");
  for (;;) {
    size_t used = reader.feedBody(exchange.rest);
    exchange.rest.erase(0, used);
    if (body.size() > most) throw base::HttpError(413, std::string(tooLarge));
    // Those of strangers are small, and the strangers few.
    if (!exchange.isStranger && !exchange.body.resize(body.capacity()))
      throw noRoom(exchange.body.most());
    if (reader.bodyDone()) break;
    if (!timer) timer.emplace(loop);
    timer->start(patience(exchange, body.size(), loop.now() - began), [&exchange, &late] {
      late = true;
      exchange.stream->stopReading();
    });
    if (std::exchange(asked, false)) co_await exchange.stream->write(goOn);
    co_await exchange.stream->readable();
    if (late) throw base::HttpError(408, "the request's body came too slowly");
    std::span<char> buffer = exchange.stream->loop().scratch();
    std::optional<size_t> got = exchange.stream->tryRead(buffer);
    if (!got) continue;
    if (*got == 0)
      throw base::StreamError("the client closed the connection in the middle of its request");
    exchange.rest.append(buffer.data(), *got);
  }
  reader.collectInto(nullptr);
  co_return body;
}

}  // namespace proxy
