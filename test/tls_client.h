#pragma once

// The client's side of TLS, for tests: certificates made on the spot, and a script's plain
// connection turned into a TLS one.

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/poll.h"
#include "test/stage.h"

namespace test {

// Two authorities; a certificate of each kind signed by the first, and one client of the second.
class Certificates {
 public:
  Certificates() {
    Key ca = makeKey(), server = makeKey(), client = makeKey(), stranger = makeKey();
    Name authority = nameOf("drover test CA"), other = nameOf("another CA");
    writeCertificate("ca.pem", authority, ca, authority, ca, true);
    writeCertificate("server.pem", nameOf("server"), server, authority, ca, false);
    writeCertificate("client.pem", nameOf("anna"), client, authority, ca, false);
    writeCertificate("stranger.pem", nameOf("mallory"), stranger, other, stranger, false);
    writeKey("server.key", server);
    writeKey("client.key", client);
    writeKey("stranger.key", stranger);
  }
  std::string operator/(std::string_view name) const { return directory_ / name; }

 private:
  template <auto Free>
  struct With {
    template <class T>
    void operator()(T* each) const {
      Free(each);
    }
  };
  using Key = std::unique_ptr<EVP_PKEY, With<EVP_PKEY_free>>;
  using Name = std::unique_ptr<X509_NAME, With<X509_NAME_free>>;
  using File = std::unique_ptr<FILE, With<fclose>>;

  static Key makeKey() { return Key(EVP_EC_gen("P-256")); }

  static Name nameOf(const char* common) {
    Name name(X509_NAME_new());
    X509_NAME_add_entry_by_txt(name.get(), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(common), -1, -1, 0);
    return name;
  }

  void writeCertificate(const char* file, const Name& subject, const Key& key, const Name& issuer,
                        const Key& issuerKey, bool authority) const {
    std::unique_ptr<X509, With<X509_free>> made(X509_new());
    X509_set_version(made.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), authority ? 1 : 2);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
    X509_set_subject_name(made.get(), subject.get());
    X509_set_issuer_name(made.get(), issuer.get());
    X509_set_pubkey(made.get(), key.get());
    std::unique_ptr<X509_EXTENSION, With<X509_EXTENSION_free>> basic(X509V3_EXT_conf_nid(
        nullptr, nullptr, NID_basic_constraints, authority ? "critical,CA:TRUE" : "CA:FALSE"));
    X509_add_ext(made.get(), basic.get(), -1);
    X509_sign(made.get(), issuerKey.get(), EVP_sha256());
    File out(std::fopen((directory_ / file).c_str(), "w"));
    PEM_write_X509(out.get(), made.get());
  }

  void writeKey(const char* file, const Key& key) const {
    File out(std::fopen((directory_ / file).c_str(), "w"));
    PEM_write_PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  }

  TempDir directory_;
};

// Carries what is said on a plain connection over TLS, and back. An end of the plain half becomes a
// close_notify, and the other way round.
class TlsClient {
 public:
  // `name` of the certificate to show; none if empty.
  TlsClient(Stage& stage, base::Fd plain, base::Fd secured, const Certificates& certificates,
            const std::string& name, int newestVersion = TLS1_3_VERSION)
      : plain_(stage.stream(std::move(plain))),
        fd_(std::move(secured)),
        poll_(stage.loop, fd_.get()) {
    context_.reset(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_mode(context_.get(),
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_max_proto_version(context_.get(), newestVersion);
    SSL_CTX_set_security_level(context_.get(), 0);  // or it would not even offer TLS 1.1
    SSL_CTX_load_verify_file(context_.get(), (certificates / "ca.pem").c_str());
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    if (!name.empty()) {
      SSL_CTX_use_certificate_file(context_.get(), (certificates / (name + ".pem")).c_str(),
                                   SSL_FILETYPE_PEM);
      SSL_CTX_use_PrivateKey_file(context_.get(), (certificates / (name + ".key")).c_str(),
                                  SSL_FILETYPE_PEM);
    }
    session_.reset(SSL_new(context_.get()));
    SSL_set_fd(session_.get(), fd_.get());
    SSL_set_connect_state(session_.get());
  }

  // What was heard, as it was cut by who wrote it: a read gives a record at most.
  const std::vector<std::string>& records() const { return records_; }

  // Until both directions have ended.
  base::Task<> run() {
    up_.spawn(carryUp());
    char buffer[16 * 1024];
    for (;;) {
      ERR_clear_error();
      int got = SSL_read(session_.get(), buffer, sizeof buffer);
      if (got > 0) {
        records_.emplace_back(buffer, static_cast<size_t>(got));
        co_await plain_->write(records_.back());
        continue;
      }
      int error = SSL_get_error(session_.get(), got);
      if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) break;
      co_await poll_.readable();
    }
    plain_->shutdownWrite();
    while (!up_.empty()) co_await up_.taskEnded().wait();
  }

 private:
  base::Task<> carryUp() {
    char buffer[16 * 1024];
    for (;;) {
      size_t got = co_await plain_->read(buffer);
      if (got == 0) break;
      for (size_t done = 0; done < got;) {
        ERR_clear_error();
        int put = SSL_write(session_.get(), buffer + done, static_cast<int>(got - done));
        if (put > 0) {
          done += static_cast<size_t>(put);
          continue;
        }
        int error = SSL_get_error(session_.get(), put);
        if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) co_return;
        // What the handshake waits for arrives while run() reads.
        if (error == SSL_ERROR_WANT_WRITE) {
          co_await poll_.writable();
        } else {
          co_await base::sleepFor(plain_->loop(), milliseconds(1));
        }
      }
    }
    SSL_shutdown(session_.get());
  }

  template <auto Free>
  struct With {
    template <class T>
    void operator()(T* each) const {
      Free(each);
    }
  };
  std::vector<std::string> records_;
  std::unique_ptr<base::Stream> plain_;
  base::Fd fd_;
  base::Poll poll_;
  std::unique_ptr<SSL_CTX, With<SSL_CTX_free>> context_;
  std::unique_ptr<SSL, With<SSL_free>> session_;
  base::Scope up_{[](std::exception_ptr) {}};
};

}  // namespace test
