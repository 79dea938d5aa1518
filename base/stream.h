#pragma once

// One connection, plain or TLS: bytes in and out without copying them into buffers of its own, half
// close in both directions, and word of a peer that goes away. Owns its socket; closes it in the
// destructor.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/poll.h"
#include "base/stream_error.h"
#include "base/task.h"
#include "base/tcp.h"
#include "base/tls.h"

namespace base {

class Stream {
 public:
  // `fd` is a connected, non-blocking stream socket.
  Stream(Loop& loop, Fd fd);
  ~Stream();

  // Connects to a unix socket; while its backlog is full, tries for as long as `timeout`. Throws
  // StreamError with the system's reason.
  static Task<std::unique_ptr<Stream>> connectUnix(Loop& loop, std::string path,
                                                   milliseconds timeout);

  // Connects to a host given by name or by number, trying its addresses one after the other. Throws
  // StreamError with the last one's reason, also when `timeout` is over.
  static Task<std::unique_ptr<Stream>> connectTcp(Loop& loop, std::string host, uint16_t port,
                                                  milliseconds timeout);

  // The server's side of the TLS handshake. If it fails the connection stands, without TLS: what
  // the client still sends can be waited for, so that it reads why.
  Task<> acceptTls(const TlsContext& context);
  // The client's side, with a deadline. With `expectedName`, only a server whose certificate has
  // this common name is accepted. Whether the server accepts us is told by the first read.
  Task<> connectTls(const TlsContext& context, std::string expectedName, milliseconds timeout);

  // What is there now: bytes, 0 for the end of the peer's half, nothing if one has to wait.
  // Throws StreamError.
  std::optional<size_t> tryRead(std::span<char> into);
  // How much was taken now, 0 if one has to wait. Throws StreamError.
  size_t tryWrite(std::string_view bytes);

  [[nodiscard]] Poll::Wait readable();
  [[nodiscard]] Poll::Wait writable();

  // Waits as often as it must. The bytes must live until it ends.
  Task<size_t> read(std::span<char> into);
  Task<> write(std::string_view bytes);

  // Until the peer has read all that was written, as far as its host tells: on a unix socket it
  // does, over TCP it says that the bytes have come. Not longer than `most`.
  Task<> untilTaken(milliseconds most);

  // Ends our half: FIN, and close_notify before it. Reading goes on.
  void shutdownWrite();

  // Takes no more bytes: who waits to read hears the end. Writing goes on.
  void stopReading();

  // Makes every wait on this stream end with a StreamError of this text: those that wait now in the
  // next turn of the loop, later ones at once. The peer sees the connection end.
  void cancel(std::string why);
  // Throws what cancel() asked for; for those who read or write the descriptor themselves.
  void checkCancelled() const;

  // Word of a peer that goes away while nobody reads. `onEnd` is called once when it has ended its
  // half, `onGone` when it takes no more bytes either. Bytes that arrive stay where they are; word
  // of the end then comes only after they were read. Stops when destroyed.
  class Watch {
   public:
    Watch(Stream& stream, std::function<void()> onEnd, std::function<void()> onGone);
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
    ~Watch();

   private:
    void listen();

    Stream& stream_;
    std::function<void()> onEnd_;
    std::function<void()> onGone_;
    bool ended_ = false;
  };

  // Calls back when anything at all arrives (bytes, the end, a reset) while nobody reads: for
  // connections that should be silent. nullptr ends it.
  void onDisturbed(std::function<void()> callback);

  // Whether the peer takes no more bytes (known for unix sockets and after a reset).
  bool peerGone() const;

  bool isTls() const { return tls_ != nullptr; }
  int fd() const { return fd_.get(); }
  Loop& loop() { return loop_; }
  // Common name of the peer's certificate; empty without TLS.
  std::string peerName() const { return peer().value_or(TlsPeer()).commonName; }
  // What the peer's certificate says; nothing without TLS, or if it showed none.
  std::optional<TlsPeer> peer() const { return tls_ ? tls_->peer() : std::nullopt; }
  uint64_t bytesRead() const { return bytesRead_; }
  uint64_t bytesWritten() const { return bytesWritten_; }
  void countSpliced(uint64_t in, uint64_t out) {
    bytesRead_ += in;
    bytesWritten_ += out;
  }

 private:
  static Task<std::unique_ptr<Stream>> connectTo(Loop& loop, SocketAddress address,
                                                 milliseconds timeout);
  Task<> handshake();
  enum class Peek { nothing, bytes, end };
  Peek peek();
  void listenForDisturbance();

  Loop& loop_;
  Fd fd_;
  std::unique_ptr<TlsSession> tls_;
  uint64_t bytesRead_ = 0;
  uint64_t bytesWritten_ = 0;
  std::unique_ptr<std::string> cancelled_;
  bool writeWantsRead_ = false;  // TLS: the write goes on after a read
  std::function<void()> disturbed_;
  Poll poll_;
};

}  // namespace base
