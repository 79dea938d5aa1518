#include "base/http_client.h"

#include <algorithm>

#include "base/http_heads.h"

namespace base {

Task<> HttpConnection::readHead(bool toHead) {
  reader.reset();
  waitsSince = stream->loop().now();
  silenceTold = false;
  if (toHead) reader.expectNoBody();
  for (;;) {
    try {
      size_t used = reader.feedHead(rest);
      rest.erase(0, used);
    } catch (const HttpError& malformed) {
      throw StreamError(std::string("its answer is not HTTP: ") + malformed.what());
    }
    if (reader.headDone()) co_return;
    co_await stream->readable();
    std::span<char> buffer = stream->loop().scratch();
    std::optional<size_t> got = stream->tryRead(buffer);
    if (!got) continue;
    waitsSince.reset();
    if (*got == 0) throw StreamError("it closed the connection without answering");
    rest.assign(buffer.data(), *got);
  }
}

HttpClient::HttpClient(Loop& loop, std::string name, Connector connector, HttpLimits limits,
                       size_t maxIdle)
    : loop_(loop),
      name_(std::move(name)),
      connector_(std::move(connector)),
      limits_(limits),
      maxIdle_(maxIdle),
      silenceTimer_(loop) {}

HttpClient::~HttpClient() = default;

Task<std::unique_ptr<HttpConnection>> HttpClient::connect(bool fresh, bool isProbe) {
  if (!silentFor_.empty() && !isProbe)
    throw Unreachable("Cannot connect to the " + name_ + ": " + silentFor_);
  if (!fresh && !idle_.empty()) {
    std::unique_ptr<HttpConnection> connection = std::move(idle_.back());
    idle_.pop_back();
    connection->stream->onDisturbed(nullptr);
    connection->reader.reset();  // or the last answer would count as the beginning of the next
    expectAnswer(*connection);
    co_return connection;
  }
  std::string why;
  try {
    std::unique_ptr<Stream> stream = co_await connector_();
    auto connection = std::make_unique<HttpConnection>(std::move(stream), limits_, open_);
    expectAnswer(*connection);
    co_return connection;
  } catch (const StreamError& failed) {
    why = failed.what();
  }
  throw Unreachable("Cannot connect to the " + name_ + ": " + why);
}

void HttpClient::expectAnswer(HttpConnection& connection) {
  connection.waitsSince = loop_.now();
  connection.silenceTold = false;
  if (silence_ && !looksForSilence_) lookForSilence();
}

void HttpClient::onSilence(milliseconds patience, std::function<void()> callback) {
  patience_ = patience;
  silence_ = std::move(callback);
}

// As long as an answer is waited for.
void HttpClient::lookForSilence() {
  looksForSilence_ = true;
  silenceTimer_.start(patience_ / 2, [this] {
    looksForSilence_ = false;
    bool isWaiting = false, isSilent = false;
    for (HttpConnection* each : *open_) {
      if (!each->waitsSince || each->silenceTold) continue;
      if (*each->waitsSince + patience_ <= loop_.now()) {
        each->silenceTold = true;
        isSilent = true;
      } else {
        isWaiting = true;
      }
    }
    if (!silence_) return;
    if (isWaiting) lookForSilence();
    std::function<void()> tell = silence_;  // which may end us
    if (isSilent) tell();
  });
}

void HttpClient::giveBack(std::unique_ptr<HttpConnection> connection) {
  if (idle_.size() >= maxIdle_) return;
  connection->reused = true;
  connection->waitsSince.reset();
  HttpConnection* raw = connection.get();
  // A silent connection that says something, be it goodbye, is of no more use.
  connection->stream->onDisturbed([this, raw] {
    std::erase_if(idle_, [raw](const auto& each) { return each.get() == raw; });
    std::function<void()> tell = idleClosed_;  // which may end us
    if (tell) tell();
  });
  idle_.push_back(std::move(connection));
}

void HttpClient::fallSilent(const std::string& why, milliseconds patience) {
  silentFor_ = why;
  idle_.clear();
  for (HttpConnection* each : *open_) {
    bool isWaiting = each->waitsSince && *each->waitsSince + patience > loop_.now();
    if (isWaiting) each->stream->cancel(why);
  }
}

void HttpClient::dropIdle() {
  idle_.clear();
}

void HttpClient::cancelAll(const std::string& why) {
  idle_.clear();
  for (HttpConnection* each : *open_) each->stream->cancel(why);
}

Task<HttpReply> HttpClient::callOn(HttpConnection& connection, std::string request, size_t most) {
  Stream& stream = *connection.stream;
  MessageReader& reader = connection.reader;
  try {
    co_await stream.write(request);
  } catch (const StreamError&) {
    // A server that refuses a request before it has read it whole takes no more of it. What it said
    // is there to be read; if it said nothing, we hear that.
    connection.halfSent = true;
  }
  co_await connection.readHead(request.starts_with("HEAD "));
  HttpReply reply;
  reply.status = reader.head().status();
  appendStoredHead(reply.head, reader.head());

  reader.collectInto(&reply.body);
  for (;;) {
    size_t used = reader.feedBody(connection.rest);
    connection.rest.erase(0, used);
    if (reply.body.size() > most) throw StreamError("its answer is too large");
    if (reader.bodyDone()) co_return reply;
    co_await stream.readable();
    std::span<char> buffer = loop_.scratch();
    std::optional<size_t> got = stream.tryRead(buffer);
    if (!got) continue;
    if (*got == 0 && !reader.endOfStream())
      throw StreamError("it closed the connection in the middle of its answer");
    connection.rest.assign(buffer.data(), *got);
  }
}

Task<HttpReply> HttpClient::call(HttpCall call) {
  std::string request = call.method + " " + call.target + " HTTP/1.1\r\nHost: docker\r\n";
  request += call.headers;
  bool asks = call.method == "GET" || call.method == "HEAD";
  if (!asks || !call.body.empty())
    request += "Content-Length: " + std::to_string(call.body.size()) + "\r\n";
  request += "\r\n" + call.body;
  Timer deadline(loop_);
  bool late = false;
  Stream* stream = nullptr;
  deadline.start(call.timeout, [&stream, &late] {
    late = true;
    if (stream) stream->cancel("no answer in time");
  });
  for (bool fresh = !call.idempotent;; fresh = true) {
    std::unique_ptr<HttpConnection> connection = co_await connect(fresh, call.isProbe);
    if (late) throw StreamError("no answer in time");
    stream = connection->stream.get();
    try {
      HttpReply reply = co_await callOn(*connection, request, call.maxAnswer);
      bool isWhole = connection->rest.empty() && !connection->halfSent;
      if (isWhole && connection->reader.head().keepAlive()) giveBack(std::move(connection));
      co_return reply;
    } catch (const StreamError&) {
      // An idle connection may have been closed just as it was taken.
      if (!call.idempotent || !connection->reused || late || connection->reader.started()) throw;
      stream = nullptr;
    }
  }
}

}  // namespace base
