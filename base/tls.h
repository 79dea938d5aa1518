#pragma once

// TLS (OpenSSL): a context made of PEM files, and one session on a non-blocking socket. Sessions do
// no waiting of their own: each call says what to wait for.

#include <memory>
#include <span>
#include <string>
#include <string_view>

struct ssl_ctx_st;
struct ssl_st;

namespace base {

struct TlsFiles {
  std::string ca;    // who signs the certificates that clients must show
  std::string cert;  // ours, with its chain
  std::string key;
};

// Throws std::runtime_error that names the file when one cannot be used.
class TlsContext {
 public:
  // Server side: TLS 1.2 or later, and a client certificate signed by `files.ca`.
  static TlsContext forServer(const TlsFiles& files);

  ssl_ctx_st* get() const { return context_.get(); }

 private:
  struct Free {
    void operator()(ssl_ctx_st* context) const;
  };
  std::unique_ptr<ssl_ctx_st, Free> context_;
};

class TlsSession {
 public:
  // `fd` is a loan for the session's lifetime. The context may go before the session.
  TlsSession(const TlsContext& context, int fd);

  enum class Need { done, read, write, closed };
  struct Result {
    Need need;  // done: `bytes` were moved; closed: the other side sent close_notify or FIN
    size_t bytes;
  };

  // All throw StreamError on a protocol fault (wrong certificate, plain text, reset).
  Result accept();
  Result read(std::span<char> into);
  Result write(std::string_view from);
  // Sends close_notify; reading goes on.
  Result shutdownWrite();

  // Whether decrypted bytes wait to be read, which no poll would tell.
  bool pending() const;
  // Whether the other side has ended its half, found without taking data out.
  bool peekEnd();
  // The common name of the client's certificate, for logs.
  std::string peerName() const;

 private:
  struct Free {
    void operator()(ssl_st* session) const;
  };
  Result outcome(int result, const char* what);

  std::unique_ptr<ssl_st, Free> session_;
};

}  // namespace base
