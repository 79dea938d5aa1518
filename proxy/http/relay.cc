#include "proxy/http/relay.h"

#include <optional>

#include "base/http_heads.h"
#include "base/transfer.h"
#include "proxy/http/tunnel.h"

namespace proxy {
namespace {

using base::Framing;
using base::Stream;
using base::StreamError;

// An answer that is complete before its request: how long the rest of the request may take before
// the connection is given up instead.
constexpr base::milliseconds uploadGrace(500);
// How long a client gets to read the head of a stream before what it says.
constexpr base::milliseconds headTaken(50);
// Room for most heads, so that they need not be moved as they grow.
constexpr size_t usualHead = 512;

// The client's side of an exchange while the engine's answer is awaited and passed on: sends the
// rest of the body, then watches for the client to go away.
class Upload {
 public:
  Upload(Exchange& exchange, Stream& upstream) : client_(exchange), upstream_(upstream) {}

  bool done() const { return done_; }
  base::Task<> run() {
    base::Transfer transfer(*client_.stream, upstream_);
    try {
      co_await transfer.body(client_.reader, client_.rest);
    } catch (const StreamError&) {
      if (transfer.sourceFailed()) {
        upstream_.cancel("the client closed the connection in the middle of its request");
      }
      // Else the engine takes no more of it; what it answers decides.
      co_return;
    } catch (const base::HttpError& malformed) {
      malformed_ = malformed;
      upstream_.cancel(malformed.what());
      co_return;
    }
    watch();
  }

  // The request is sent. A client that ends its half or goes away is one that the engine hears of,
  // as it would if it were connected to it.
  void watch() {
    done_ = true;
    watch_.emplace(
        *client_.stream,
        [this] {
          halfClosed_ = true;
          upstream_.shutdownWrite();
        },
        [this] { upstream_.cancel("the client went away"); });
  }

  void unwatch() { watch_.reset(); }
  // What was wrong with the request's body.
  const std::optional<base::HttpError>& malformed() const { return malformed_; }
  bool halfClosed() const { return halfClosed_; }

