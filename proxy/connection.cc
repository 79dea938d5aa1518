#include "proxy/connection.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/acceptor.h"
#include "catalog/merge.h"
#include "cluster/agent_error.h"
#include "docker/query.h"
#include "proxy/http/gate.h"
#include "proxy/http/parameters.h"
#include "proxy/http/respond.h"
#include "proxy/http/tunnel.h"

namespace proxy {
namespace {

// What a client of HTTP/2 says first (RFC 9113 3.4). Newer engines speak it for gRPC.
constexpr std::string_view http2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
// Where a server of Go's sends whom it does not speak HTTP/2 with.
constexpr std::string_view http2Moved = "/%2A";

// A form of parameters; Go takes 10 MB.
constexpr size_t maxForm = 64 * 1024;

// A number for each request, to find its line again.
uint64_t nextRequestId() {
  static uint64_t last = 0;
  return ++last;
}

}  // namespace

Connection::Connection(std::unique_ptr<base::Stream> stream, Arrival arrival, Api& api,
                       docker::Engine& engine, const ConnectionLimits& limits, BodyBudget& bodies,
                       base::Log& log, QuietLog& quiet, Metrics& metrics)
    : client_(std::move(stream), limits.http, bodies),
      arrival_(std::move(arrival)),
      api_(api),
      engine_(engine),
      limits_(limits),
      log_(log),
      quiet_(quiet),
      metrics_(metrics),
      timer_(client_.stream->loop()),
      isStranger_(arrival_.tls != nullptr) {
  client_.fromNode = arrival_.atPeersPort;
  client_.onThisHost = base::isUnixSocket(client_.stream->fd());
}

// Counts and logs one request when it goes, however it ends.
struct Connection::Record {
  Record(Connection& connection, size_t route, bool isStream)
      : self(connection),
        route(route),
        isStream(isStream),
        started(connection.client_.stream->loop().clockRead()),
        bytesOut(connection.client_.stream->bytesWritten()) {
    if (isStream) self.metrics_.streamOpened();
  }
  Record(const Record&) = delete;
  Record& operator=(const Record&) = delete;
  ~Record() {
    if (isStream) self.metrics_.streamClosed();
    const base::Head& request = self.client_.request();
    base::Stream& stream = *self.client_.stream;
    base::nanoseconds took(stream.loop().readClock() - started);
    double seconds = std::chrono::duration<double>(took).count();
    // The head had been read before this record began.
    uint64_t in = stream.bytesRead() - std::exchange(self.countedIn_, stream.bytesRead());
    uint64_t out = stream.bytesWritten() - bytesOut;
    int status = self.client_.status ? self.client_.status : clientGone;
    self.metrics_.requestDone(route, request.method(), status, seconds, in, out);
    base::Level level = status >= 500 || !fault.empty() ? base::Level::warn : base::Level::info;
    if (status == clientGone || status < 400) level = base::Level::info;
    if (isOurs) level = base::Level::error;
    // Nodes talk all the time.
    if (self.client_.fromNode && level == base::Level::info) level = base::Level::debug;
    if (!self.log_.enabled(level)) return;
    // The path without its query, which may hold secrets (build arguments).
    std::string_view path = request.target().substr(0, request.target().find('?'));
    base::Field fields[] = {{"id", nextRequestId()},
                            {"client", self.arrival_.peer},
                            {"method", request.method()},
                            {"path", path},
                            {"route", routes()[route].pattern},
                            {"status", status},
                            {"duration_ms", std::chrono::round<std::chrono::microseconds>(took)},
                            {"bytes_in", in},
                            {"bytes_out", out},
                            {"reason", fault}};
    std::span<const base::Field> shown(fields);
    if (fault.empty()) shown = shown.first(shown.size() - 1);
    if (self.isStranger_) {
      self.quiet_.line(level, "request", shown);
    } else {
      self.log_.line(level, "request", shown);
    }
  }

  void found(const RouteMatch& match) {
    route = match.index;
    self.client_.stream->loop().doing(match.route().pattern);
    if (isStream || match.route().flow == Flow::exchange) return;
    isStream = true;
    self.metrics_.streamOpened();
  }

  // As nginx and dockerd log it: nobody was left to answer.
  static constexpr int clientGone = 499;

