#include "proxy/http/tunnel.h"

#include <optional>

#include "base/transfer.h"

namespace proxy {
namespace {

using base::Stream;

// One half of a tunnel that runs beside the other.
class Upward {
 public:
  Upward(Stream& exchange, Stream& upstream) : client_(exchange), upstream_(upstream) {}

  base::Task<> run() {
    base::Transfer transfer(client_, upstream_);
    bool clientBroke = false;
    try {
      co_await transfer.untilEnd();
    } catch (const base::StreamError&) {
      clientBroke = transfer.sourceFailed();
    }
    if (clientBroke || client_.peerGone()) {
      upstream_.cancel("the client went away");
    } else {
      // Its input has ended, or the upstream takes no more; the output still matters to it.
      upstream_.shutdownWrite();
      gone_.emplace(
          client_, [] {}, [this] { upstream_.cancel("the client went away"); });
    }
  }

 private:
  Stream& client_;
  Stream& upstream_;
  std::optional<Stream::Watch> gone_;
};

}  // namespace

base::Task<> tunnel(Stream& exchange, Stream& upstream) {
  Upward upward(exchange, upstream);
  base::Scope beside([](std::exception_ptr) {});
  beside.spawn(upward.run());

  base::Transfer transfer(upstream, exchange);
  co_await transfer.untilEnd();
  exchange.shutdownWrite();
  // The upstream has said all; it may still listen.
  if (beside.empty() || upstream.peerGone()) co_return;
  Stream::Watch gone(
      upstream, [] {}, [&beside] { beside.taskEnded().fire(); });
  co_await beside.taskEnded().wait();
}

base::Task<> lingerClose(Stream& stream) {
  stream.shutdownWrite();
  base::Timer limit(stream.loop());
  limit.start(base::milliseconds(1000), [&stream] { stream.cancel("lingered long enough"); });
  try {
    for (;;) {
      co_await stream.readable();
      std::optional<size_t> got = stream.tryRead(stream.loop().scratch());
      if (got && *got == 0) break;
    }
  } catch (const base::StreamError&) {
    // Gone is what we wait for.
  }
}

}  // namespace proxy
