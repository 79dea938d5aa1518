#include "proxy/engine.h"

#include <algorithm>

#include "proxy/heads.h"

namespace proxy {
namespace {

constexpr size_t idleMost = 32;

}  // namespace

base::Task<> EngineConnection::readHead(bool toHead) {
  reader.reset();
  if (toHead) reader.expectNoBody();
  for (;;) {
    try {
      size_t used = reader.feedHead(rest);
      rest.erase(0, used);
    } catch (const base::HttpError& malformed) {
      throw base::StreamError(std::string("its answer is no HTTP: ") + malformed.what());
    }
    if (reader.headDone()) co_return;
    co_await stream->readable();
    std::span<char> buffer = stream->loop().scratch();
    std::optional<size_t> got = stream->tryRead(buffer);
    if (!got) continue;
    if (*got == 0) throw base::StreamError("it closed the connection without an answer");
    rest.assign(buffer.data(), *got);
  }
}

Engine::Engine(base::Loop& loop, std::string path, base::milliseconds connectTimeout,
               base::HttpLimits limits)
    : loop_(loop), path_(std::move(path)), connectTimeout_(connectTimeout), limits_(limits) {}

Engine::~Engine() = default;

base::Task<std::unique_ptr<EngineConnection>> Engine::connect(bool fresh) {
  if (!fresh && !idle_.empty()) {
    std::unique_ptr<EngineConnection> connection = std::move(idle_.back());
    idle_.pop_back();
    connection->stream->onDisturbed(nullptr);
    co_return connection;
  }
  std::string why;
  try {
    std::unique_ptr<base::Stream> stream =
        co_await base::Stream::connectUnix(loop_, path_, connectTimeout_);
    co_return std::make_unique<EngineConnection>(std::move(stream), limits_);
  } catch (const base::StreamError& failed) {
    why = failed.what();
  }
  throw EngineDown("Cannot connect to the Docker Engine at " + url() + ": " + why +
                   ". Is the docker daemon running on this host?");
}

void Engine::giveBack(std::unique_ptr<EngineConnection> connection) {
  if (idle_.size() >= idleMost) return;
  connection->reused = true;
  EngineConnection* raw = connection.get();
  // A silent connection that says something, be it goodbye, is of no more use.
  connection->stream->onDisturbed(
      [this, raw] { std::erase_if(idle_, [raw](const auto& each) { return each.get() == raw; }); });
  idle_.push_back(std::move(connection));
}

void Engine::dropIdle() {
  idle_.clear();
}

base::Task<EngineReply> Engine::callOn(EngineConnection& connection, std::string request,
                                       size_t most) {
  base::Stream& stream = *connection.stream;
  base::MessageReader& reader = connection.reader;
  co_await stream.write(request);
  co_await connection.readHead(request.starts_with("HEAD "));
  EngineReply reply;
  reply.status = reader.head().status();
  appendStoredHead(reply.head, reader.head());

  reader.collectInto(&reply.body);
  for (;;) {
    size_t used = reader.feedBody(connection.rest);
    connection.rest.erase(0, used);
    if (reply.body.size() > most) throw base::StreamError("the engine's answer is too large");
    if (reader.bodyDone()) co_return reply;
    co_await stream.readable();
    std::span<char> buffer = loop_.scratch();
    std::optional<size_t> got = stream.tryRead(buffer);
    if (!got) continue;
    if (*got == 0 && !reader.endOfStream())
      throw base::StreamError("the engine broke off its answer");
    connection.rest.assign(buffer.data(), *got);
  }
}

base::Task<EngineReply> Engine::call(std::string method, std::string target,
                                     base::milliseconds timeout, size_t most) {
  std::string request = method + " " + target + " HTTP/1.1\r\nHost: docker\r\n\r\n";
  for (bool fresh = false;; fresh = true) {
    std::unique_ptr<EngineConnection> connection = co_await connect(fresh);
    base::Stream* stream = connection->stream.get();
    base::Timer deadline(loop_);
    bool late = false;
    deadline.start(timeout, [stream, &late] {
      late = true;
      stream->cancel("no answer in time");
    });
    try {
      EngineReply reply = co_await callOn(*connection, request, most);
      if (connection->rest.empty() && connection->reader.head().keepAlive())
        giveBack(std::move(connection));
      co_return reply;
    } catch (const base::StreamError&) {
      // An idle connection may have been closed just as it was taken.
      if (!connection->reused || late || connection->reader.started()) throw;
    }
  }
}

}  // namespace proxy