  Connection& self;
  size_t route;
  bool isStream;
  std::string fault;
  bool isOurs = false;  // the fault
  uint64_t started;
  uint64_t bytesOut;
};

base::Task<> Connection::serve() {
  try {
    bool isIn = true;
    if (arrival_.tls) isIn = co_await shakeHands();
    if (isIn) co_await serveRequests();
  } catch (const base::ProtocolError& broken) {
    tellLost(base::Level::warn, broken.what());
  } catch (const base::StreamError& broken) {
    // A client that is merely gone is nothing special; one that took too long over a handshake or a
    // request's head is.
    base::Level level = timing_ == Timing::head ? base::Level::warn : base::Level::debug;
    tellLost(level, broken.what());
  }
}

void Connection::tellLost(base::Level level, const char* why) {
  base::Field fields[] = {{"client", arrival_.peer}, {"reason", why}};
  if (isStranger_) {
    quiet_.line(level, "connection lost", fields);
  } else {
    log_.line(level, "connection lost", fields);
  }
}

// A session costs tens of kilobytes, so it is not made before the other side has said something.
// False if the client was refused.
base::Task<bool> Connection::shakeHands() {
  startTimer(true);
  co_await client_.stream->readable();
  const base::TlsContext* tls = arrival_.tls();
  if (!tls) throw base::StreamError("this listener has no certificate any more");
  bool isRefused = false;
  try {
    co_await client_.stream->acceptTls(*tls);
  } catch (const base::ProtocolError& broken) {
    tellLost(base::Level::warn, broken.what());
    isRefused = true;
  }
  if (isRefused) {
    // It may have sent its request already, and would see a reset in place of the reason.
    co_await lingerClose(*client_.stream);
    co_return false;
  }
  std::string name = client_.stream->peerName();
  arrival_.peer += " " + name;
  if (client_.fromNode) client_.nodeId = name;
  isStranger_ = name.empty();
  client_.isStranger = isStranger_;
  if (!isStranger_ && known_) known_();
  co_return true;
}

base::Task<> Connection::serveRequests() {
  while (client_.keepAlive && !finishing_) {
    std::optional<base::HttpError> malformed;
    bool more = false;
    try {
      more = co_await readRequest();
    } catch (const base::HttpError& error) {
      malformed = error;
    }
    timing_ = Timing::nothing;
    busy_ = true;
    if (malformed) {
      co_await refuse(*malformed);
      break;
    }
    if (!more) co_return;
    if (isHttp2()) {
      co_await tunnelHttp2();
      break;
    }
    co_await answerRequest();
    busy_ = false;
    client_.body.release();
    client_.reader.reset();
  }
  busy_ = true;
  co_await lingerClose(*client_.stream);
}

void Connection::finish() {
  finishing_ = true;
  if (!busy_) cancel("shutting down");
}

void Connection::startTimer(bool forHead) {
  Timing wanted = forHead ? Timing::head : Timing::idle;
  if (timing_ == wanted) return;
  timing_ = wanted;
  // A stranger is held to the short time whether it has begun a request or not.
  base::milliseconds head = limits_.headTimeout, idle = limits_.idleTimeout;
  if (isStranger_) head = idle = std::min(head, limits_.newcomerTimeout);
  base::milliseconds most = forHead ? head : idle;
  deadline_ = client_.stream->loop().now() + most;
  if (!timerEnds_ || *timerEnds_ > deadline_) setTimer(most);
}

// A request that comes in time leaves the timer as it is: to set it for each costs more than to
// look now and then whether the wait that it was set for is over.
void Connection::setTimer(base::milliseconds delay) {
  base::Loop& loop = client_.stream->loop();
  timerEnds_ = loop.now() + delay;
  timer_.start(delay, [this, &loop] {
    timerEnds_.reset();
    if (timing_ == Timing::nothing) return;
    if (loop.now() < deadline_) {
      setTimer(deadline_ - loop.now());
    } else {
      cancel(timing_ == Timing::head ? "the request's head took too long" : "idle for too long");
    }
  });
}

bool Connection::isHttp2() const {
  return !client_.reader.started() && std::string_view(client_.rest).starts_with(http2Preface);
}

// False when the client has no more requests.
base::Task<bool> Connection::readRequest() {
  base::MessageReader& reader = client_.reader;
  std::string& rest = client_.rest;
  for (;;) {
    bool maybeHttp2 = !reader.started() && !rest.empty() && http2Preface.starts_with(rest);
    if (isHttp2()) co_return true;
    if (!maybeHttp2 && !rest.empty()) {
      size_t used = reader.feedHead(rest);
      rest.erase(0, used);
      if (rest.empty() && rest.capacity() > 512) std::string().swap(rest);
      if (reader.headDone()) co_return true;
    }
    startTimer(reader.started() || maybeHttp2);
    co_await client_.stream->readable();
    std::span<char> buffer = client_.stream->loop().scratch();
    std::optional<size_t> got = client_.stream->tryRead(buffer);
    if (!got) continue;
    if (*got == 0) co_return false;
    rest.append(buffer.data(), *got);
  }
}

base::Task<> Connection::refuse(base::HttpError malformed) {
  Record record(*this, routes().size() - 1, false);
  record.fault = malformed.what();
  co_await api_.fail(client_, malformed.status(), malformed.what(), true);
}

base::Task<> Connection::answerRequest() {
  client_.status = 0;
  client_.upstream = engine_.name();
  Record record(*this, routes().size() - 1, false);
  int status = 0;
  try {
    co_await answer(record);
  } catch (const base::Unreachable& down) {
    status = 503;
    record.fault = down.what();
  } catch (const base::HttpError& malformed) {
    status = malformed.status();
    record.fault = malformed.what();
  } catch (const cluster::AgentError& refused) {
    status = refused.status();
    record.fault = refused.what();
  } catch (const base::StreamError& broken) {
    status = 503;
    record.fault = client_.upstream + ": " + broken.what();
  } catch (const catalog::MergeError& wrong) {
    status = 500;
    record.fault = wrong.what();
  } catch (const std::exception& unforeseen) {
    status = 500;
    record.fault = unforeseen.what();
    record.isOurs = true;
  }
  if (!status) co_return;
  if (client_.status || client_.stream->peerGone()) {
    // Once an answer has begun, that the connection ends is all that can still be said.
    client_.keepAlive = false;
    co_return;
  }
  co_await api_.fail(client_, status, record.fault, !client_.reader.bodyDone());
}

// What passes the gate is answered, and what does not is told why.
base::Task<> Connection::answer(Record& record) {
  Passage passage = pass(routes(), api_.senderOf(client_), client_.reader.head());
  record.found(passage.route);
  if (passage.status == 301) {
    co_await sendMoved(client_, passage.message);
  } else if (passage.status == 417) {
    client_.keepAlive = false;
    co_await sendBare(client_, passage.status);
  } else if (passage.status) {
    co_await api_.fail(client_, passage.status, std::move(passage.message), passage.close);
  } else if (Parameters read = api_.parametersOf(client_, passage.route.route());
             read != Parameters::none) {
    co_await handleWithParameters(passage.route, read);
  } else {
    co_await api_.handle(client_, passage.route);
  }
}

// A body that is a form becomes part of the query, so that there is one place to read from, and
// those who hear the call from us read the same.
base::Task<> Connection::handleWithParameters(RouteMatch route, Parameters read) {
  base::Head& request = client_.reader.head();
  if (read == Parameters::form && isForm(request)) {
    std::string form = co_await readBody(client_, maxForm);
    std::string target = withForm(request.target(), form);
    request.retarget(target);
    for (std::string_view gone : {"Content-Type", "Content-Length", "Transfer-Encoding", "Expect"})
      request.drop(gone);
  }
  route = match(routes(), request.method(), request.target());
  std::string fault = docker::parseQuery(route.query).fault;
  if (!fault.empty()) throw base::HttpError(400, fault);
  co_await api_.handle(client_, route);
}

base::Task<> Connection::tunnelHttp2() {
  Record record(*this, routes().size() - 1, true);
  Sender sender = api_.senderOf(client_);
  if (!mayTunnelHttp2(sender, api_.engineVersion())) {
    record.fault = "HTTP/2 is not supported here";
    client_.status = 505;
    client_.keepAlive = false;
    if (!client_.fromNode) co_await sendMoved(client_, http2Moved);
    co_return;
  }
  client_.status = 503;  // HTTP/2 has no words of ours for it; the connection ends
  try {
    std::unique_ptr<base::HttpConnection> upstream = co_await engine_.connect(true);
    co_await upstream->stream->write(client_.rest);
    client_.status = 101;
    co_await tunnel(*client_.stream, *upstream->stream);
  } catch (const base::Unreachable& down) {
    record.fault = down.what();
  }
}

}  // namespace proxy
