#include "base/tls.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <stdexcept>
#include <vector>

#include "base/stream_error.h"

namespace base {
namespace {

template <auto free>
struct With {
  template <class T>
  void operator()(T* each) const {
    free(each);
  }
};
using Certificate = std::unique_ptr<X509, With<X509_free>>;
using Bio = std::unique_ptr<BIO, With<BIO_free>>;

// OpenSSL's own words for the newest error; empties its queue.
std::string reason() {
  unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  int number = ERR_GET_REASON(code);
  if (ERR_GET_LIB(code) == ERR_LIB_SSL && number >= SSL_AD_REASON_OFFSET)
    return std::string("the other side refused with \"") +
           SSL_alert_desc_string_long(number - SSL_AD_REASON_OFFSET) + "\"";
  const char* text = code ? ERR_reason_error_string(code) : nullptr;
  return text ? text : "unknown TLS error";
}

void check(bool ok, const std::string& what) {
  if (!ok) throw std::runtime_error(what + ": " + reason());
}

// Never asks for a password on the terminal.
int noPassword(char*, int, int, void*) {
  return -1;
}

Bio bioOf(std::string_view text) {
  Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  check(bio != nullptr, "cannot read PEM");
  return bio;
}

// All certificates of a PEM text, at least one.
std::vector<Certificate> certificatesOf(std::string_view pem, const std::string& what) {
  std::vector<Certificate> found;
  Bio bio = bioOf(pem);
  ERR_clear_error();
  while (X509* each = PEM_read_bio_X509(bio.get(), nullptr, noPassword, nullptr)) {
    found.emplace_back(each);
  }
  bool atEnd = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  check(atEnd && !found.empty(), what);
  ERR_clear_error();
  return found;
}

// Text from a certificate, which may hold anything, fit for a message.
std::string printable(std::string text) {
  constexpr size_t most = 64;
  if (text.size() > most) text.resize(most);
  for (char& each : text) {
    if (each < ' ' || each > '~' || each == '"') each = '?';
  }
  return text;
}

std::string partOf(const X509* certificate, int nid) {
  const X509_NAME* name = X509_get_subject_name(certificate);
  int at = X509_NAME_get_index_by_NID(name, nid, -1);
  if (at < 0) return {};
  const ASN1_STRING* value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
  unsigned char* text = nullptr;
  int length = ASN1_STRING_to_UTF8(&text, value);
  if (length < 0) return {};
  std::string part(reinterpret_cast<const char*>(text), static_cast<size_t>(length));
  OPENSSL_free(text);
  return part;
}

std::string textOf(const ASN1_TIME* time) {
  std::tm parts{};
  char text[64];
  if (ASN1_TIME_to_tm(time, &parts) != 1) return "an unreadable time";
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts)};
}

std::optional<CertificateDigest> digestOf(const X509* certificate) {
  CertificateDigest digest;
  unsigned size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &size) != 1) return std::nullopt;
  return digest;
}

}  // namespace

// What every handshake of a context goes through beside OpenSSL's own rules.
struct TlsContext::Checks {
  std::optional<CertificateDigest> pinned;
  std::function<std::string(const TlsPeer&)> refuse;

  static int verify(X509_STORE_CTX* context, void* checks);
  std::string whyRefused(X509_STORE_CTX* context, const std::string& expectedName) const;
  bool verifyPinned(X509_STORE_CTX* context) const;
};

struct TlsSession::Verification {
  std::shared_ptr<TlsContext::Checks> checks;  // kept while the handshake may call them
  std::string expectedName;
  std::string refusal;  // why the other side's certificate was refused
};

// Called by OpenSSL instead of X509_verify_cert() alone.
int TlsContext::Checks::verify(X509_STORE_CTX* context, void* checks) {
  int index = SSL_get_ex_data_X509_STORE_CTX_idx();
  SSL* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(context, index));
  auto* session = static_cast<TlsSession::Verification*>(SSL_get_app_data(ssl));
  try {
    session->refusal =
        static_cast<const Checks*>(checks)->whyRefused(context, session->expectedName);
  } catch (const std::exception& fault) {
    session->refusal = fault.what();
  }
  if (session->refusal.empty()) return 1;
  // Becomes the alert "bad certificate"; what verification itself found has alerts of its own.
  if (X509_STORE_CTX_get_error(context) == X509_V_OK)
    X509_STORE_CTX_set_error(context, X509_V_ERR_CERT_REJECTED);
  return 0;
}

