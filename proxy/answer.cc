#include "proxy/answer.h"

#include <optional>
#include <utility>

#include "base/http_heads.h"
#include "proxy/heads.h"

namespace proxy {
namespace {

constexpr std::string_view goOn = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

base::Task<> sendAnswer(Client& client, int status, std::string_view head, std::string_view body) {
  const base::Head& request = client.request();
  client.keepAlive = client.keepAlive && request.keepAlive() && client.reader.bodyDone();
  client.status = status;
  std::string out;
  out.reserve(head.size() + body.size() + 128);
  out.append(head);
  base::appendDate(out);
  bool bodiless = status == 204 || status == 304;
  if (!bodiless) out.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  if (!client.keepAlive) {
    out.append("Connection: close\r\n");
  } else if (request.minorVersion() == 0) {
    out.append("Connection: keep-alive\r\n");
  }
  out.append("\r\n");
  if (request.method() != "HEAD" && !bodiless) out.append(body);
  size_t put = client.stream->tryWrite(out);
  if (put < out.size()) co_await client.stream->write(std::string_view(out).substr(put));
}

std::string jsonHead(int status, std::string_view common) {
  std::string head = "HTTP/1.1 " + std::to_string(status) + " ";
  head.append(base::reasonPhrase(status)).append("\r\n").append(common);
  return head.append("Content-Type: application/json\r\n");
}

base::Task<> sendJson(Client& client, int status, std::string_view common, std::string_view body) {
  std::string head = jsonHead(status, common);
  co_await sendAnswer(client, status, head, body);
}

base::Task<> sendError(Client& client, int status, std::string_view common, std::string message,
                       bool close) {
  if (close) client.keepAlive = false;
  std::string body = errorBody(message);
  co_await sendJson(client, status, common, body);
}

base::Task<std::string> readBody(Client& client, size_t most) {
  std::string body;
  base::MessageReader& reader = client.reader;
  reader.collectInto(&body);
  bool asked = base::equalsIgnoreCase(client.request().find("Expect").value_or(""), "100-continue");
  for (;;) {
    size_t used = reader.feedBody(client.rest);
    client.rest.erase(0, used);
    if (body.size() > most)
      throw base::HttpError(413, "the request's body is larger than max_body_bytes allows");
    if (reader.bodyDone()) break;
    if (std::exchange(asked, false)) co_await client.stream->write(goOn);
    co_await client.stream->readable();
    std::span<char> buffer = client.stream->loop().scratch();
    std::optional<size_t> got = client.stream->tryRead(buffer);
    if (!got) continue;
    if (*got == 0) throw base::StreamError("the client broke off its request");
    client.rest.append(buffer.data(), *got);
  }
  reader.collectInto(nullptr);
  co_return body;
}

}  // namespace proxy
