#include "base/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "base/stream_error.h"

namespace base {
namespace {

// OpenSSL's own words for the newest error; empties its queue.
std::string reason() {
  unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* text = code ? ERR_reason_error_string(code) : nullptr;
  return text ? text : "unknown TLS error";
}

void check(bool ok, const std::string& what) {
  if (!ok) throw std::runtime_error(what + ": " + reason());
}

}  // namespace

void TlsContext::Free::operator()(ssl_ctx_st* context) const {
  SSL_CTX_free(context);
}

TlsContext TlsContext::forServer(const TlsFiles& files) {
  TlsContext made;
  made.context_.reset(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* context = made.context_.get();
  check(context, "cannot set up TLS");
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  // A client that ends its half without close_notify has merely ended, and is still answered.
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                   SSL_OP_IGNORE_UNEXPECTED_EOF);
  // Resumption would need a session id context and gains little on long-lived connections.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  check(SSL_CTX_use_certificate_chain_file(context, files.cert.c_str()) == 1,
        "tls_cert " + files.cert);
  check(SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) == 1,
        "tls_key " + files.key);
  check(SSL_CTX_check_private_key(context) == 1,
        "tls_key " + files.key + " does not belong to tls_cert " + files.cert);
  check(SSL_CTX_load_verify_file(context, files.ca.c_str()) == 1, "tls_ca " + files.ca);
  STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(files.ca.c_str());
  check(names, "tls_ca " + files.ca);
  SSL_CTX_set_client_CA_list(context, names);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return made;
}

void TlsSession::Free::operator()(ssl_st* session) const {
  SSL_free(session);
}

TlsSession::TlsSession(const TlsContext& context, int fd) : session_(SSL_new(context.get())) {
  check(session_ && SSL_set_fd(session_.get(), fd) == 1, "cannot start TLS");
  SSL_set_accept_state(session_.get());
}

TlsSession::Result TlsSession::outcome(int result, const char* what) {
  if (result > 0) return {Need::done, static_cast<size_t>(result)};
  int systemError = errno;
  switch (SSL_get_error(session_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return {Need::read, 0};
    case SSL_ERROR_WANT_WRITE:
      return {Need::write, 0};
    case SSL_ERROR_ZERO_RETURN:
      return {Need::closed, 0};
    case SSL_ERROR_SYSCALL:
      ERR_clear_error();
      throw StreamError(std::string(what) + ": " +
                        (systemError ? std::strerror(systemError) : "connection closed"));
    default:
      break;
  }
  throw ProtocolError(std::string(what) + ": " + reason());
}

TlsSession::Result TlsSession::accept() {
  ERR_clear_error();
  errno = 0;
  return outcome(SSL_accept(session_.get()), "TLS handshake");
}

TlsSession::Result TlsSession::read(std::span<char> into) {
  ERR_clear_error();
  errno = 0;
  return outcome(SSL_read(session_.get(), into.data(), static_cast<int>(into.size())), "TLS read");
}

TlsSession::Result TlsSession::write(std::string_view from) {
  ERR_clear_error();
  errno = 0;
  return outcome(SSL_write(session_.get(), from.data(), static_cast<int>(from.size())),
                 "TLS write");
}

TlsSession::Result TlsSession::shutdownWrite() {
  ERR_clear_error();
  errno = 0;
  int result = SSL_shutdown(session_.get());
  if (result >= 0) return {Need::done, 0};  // 0: ours is sent, theirs has not come yet
  return outcome(result, "TLS shutdown");
}

bool TlsSession::pending() const {
  return SSL_pending(session_.get()) > 0;
}

bool TlsSession::peekEnd() {
  char byte;
  ERR_clear_error();
  errno = 0;
  return outcome(SSL_peek(session_.get(), &byte, 1), "TLS read").need == Need::closed;
}

std::string TlsSession::peerName() const {
  X509* certificate = SSL_get0_peer_certificate(session_.get());
  if (!certificate) return {};
  char name[256];
  int length = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name,
                                         sizeof name);
  return length > 0 ? std::string(name, static_cast<size_t>(length)) : std::string();
}

}  // namespace base