std::string TlsContext::Checks::whyRefused(X509_STORE_CTX* context,
                                           const std::string& expectedName) const {
  X509* leaf = X509_STORE_CTX_get0_cert(context);
  if (pinned) {
    if (!verifyPinned(context)) {
      if (X509_STORE_CTX_get_error(context) != X509_V_OK) return whyNotVerified(context);
      X509_STORE_CTX_set_error(context, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
      return "the other side's certificate is not from the expected authority";
    }
  } else if (X509_verify_cert(context) != 1) {
    return whyNotVerified(context);
  }
  TlsPeer peer = tlsPeerOf(leaf);
  // OpenSSL trusts what signs itself and is in the store: that is the chain's end.
  STACK_OF(X509)* chain = X509_STORE_CTX_get0_chain(context);
  if (int count = sk_X509_num(chain); count > 0)
    peer.authority = digestOf(sk_X509_value(chain, count - 1));
  if (!expectedName.empty() && peer.commonName != expectedName)
    return "the other side is \"" + printable(peer.commonName) + "\" instead of \"" + expectedName +
           "\"";
  return refuse ? refuse(peer) : std::string();
}

// False without an error in `context` if the peer did not send the pinned authority.
bool TlsContext::Checks::verifyPinned(X509_STORE_CTX* context) const {
  STACK_OF(X509)* sent = X509_STORE_CTX_get0_untrusted(context);
  for (int i = 0; i < sk_X509_num(sent); i++) {
    X509* each = sk_X509_value(sent, i);
    if (digestOf(each) != pinned || X509_check_ca(each) != 1) continue;
    auto drop = [](STACK_OF(X509) * stack) { sk_X509_free(stack); };
    std::unique_ptr<STACK_OF(X509), decltype(drop)> trusted(sk_X509_new_null(), drop);
    if (!trusted || sk_X509_push(trusted.get(), each) <= 0) throw std::bad_alloc();
    X509_STORE_CTX_set0_trusted_stack(context, trusted.get());
    bool good = X509_verify_cert(context) == 1;
    X509_STORE_CTX_set0_trusted_stack(context, nullptr);
    return good;
  }
  return false;
}

void TlsContext::Free::operator()(ssl_ctx_st* context) const {
  SSL_CTX_free(context);
}

TlsContext::TlsContext(TlsOptions::Role role)
    : role_(role),
      checks_(std::make_shared<Checks>()),
      context_(SSL_CTX_new(role == TlsOptions::Role::server ? TLS_server_method()
                                                            : TLS_client_method())) {
  SSL_CTX* context = context_.get();
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
  SSL_CTX_set_default_passwd_cb(context, noPassword);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_cert_verify_callback(context, Checks::verify, checks_.get());
}

// Certificate and key.
void TlsContext::useFiles(const TlsFiles& files) {
  SSL_CTX* context = context_.get();
  check(SSL_CTX_use_certificate_chain_file(context, files.cert.c_str()) == 1,
        "tls_cert " + files.cert);
  check(SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) == 1,
        "tls_key " + files.key);
  check(SSL_CTX_check_private_key(context) == 1,
        "tls_key " + files.key + " does not belong to tls_cert " + files.cert);
}

// Clients are told of the authorities, too, and choose their certificate by that.
void TlsContext::trustFile(const std::string& ca) {
  check(SSL_CTX_load_verify_file(context_.get(), ca.c_str()) == 1, "tls_ca " + ca);
  STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(ca.c_str());
  check(names, "tls_ca " + ca);
  SSL_CTX_set_client_CA_list(context_.get(), names);
}

void TlsContext::use(const TlsOptions& options) {
  SSL_CTX* context = context_.get();
  SSL_CTX_set_mode(context, SSL_MODE_NO_AUTO_CHAIN);  // what is sent along is in `certificate`
  std::vector<Certificate> chain = certificatesOf(options.certificate, "our certificate");
  check(SSL_CTX_use_certificate(context, chain[0].get()) == 1, "our certificate");
  for (size_t i = 1; i < chain.size(); i++) {
    check(SSL_CTX_add1_chain_cert(context, chain[i].get()) == 1, "our certificate");
  }
  std::unique_ptr<EVP_PKEY, With<EVP_PKEY_free>> key(
      PEM_read_bio_PrivateKey(bioOf(options.key).get(), nullptr, noPassword, nullptr));
  check(key && SSL_CTX_use_PrivateKey(context, key.get()) == 1, "our private key");
}

