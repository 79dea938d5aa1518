#pragma once

// TLS (OpenSSL): a context made of PEM files or of PEM texts, and one session on a non-blocking
// socket. Sessions do no waiting of their own: each call says what to wait for.

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

struct ssl_ctx_st;
struct ssl_st;
struct x509_st;
struct x509_store_ctx_st;

namespace base {

struct TlsFiles {
  std::string ca;    // who signs the certificates that clients must show
  std::string cert;  // ours, with its chain
  std::string key;
};

// SHA-256 of a certificate in DER.
using CertificateDigest = std::array<uint8_t, 32>;

// What the certificate of the other side says; verified, unless stated otherwise. Empty parts are
// not in it.
struct TlsPeer {
  std::string commonName;
  std::string organization;
  std::string organizationalUnit;
  std::string serial;  // upper case hexadecimal
  // Which of the authorities it was verified by. Only where TlsOptions::refuse is asked.
  std::optional<CertificateDigest> authority = {};
};

struct TlsOptions {
  enum class Role { server, client };
  Role role = Role::server;
  // Ours in PEM, followed by those to send along: what leads to its authority, and the authority
  // for peers that pin it. A cross-signed authority comes before the self-signed one of the same
  // key. A client may have none.
  std::string certificate;
  std::string_view key;     // in PEM; a loan for the call
  std::string authorities;  // in PEM, one or several: who signs the certificates of peers
  // Instead of authorities: only the one with this digest, which the peer has to send along.
  std::optional<CertificateDigest> pinned;
  bool clientMayBeUnknown = false;  // server: clients without a certificate are let in, too
  bool onlyTls13 = true;            // or TLS 1.2 as well
  // Sees a peer whose certificate is verified and may refuse it all the same: gives the reason, or
  // an empty text to let it in. Called within the handshake of every session, for as long as there
  // are any, even after the context is gone.
  std::function<std::string(const TlsPeer&)> refuse;
};

class TlsContext {
 public:
  // Server side: TLS 1.2 or later, and a client certificate signed by `files.ca`. Throws
  // std::runtime_error that names the file when one cannot be used.
  static TlsContext forServer(const TlsFiles& files);
  // The same for clients of further authorities: those of `also.authorities` are trusted beside
  // those of `files.ca`, if there are any, and `also.refuse` is asked about all of them. Without
  // `files.cert` the certificate and the key of `also` are shown.
  static TlsContext forServer(const TlsFiles& files, const TlsOptions& also);
  // Either side. Throws std::runtime_error that says which text cannot be used.
  static TlsContext inMemory(const TlsOptions& options);

  ssl_ctx_st* get() const { return context_.get(); }

 private:
  friend class TlsSession;
  struct Free {
    void operator()(ssl_ctx_st* context) const;
  };
  struct Checks;
  explicit TlsContext(TlsOptions::Role role);
  void useFiles(const TlsFiles& files);
  void trustFile(const std::string& ca);
  void use(const TlsOptions& options);
  void trust(const std::string& authorities);

  TlsOptions::Role role_;
  // Shared with the sessions, whose handshakes may outlive the context.
  std::shared_ptr<Checks> checks_;
  std::unique_ptr<ssl_ctx_st, Free> context_;
};

class TlsSession {
 public:
  // `fd` is a loan for the session's lifetime. The context may go before the session. With
  // `expectedName`, only a peer of this common name is accepted.
  TlsSession(const TlsContext& context, int fd, std::string expectedName = {});
  TlsSession(TlsSession&&) noexcept;
  TlsSession& operator=(TlsSession&&) noexcept;
  ~TlsSession();

  enum class Need { done, read, write, closed };
  struct Result {
    Need need;  // done: `bytes` were moved; closed: the other side sent close_notify or FIN
    size_t bytes;
  };

  // All throw StreamError on a protocol fault (wrong certificate, plain text, reset).
  Result handshake();
  Result read(std::span<char> into);
  Result write(std::string_view from);
  // Sends close_notify; reading goes on.
  Result shutdownWrite();

  // Whether decrypted bytes wait to be read, which no poll would tell.
  bool pending() const;
  // Whether the other side has ended its half, found without taking data out.
  bool peekEnd();
  // Nothing if the other side showed no certificate.
  std::optional<TlsPeer> peer() const;

 private:
  friend class TlsContext;
  struct Free {
    void operator()(ssl_st* session) const;
  };
  struct Verification;
  Result outcome(int result, const char* what);

  std::unique_ptr<Verification> verification_;
  std::unique_ptr<ssl_st, Free> session_;
};

// For others who verify certificates.

// What a certificate says, verified or not.
TlsPeer tlsPeerOf(const x509_st* certificate);
// Why the last X509_verify_cert() failed, in words that name the certificate at fault.
std::string whyNotVerified(const x509_store_ctx_st* context);

}  // namespace base
