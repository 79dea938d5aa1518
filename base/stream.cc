#include "base/stream.h"

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <exception>
#include <vector>

#include "base/connection_refused.h"

namespace base {
namespace {

// SSL_write() works in records; more at once gains nothing.
constexpr size_t maxTlsWrite = 256 * 1024;

[[noreturn]] void failConnect(int error) {
  if (error == ECONNREFUSED) throw ConnectionRefused(std::strerror(error));
  throw StreamError(std::strerror(error));
}

}  // namespace

Stream::Stream(Loop& loop, Fd fd) : loop_(loop), fd_(std::move(fd)), poll_(loop, fd_.get()) {}

Stream::~Stream() = default;

Task<std::unique_ptr<Stream>> Stream::connectUnix(Loop& loop, std::string path,
                                                  milliseconds timeout) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw StreamError("socket path is too long");
  std::memcpy(address.sun_path, path.data(), path.size());
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) throw StreamError(std::strerror(errno));
  // A full backlog answers EAGAIN, and nothing tells when there is room again.
  Time deadline = loop.now() + timeout;
  while (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    if (errno != EAGAIN || loop.now() >= deadline) throw StreamError(std::strerror(errno));
    co_await sleepFor(loop, milliseconds(10));
  }
  co_return std::make_unique<Stream>(loop, std::move(fd));
}

// One attempt. The stream is there before its connection, so that it can be waited for.
Task<std::unique_ptr<Stream>> Stream::connectTo(Loop& loop, SocketAddress address,
                                                milliseconds timeout) {
  Fd fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) throw StreamError(std::strerror(errno));
  int number = fd.get();
  bool connected = ::connect(number, address.generic(), address.size) == 0;
  if (!connected && errno != EINPROGRESS) failConnect(errno);
  std::unique_ptr<Stream> stream = std::make_unique<Stream>(loop, std::move(fd));
  if (!connected) {
    Timer deadline(loop);
    deadline.start(timeout, [&stream] { stream->cancel("no answer in time"); });
    co_await stream->writable();
    stream->checkCancelled();
    int failed = 0;
    socklen_t size = sizeof failed;
    ::getsockopt(number, SOL_SOCKET, SO_ERROR, &failed, &size);
    if (failed) failConnect(failed);
  }
  tuneTcp(number);
  co_return stream;
}

Task<std::unique_ptr<Stream>> Stream::connectTcp(Loop& loop, std::string host, uint16_t port,
                                                 milliseconds timeout) {
  Time deadline = loop.now() + timeout;
  std::vector<SocketAddress> addresses = co_await resolve(loop, host, port, timeout);
  std::exception_ptr fault;
  for (size_t i = 0; i < addresses.size(); i++) {
    Time now = loop.now();
    if (i > 0 && now >= deadline) break;
    // A silent address leaves the next ones their share of the time.
    milliseconds share = std::max(deadline - now, milliseconds(0)) / (addresses.size() - i);
    try {
      std::unique_ptr<Stream> stream = co_await connectTo(loop, addresses[i], share);
      co_return stream;
    } catch (const StreamError&) {
      fault = std::current_exception();
    }
  }
  std::rethrow_exception(fault);
}

void Stream::checkCancelled() const {
  if (cancelled_) throw StreamError(*cancelled_);
}

Task<> Stream::acceptTls(const TlsContext& context) {
  tls_ = std::make_unique<TlsSession>(context, fd_.get());
  std::exception_ptr failed;
  try {
    co_await handshake();
    co_return;
  } catch (const StreamError&) {
    failed = std::current_exception();
  }
  tls_.reset();
  std::rethrow_exception(failed);
}

Task<> Stream::connectTls(const TlsContext& context, std::string expectedName,
                          milliseconds timeout) {
  tls_ = std::make_unique<TlsSession>(context, fd_.get(), std::move(expectedName));
  Timer deadline(loop_);
  deadline.start(timeout, [this] { cancel("no answer in the TLS handshake"); });
  co_await handshake();
}

Task<> Stream::handshake() {
  for (;;) {
    checkCancelled();
    TlsSession::Result result = tls_->handshake();
    if (result.need == TlsSession::Need::done) co_return;
    if (result.need == TlsSession::Need::closed) throw StreamError("closed in the TLS handshake");
    if (result.need == TlsSession::Need::read) {
      co_await poll_.readable();
    } else {
      co_await poll_.writable();
    }
  }
}

std::optional<size_t> Stream::tryRead(std::span<char> into) {
  checkCancelled();
  if (tls_) {
    TlsSession::Result result = tls_->read(into);
    if (result.need == TlsSession::Need::closed) return 0;
    if (result.need != TlsSession::Need::done) return std::nullopt;
    bytesRead_ += result.bytes;
    return result.bytes;
  }
  ssize_t got = ::recv(fd_.get(), into.data(), into.size(), 0);
  if (got >= 0) {
    bytesRead_ += static_cast<size_t>(got);
    return static_cast<size_t>(got);
  }
  if (errno == EAGAIN || errno == EINTR) return std::nullopt;
  throw StreamError(std::strerror(errno));
}