void TlsContext::trust(const std::string& authorities) {
  X509_STORE* store = SSL_CTX_get_cert_store(context_.get());
  for (const Certificate& each : certificatesOf(authorities, "the authorities")) {
    check(X509_STORE_add_cert(store, each.get()) == 1, "the authorities");
  }
}

TlsContext TlsContext::forServer(const TlsFiles& files) {
  TlsContext made(TlsOptions::Role::server);
  made.useFiles(files);
  made.trustFile(files.ca);
  return made;
}

TlsContext TlsContext::forServer(const TlsFiles& files, const TlsOptions& also) {
  TlsContext made(TlsOptions::Role::server);
  made.checks_->refuse = also.refuse;
  if (files.cert.empty()) {
    made.use(also);
  } else {
    made.useFiles(files);
  }
  if (!files.ca.empty()) made.trustFile(files.ca);
  made.trust(also.authorities);
  if (files.ca.empty()) return made;
  for (const Certificate& each : certificatesOf(also.authorities, "the authorities")) {
    check(SSL_CTX_add_client_CA(made.get(), each.get()) == 1, "the authorities");
  }
  return made;
}

TlsContext TlsContext::inMemory(const TlsOptions& options) {
  TlsContext made(options.role);
  made.checks_->pinned = options.pinned;
  made.checks_->refuse = options.refuse;
  SSL_CTX* context = made.context_.get();
  if (options.onlyTls13) SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  if (options.clientMayBeUnknown) SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  if (options.role == TlsOptions::Role::server || !options.certificate.empty()) made.use(options);
  if (!options.pinned) made.trust(options.authorities);
  return made;
}

void TlsSession::Free::operator()(ssl_st* session) const {
  SSL_free(session);
}

TlsSession::TlsSession(TlsSession&&) noexcept = default;
TlsSession& TlsSession::operator=(TlsSession&&) noexcept = default;
TlsSession::~TlsSession() = default;

TlsSession::TlsSession(const TlsContext& context, int fd, std::string expectedName)
    : verification_(new Verification{context.checks_, std::move(expectedName), {}}),
      session_(SSL_new(context.get())) {
  check(session_ && SSL_set_fd(session_.get(), fd) == 1, "cannot start TLS");
  SSL_set_app_data(session_.get(), verification_.get());
  if (context.role_ == TlsOptions::Role::server) {
    SSL_set_accept_state(session_.get());
  } else {
    SSL_set_connect_state(session_.get());
  }
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
  std::string why = reason();
  if (!verification_->refusal.empty()) why = verification_->refusal;
  throw ProtocolError(std::string(what) + ": " + why);
}

TlsSession::Result TlsSession::handshake() {
  ERR_clear_error();
  errno = 0;
  return outcome(SSL_do_handshake(session_.get()), "TLS handshake");
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

std::optional<TlsPeer> TlsSession::peer() const {
  const X509* certificate = SSL_get0_peer_certificate(session_.get());
  if (!certificate) return std::nullopt;
  return tlsPeerOf(certificate);
}

TlsPeer tlsPeerOf(const x509_st* certificate) {
  TlsPeer peer;
  peer.commonName = partOf(certificate, NID_commonName);
  peer.organization = partOf(certificate, NID_organizationName);
  peer.organizationalUnit = partOf(certificate, NID_organizationalUnitName);
  std::unique_ptr<BIGNUM, With<BN_free>> serial(
      ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
  char* text = serial ? BN_bn2hex(serial.get()) : nullptr;
  if (text) peer.serial = text;
  OPENSSL_free(text);
  return peer;
}

std::string whyNotVerified(const x509_store_ctx_st* context) {
  const X509* fault = X509_STORE_CTX_get_current_cert(context);
  std::string who = "the certificate";
  if (fault) who += " of \"" + printable(partOf(fault, NID_commonName)) + "\"";
  int error = X509_STORE_CTX_get_error(context);
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return who + " expired at " + textOf(X509_get0_notAfter(fault));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return who + " is not valid before " + textOf(X509_get0_notBefore(fault)) +
             "; do the clocks differ?";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return who + " is not signed by an authority that is trusted here";
    default:
      return who + " is not accepted: " + X509_verify_cert_error_string(error);
  }
}

}  // namespace base