 private:
  Exchange& client_;
  Stream& upstream_;
  std::optional<Stream::Watch> watch_;
  std::optional<base::HttpError> malformed_;
  bool done_ = false;
  bool halfClosed_ = false;
};

// The head as the engine gets it, and what has come of the body.
std::string firstBytes(Exchange& exchange) {
  std::string out;
  out.reserve(usualHead);
  base::appendRequestHead(out, exchange.request());
  size_t used = exchange.reader.feedBody(exchange.rest);
  out.append(exchange.rest, 0, used);
  exchange.rest.erase(0, used);
  return out;
}

// False if the connection turned out to be stale, and not a byte was taken.
base::Task<bool> send(base::HttpConnection& server, std::string_view bytes) {
  size_t put = 0;
  try {
    put = server.stream->tryWrite(bytes);
    if (put < bytes.size()) co_await server.stream->write(bytes.substr(put));
  } catch (const StreamError&) {
    // Else the engine may have answered before it stopped listening.
    if (server.reused && put == 0) co_return false;
  }
  co_return true;
}

}  // namespace

base::Task<> relay(Exchange& exchange, base::HttpClient& server, RelayOptions options) {
  exchange.upstream = server.name();
  std::unique_ptr<base::HttpConnection> upstream;
  std::string_view method = exchange.request().method();
  bool repeatable = (method == "GET" || method == "HEAD") && exchange.reader.bodyDone();
  bool fresh = false;
  std::string request = firstBytes(exchange);

  std::optional<Upload> upload;
  base::Scope beside([](std::exception_ptr) {});
  for (;;) {
    upload.reset();
    upstream = co_await server.connect(fresh);
    fresh = true;
    bool sent = co_await send(*upstream, request);
    if (!sent) continue;
    upload.emplace(exchange, *upstream->stream);
    if (exchange.reader.bodyDone()) {
      upload->watch();
    } else {
      beside.spawn(upload->run());
    }
    try {
      co_await upstream->readHead(method == "HEAD");
      break;
    } catch (const StreamError&) {
      if (upload->malformed()) throw *upload->malformed();
      // An idle connection may have been closed just as it was taken; a question can be asked
      // again, a command may have been heard.
      bool stale = repeatable && upstream->reused && !upstream->reader.started() &&
                   !upload->halfClosed() && !exchange.stream->peerGone();
      if (!stale) throw;
    }
  }

  std::string().swap(request);  // a stream may last for days
  base::MessageReader& answer = upstream->reader;
  std::string out;
  out.reserve(usualHead + upstream->rest.size());
  while (answer.head().status() < 200 && answer.head().status() != 101) {
    base::appendAnswerHead(out, answer.head(),
                           base::ConnectionEnd::untold);  // 100 Continue and the like
    co_await exchange.stream->write(out);
    out.clear();
    try {
      co_await upstream->readHead(method == "HEAD");
    } catch (const StreamError&) {
      if (upload->malformed()) throw *upload->malformed();
      throw;
    }
  }

  bool upgraded = answer.head().status() == 101;
  bool endless = answer.framing() == Framing::untilClose;
  bool tunnelled = upgraded || (endless && options.hijack);
  bool engineCloses = !answer.head().keepAlive();
  // An engine that closes before it has read the request whole does not want the rest of it.
  if (endless || (engineCloses && !upload->done()) || !exchange.request().keepAlive())
    exchange.keepAlive = false;
  bool isOld = exchange.request().minorVersion() == 0;
  base::ConnectionEnd end = base::ConnectionEnd::untold;
  if (!exchange.keepAlive && !tunnelled) end = base::ConnectionEnd::close;
  if (exchange.keepAlive && isOld && !tunnelled) end = base::ConnectionEnd::keepAlive;
  base::appendAnswerHead(out, answer.head(), end);

  if (tunnelled) {
    exchange.status = answer.head().status();
    // Apart: python3-docker reads the stream behind the back of its HTTP library, and would lose
    // what is read together with the head, or came in one TLS record with it.
    co_await exchange.stream->write(out);
    upload->unwatch();
    beside.cancelAll();
    if (!exchange.rest.empty()) {
      co_await upstream->stream->write(exchange.rest);
      exchange.rest.clear();
    }
    co_await exchange.stream->untilTaken(headTaken);
    if (!upstream->rest.empty()) co_await exchange.stream->write(upstream->rest);
    std::string().swap(out);
    std::string().swap(upstream->rest);
    exchange.keepAlive = false;
    co_await tunnel(*exchange.stream, *upstream->stream);
    co_return;
  }

  size_t used = 0;
  try {
    used = answer.feedBody(upstream->rest);
  } catch (const base::HttpError& malformed) {
    throw StreamError(std::string("its answer is not HTTP: ") + malformed.what());
  }
  exchange.status = answer.head().status();
  if (options.onAnswer)
    options.onAnswer(exchange.status, std::string_view(upstream->rest).substr(0, used));
  out.append(upstream->rest, 0, used);
  upstream->rest.erase(0, used);
  size_t put = exchange.stream->tryWrite(out);
  if (put < out.size()) co_await exchange.stream->write(std::string_view(out).substr(put));
  if (!answer.bodyDone()) {
    // The stream may last for days.
    std::string().swap(out);
    if (upstream->rest.empty()) std::string().swap(upstream->rest);
    base::Transfer transfer(*upstream->stream, *exchange.stream);
    co_await transfer.body(answer, upstream->rest);
  }

  if (!beside.empty()) {
    base::Timer grace(exchange.stream->loop());
    grace.start(uploadGrace, [&beside] { beside.taskEnded().fire(); });
    co_await beside.taskEnded().wait();
  }
  if (!upload->done()) exchange.keepAlive = false;
  bool reusable = upload->done() && !upload->halfClosed() && !engineCloses && !endless &&
                  upstream->rest.empty();
  upload.reset();
  if (reusable) server.giveBack(std::move(upstream));
}

}  // namespace proxy
