#include "proxy/metrics_server.h"

#include "base/http.h"
#include "base/http_heads.h"
#include "base/stream.h"
#include "docker/heads.h"
#include "proxy/http/tunnel.h"

namespace proxy {
namespace {

constexpr size_t maxConnections = 32;
constexpr base::milliseconds timeout(10'000);

}  // namespace

MetricsServer::MetricsServer(base::Loop& loop, const Address& address, Metrics& metrics,
                             base::Log& log)
    : loop_(loop),
      metrics_(metrics),
      log_(log),
      listener_(base::listenTcp(address.host, address.port)),
      tasks_([this](std::exception_ptr fault) {
        try {
          std::rethrow_exception(fault);
        } catch (const std::exception& what) {
          log_.debug("metrics connection lost", {{"reason", what.what()}});
        }
      }) {
  tasks_.spawn(base::acceptAll(
      loop_, listener_.get(),
      [this](base::Fd fd) {
        if (open_ < maxConnections) tasks_.spawn(serve(std::move(fd)));
      },
      [this](std::string why) {
        log_.warn("cannot accept metrics connections", {{"reason", why}});
      }));
  log_.info("serving metrics", {{"address", encode(address)}});
}

// One request, one answer.
base::Task<> MetricsServer::serve(base::Fd fd) {
  struct Counted {
    size_t& open;
    explicit Counted(size_t& count) : open(count) { open++; }
    ~Counted() { open--; }
  };
  Counted counted(open_);
  base::Stream stream(loop_, std::move(fd));
  base::Timer timer(loop_);
  timer.start(timeout, [&stream] { stream.cancel("the scrape took too long"); });
  base::MessageReader reader(base::MessageReader::Kind::request, {});
  while (!reader.headDone()) {
    co_await stream.readable();
    std::span<char> buffer = loop_.scratch();
    std::optional<size_t> got = stream.tryRead(buffer);
    if (!got) continue;
    if (*got == 0) co_return;
    reader.feedHead(std::string_view(buffer.data(), *got));
  }
  std::string_view path = reader.head().target().substr(0, reader.head().target().find('?'));
  bool right = path == "/metrics" && reader.head().method() == "GET";
  int status = right ? 200 : 404;
  std::string body =
      right ? metrics_.render() : docker::errorBody("only GET /metrics is served here");
  std::string out = "HTTP/1.1 " + std::to_string(status) + " ";
  out.append(base::reasonPhrase(status)).append("\r\nContent-Type: ");
  out.append(right ? Metrics::contentType : std::string_view("application/json"));
  out.append("\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) +
             "\r\n\r\n");
  out.append(body);
  co_await stream.write(out);
  co_await lingerClose(stream);
}

}  // namespace proxy