size_t Stream::tryWrite(std::string_view bytes) {
  checkCancelled();
  if (bytes.empty()) return 0;
  if (tls_) {
    TlsSession::Result result = tls_->write(bytes.substr(0, maxTlsWrite));
    if (result.need == TlsSession::Need::closed) throw StreamError("connection closed");
    writeWantsRead_ = result.need == TlsSession::Need::read;
    bytesWritten_ += result.bytes;
    return result.bytes;
  }
  ssize_t put = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (put >= 0) {
    bytesWritten_ += static_cast<size_t>(put);
    return static_cast<size_t>(put);
  }
  if (errno == EAGAIN || errno == EINTR) return 0;
  throw StreamError(std::strerror(errno));
}

Poll::Wait Stream::readable() {
  return poll_.readable(cancelled_ || (tls_ && tls_->pending()));
}

Poll::Wait Stream::writable() {
  // With renegotiation refused and TLS 1.3's key updates answered inside SSL_read, a write that
  // wants to read is rare; the next turn tries again.
  return poll_.writable(cancelled_ != nullptr);
}

Task<size_t> Stream::read(std::span<char> into) {
  for (;;) {
    std::optional<size_t> got = tryRead(into);
    if (got) co_return *got;
    co_await readable();
  }
}

Task<> Stream::write(std::string_view bytes) {
  while (!bytes.empty()) {
    size_t put = tryWrite(bytes);
    bytes.remove_prefix(put);
    if (put == 0) co_await writable();
  }
}

Task<> Stream::untilTaken(milliseconds most) {
  constexpr milliseconds lookEvery(1);
  for (milliseconds waited(0); waited < most; waited += lookEvery) {
    int left = 0;
    if (ioctl(fd_.get(), SIOCOUTQ, &left) < 0 || left == 0) break;
    co_await sleepFor(loop_, lookEvery);
  }
}

void Stream::shutdownWrite() {
  if (cancelled_) return;
  try {
    if (tls_) tls_->shutdownWrite();
  } catch (const std::exception&) {
    // The connection is broken already; whoever reads from it hears why.
  }
  ::shutdown(fd_.get(), SHUT_WR);
}

void Stream::stopReading() {
  ::shutdown(fd_.get(), SHUT_RD);
}

void Stream::cancel(std::string why) {
  if (cancelled_) return;
  cancelled_ = std::make_unique<std::string>(std::move(why));
  ::shutdown(fd_.get(), SHUT_RDWR);  // wakes who waits, from the loop and not from here
}

bool Stream::peerGone() const {
  pollfd asked{fd_.get(), 0, 0};
  return ::poll(&asked, 1, 0) == 1 && (asked.revents & (POLLHUP | POLLERR));
}

Stream::Peek Stream::peek() {
  if (tls_) {
    try {
      return tls_->peekEnd() ? Peek::end : tls_->pending() ? Peek::bytes : Peek::nothing;
    } catch (const StreamError&) {
      return Peek::end;
    }
  }
  char byte;
  ssize_t got = ::recv(fd_.get(), &byte, 1, MSG_PEEK);
  if (got > 0) return Peek::bytes;
  return got < 0 && (errno == EAGAIN || errno == EINTR) ? Peek::nothing : Peek::end;
}

void Stream::onDisturbed(std::function<void()> callback) {
  disturbed_ = std::move(callback);
  if (disturbed_) {
    listenForDisturbance();
  } else {
    poll_.onUnexpected(nullptr);
  }
}

void Stream::listenForDisturbance() {
  poll_.onUnexpected([this] {
    // What the loop tells of may have been read since it looked.
    if (peek() == Peek::nothing) {
      listenForDisturbance();
    } else {
      std::function<void()> callback = disturbed_;  // which may end us
      callback();
    }
  });
}

Stream::Watch::Watch(Stream& stream, std::function<void()> onEnd, std::function<void()> onGone)
    : stream_(stream), onEnd_(std::move(onEnd)), onGone_(std::move(onGone)) {
  listen();
}

void Stream::Watch::listen() {
  stream_.poll_.onUnexpected([this] {
    if (stream_.peerGone()) {
      std::function<void()> gone = onGone_;
      gone();
      return;
    }
    if (ended_) return;
    Peek found = stream_.peek();
    if (found == Peek::nothing) listen();
    if (found != Peek::end) return;
    ended_ = true;
    std::function<void()> end = onEnd_;
    end();
  });
}

Stream::Watch::~Watch() {
  stream_.poll_.onUnexpected(nullptr);
}

}  // namespace base
