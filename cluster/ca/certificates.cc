#include "cluster/ca/certificates.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>
#include <memory>

namespace cluster {
namespace {

template <auto free>
struct With {
  template <class T>
  void operator()(T* each) const {
    free(each);
  }
};
using Bio = std::unique_ptr<BIO, With<BIO_free>>;
using Key = std::unique_ptr<EVP_PKEY, With<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, With<X509_free>>;
using Request = std::unique_ptr<X509_REQ, With<X509_REQ_free>>;

constexpr const char* authorityName = "drover-ca";
constexpr std::string_view nodeUnit = "drover-node";
constexpr std::string_view clientUnit = "drover-client";
constexpr const char* curve = "prime256v1";
constexpr int serialBits = 127;       // positive, and a handy length
constexpr size_t maxPem = 64 * 1024;  // of any text that is read
constexpr size_t maxName = 64;        // of a part of a subject (RFC 5280 appendix A.1)

// `what` is to be understood alone; OpenSSL's reason is added.
[[noreturn]] void fail(const std::string& what) {
  unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* text = code ? ERR_reason_error_string(code) : nullptr;
  throw CertificateError(text ? what + ": " + text : what);
}

void need(bool good, const char* what) {
  if (!good) fail(what);
}

// Never asks for a password on the terminal.
int noPassword(char*, int, int, void*) {
  return -1;
}

// ---- PEM

Bio reading(std::string_view text) {
  ERR_clear_error();
  if (text.size() > maxPem) throw CertificateError("PEM text is too long");
  Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  need(bio != nullptr, "cannot read PEM");
  return bio;
}

std::vector<Certificate> readBundle(std::string_view text, const std::string& what) {
  Bio bio = reading(text);
  std::vector<Certificate> found;
  while (X509* each = PEM_read_bio_X509(bio.get(), nullptr, noPassword, nullptr)) {
    found.emplace_back(each);
  }
  bool atEnd = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (!atEnd || found.empty()) fail(what + " is not PEM");
  ERR_clear_error();
  return found;
}

Certificate readCertificate(std::string_view text, const std::string& what) {
  return std::move(readBundle(text, what).front());
}

Key readKey(const Secret& key) {
  Bio bio = reading(key.reveal());
  Key read(PEM_read_bio_PrivateKey(bio.get(), nullptr, noPassword, nullptr));
  if (!read) fail("the private key is not PEM");
  return read;
}

std::string_view written(const Bio& bio) {
  char* text = nullptr;
  long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<size_t>(size)};
}

std::string write(X509* certificate) {
  Bio bio(BIO_new(BIO_s_mem()));
  need(bio && PEM_write_bio_X509(bio.get(), certificate) == 1, "cannot write a certificate");
  return std::string(written(bio));
}

Secret write(EVP_PKEY* key) {
  Bio bio(BIO_new(BIO_s_secmem()));  // wiped when it is freed
  need(bio && PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1,
       "cannot write a key");
  return Secret(written(bio));
}

// ---- making certificates

Key generateKey() {
  Key key(EVP_EC_gen(curve));
  need(key != nullptr, "cannot make a key");
  return key;
}

void addToName(X509_NAME* name, int nid, std::string_view value) {
  const unsigned char* text = reinterpret_cast<const unsigned char*>(value.data());
  need(X509_NAME_add_entry_by_NID(name, nid, MBSTRING_UTF8, text, static_cast<int>(value.size()),
                                  -1, 0) == 1,
       "cannot write a name");
}

void addSubject(X509_NAME* name, std::string_view common, std::string_view unit,
                std::string_view cluster) {
  addToName(name, NID_organizationName, cluster);
  addToName(name, NID_organizationalUnitName, unit);
  addToName(name, NID_commonName, common);
}

std::time_t seconds(WallTime time) {
  return static_cast<std::time_t>(time.time_since_epoch().count());
}

WallTime timeOf(const ASN1_TIME* time) {
  std::tm parts{};
  need(ASN1_TIME_to_tm(time, &parts) == 1, "a certificate's time cannot be read");
  return WallTime(std::chrono::seconds(::timegm(&parts)));
}

// A certificate without issuer, subject and key.
Certificate begin(WallTime from, WallTime until) {
  Certificate made(X509_new());
  std::unique_ptr<BIGNUM, With<BN_free>> serial(BN_new());
  need(made && serial && X509_set_version(made.get(), X509_VERSION_3) == 1 &&
           BN_rand(serial.get(), serialBits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
           BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(made.get())) &&
           ASN1_TIME_set(X509_getm_notBefore(made.get()), seconds(from)) &&
           ASN1_TIME_set(X509_getm_notAfter(made.get()), seconds(until)),
       "cannot make a certificate");
  return made;
}

void extend(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509V3_set_ctx_nodb(&context);
  std::unique_ptr<X509_EXTENSION, With<X509_EXTENSION_free>> made(
      X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  need(made && X509_add_ext(certificate, made.get(), -1) == 1, "cannot extend a certificate");
}

void sign(X509* certificate, EVP_PKEY* key) {
  need(X509_sign(certificate, key, EVP_sha256()) > 0, "cannot sign a certificate");
}

// The authority that signs, with its key at hand.
struct Issuer {
  Certificate certificate;
  Key key;

  explicit Issuer(const Credentials& from)
      : certificate(readCertificate(from.certificate, "the authority's certificate")),
        key(readKey(from.key)) {
    if (X509_check_private_key(certificate.get(), key.get()) != 1)
      fail("the authority's key does not belong to its certificate");
    if (X509_check_ca(certificate.get()) != 1)
      fail("the authority's certificate is not a CA certificate");
  }

  WallTime end() const { return timeOf(X509_get0_notAfter(certificate.get())); }
  const X509_NAME* name() const { return X509_get_subject_name(certificate.get()); }
};

void makeAuthorityOf(X509* certificate, X509* issuer, const char* pathLength) {
  extend(certificate, issuer, NID_basic_constraints,
         std::string("critical,CA:TRUE,pathlen:") + pathLength);
  extend(certificate, issuer, NID_key_usage, "critical,keyCertSign,cRLSign");
  extend(certificate, issuer, NID_subject_key_identifier, "hash");
  extend(certificate, issuer, NID_authority_key_identifier, "keyid:always");
}

struct Leaf {
  std::string common;
  std::string_view unit;
  std::string cluster;
  const char* purposes;
  std::string names;  // subjectAltName; may be empty
};

Certificate issue(const Leaf& leaf, EVP_PKEY* key, const Issuer& issuer, WallTime now,
                  std::chrono::seconds life) {
  if (life <= std::chrono::seconds(0))
    throw CertificateError("a certificate needs a validity period");
  if (issuer.end() <= now) throw CertificateError("the authority's certificate has expired");
  Certificate made = begin(now - backdated, std::min(now + life, issuer.end()));
  addSubject(X509_get_subject_name(made.get()), leaf.common, leaf.unit, leaf.cluster);
  need(
      X509_set_issuer_name(made.get(), issuer.name()) == 1 && X509_set_pubkey(made.get(), key) == 1,
      "cannot make a certificate");
  X509* authority = issuer.certificate.get();
  extend(made.get(), authority, NID_basic_constraints, "critical,CA:FALSE");
  extend(made.get(), authority, NID_key_usage, "critical,digitalSignature");
  extend(made.get(), authority, NID_ext_key_usage, leaf.purposes);
  extend(made.get(), authority, NID_subject_key_identifier, "hash");
  extend(made.get(), authority, NID_authority_key_identifier, "keyid:always");
  if (!leaf.names.empty()) extend(made.get(), authority, NID_subject_alt_name, leaf.names);
  sign(made.get(), issuer.key.get());
  return made;
}

// ---- checking what others sent

bool isHostname(const std::string& name) {
  auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  };
  return !name.empty() && name.size() <= 253 && std::all_of(name.begin(), name.end(), good);
}

bool isPrintable(std::string_view text) {
  auto good = [](char c) { return c >= ' ' && c <= '~'; };
  return !text.empty() && text.size() <= maxName && std::all_of(text.begin(), text.end(), good);
}

Request readRequest(const std::string& text) {
  Bio bio = reading(text);
  Request request(PEM_read_bio_X509_REQ(bio.get(), nullptr, noPassword, nullptr));
  if (!request) fail("the certificate request is not PEM");
  EVP_PKEY* key = X509_REQ_get0_pubkey(request.get());
  char group[32] = "";
  size_t size = 0;
  if (!key || !EVP_PKEY_is_a(key, "EC") ||
      EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, &size) !=
          1 ||
      std::string_view(group) != curve) {
    ERR_clear_error();
    throw CertificateError("the certificate request's key is not an ECDSA P-256 key");
  }
  if (X509_REQ_verify(request.get(), key) != 1)
    fail("the certificate request is not signed by its own key");
  return request;
}

NodeId nodeOf(const Request& request, const std::string& cluster) {
  // A certificate of the same subject, to look at it in the same way.
  Certificate carrier(X509_new());
  const X509_NAME* subject = X509_REQ_get_subject_name(request.get());
  need(carrier && X509_set_subject_name(carrier.get(), subject) == 1, "cannot read a subject");
  base::TlsPeer wanted = base::tlsPeerOf(carrier.get());
  std::string wrong = whyNotOfCluster(wanted, Role::node, cluster);
  if (wrong.empty() && X509_NAME_entry_count(subject) != 3) wrong = "it has other parts, too";
  if (!wrong.empty())
    throw CertificateError("the certificate request's subject is wrong: " + wrong);
  return *NodeId::parse(wanted.commonName);
}

}  // namespace

Credentials makeAuthority(WallTime now) {
  Key key = generateKey();
  Certificate made = begin(now - backdated, now + authorityLife);
  X509_NAME* name = X509_get_subject_name(made.get());
  addToName(name, NID_commonName, authorityName);
  need(X509_set_issuer_name(made.get(), name) == 1 && X509_set_pubkey(made.get(), key.get()) == 1,
       "cannot make an authority");
  makeAuthorityOf(made.get(), made.get(), "1");  // room for a cross-signed one
  sign(made.get(), key.get());
  return {write(made.get()), write(key.get())};
}

std::string crossSign(const std::string& newAuthority, const Credentials& oldAuthority,
                      WallTime now) {
  Issuer issuer(oldAuthority);
  Certificate own = readCertificate(newAuthority, "the new authority's certificate");
  if (X509_check_ca(own.get()) != 1)
    fail("the new authority's certificate is not a CA certificate");
  WallTime until = std::min(timeOf(X509_get0_notAfter(own.get())), issuer.end());
  Certificate made = begin(now - backdated, until);
  need(X509_set_subject_name(made.get(), X509_get_subject_name(own.get())) == 1 &&
           X509_set_issuer_name(made.get(), issuer.name()) == 1 &&
           X509_set_pubkey(made.get(), X509_get0_pubkey(own.get())) == 1,
       "cannot sign an authority");
  makeAuthorityOf(made.get(), issuer.certificate.get(), "0");
  sign(made.get(), issuer.key.get());
  return write(made.get());
}

base::CertificateDigest digestOf(const std::string& certificate) {
  Certificate read = readCertificate(certificate, "the authority's certificate");
  base::CertificateDigest digest;
  unsigned size = 0;
  need(X509_digest(read.get(), EVP_sha256(), digest.data(), &size) == 1 && size == digest.size(),
       "cannot digest a certificate");
  return digest;
}

Secret makeKey() {
  return write(generateKey().get());
}

std::string makeRequest(const Secret& key, const NodeId& node, const std::string& cluster) {
  Key read = readKey(key);
  Request made(X509_REQ_new());
  need(made && X509_REQ_set_version(made.get(), X509_REQ_VERSION_1) == 1 &&
           X509_REQ_set_pubkey(made.get(), read.get()) == 1,
       "cannot make a certificate request");
  addSubject(X509_REQ_get_subject_name(made.get()), node.text(), nodeUnit, cluster);
  Bio bio(BIO_new(BIO_s_mem()));
  need(bio && X509_REQ_sign(made.get(), read.get(), EVP_sha256()) > 0 &&
           PEM_write_bio_X509_REQ(bio.get(), made.get()) == 1,
       "cannot make a certificate request");
  return std::string(written(bio));
}

NodeId requestedNode(const std::string& request, const std::string& cluster) {
  return nodeOf(readRequest(request), cluster);
}

std::string signRequest(const std::string& request, const Credentials& authority,
                        const Terms& terms) {
  Request read = readRequest(request);
  NodeId node = nodeOf(read, terms.cluster);
  if (node != terms.node)
    throw CertificateError("the certificate request is for node " + std::string(node.text()) +
                           " instead of " + std::string(terms.node.text()));
  std::string names = "DNS:" + std::string(node.text());
  for (const std::string& each : terms.hostnames) {
    if (!isHostname(each)) throw CertificateError("a certificate cannot be for such a host name");
    names += ",DNS:" + each;
  }
  for (const Endpoint& each : terms.addresses) names += ",IP:" + each.host();
  Issuer issuer(authority);
  Leaf leaf{std::string(node.text()), nodeUnit, terms.cluster, "serverAuth,clientAuth", names};
  EVP_PKEY* key = X509_REQ_get0_pubkey(read.get());
  return write(issue(leaf, key, issuer, terms.now, terms.life).get());
}

Credentials makeClient(const std::string& name, const std::string& cluster,
                       const Credentials& authority, WallTime now, std::chrono::seconds life) {
  if (!isPrintable(name))
    throw CertificateError("a client's name has 1 to 64 printable characters of ASCII");
  Issuer issuer(authority);
  Key key = generateKey();
  Leaf leaf{name, clientUnit, cluster, "clientAuth", {}};
  return {write(issue(leaf, key.get(), issuer, now, life).get()), write(key.get())};
}

Validity validityOf(const std::string& certificate) {
  Certificate read = readCertificate(certificate, "the certificate");
  return {timeOf(X509_get0_notBefore(read.get())), timeOf(X509_get0_notAfter(read.get()))};
}

WallTime renewalTime(const Validity& validity, double fraction) {
  WallTime made = validity.from + backdated;
  if (made >= validity.until) made = validity.from;  // not made by us
  double share = 0.5 + 0.3 * std::clamp(fraction, 0.0, 1.0);
  double life = static_cast<double>((validity.until - made).count());
  return made + std::chrono::seconds(static_cast<int64_t>(life * share));
}

VerifiedCertificate verifyCertificate(const std::string& certificate,
                                      const std::string& authorities, WallTime now) {
  std::unique_ptr<X509_STORE, With<X509_STORE_free>> store(X509_STORE_new());
  need(store != nullptr, "cannot verify");
  for (const Certificate& each : readBundle(authorities, "the bundle of authorities")) {
    need(X509_STORE_add_cert(store.get(), each.get()) == 1, "cannot verify");
  }
  std::vector<Certificate> chain;
  try {
    chain = readBundle(certificate, "the certificate");
  } catch (const CertificateError& wrong) {
    return {std::nullopt, wrong.what()};
  }
  auto drop = [](STACK_OF(X509) * stack) { sk_X509_free(stack); };
  std::unique_ptr<STACK_OF(X509), decltype(drop)> others(sk_X509_new_null(), drop);
  need(others != nullptr, "cannot verify");
  for (size_t i = 1; i < chain.size(); i++) {
    need(sk_X509_push(others.get(), chain[i].get()) > 0, "cannot verify");
  }
  std::unique_ptr<X509_STORE_CTX, With<X509_STORE_CTX_free>> context(X509_STORE_CTX_new());
  need(context &&
           X509_STORE_CTX_init(context.get(), store.get(), chain[0].get(), others.get()) == 1 &&
           X509_STORE_CTX_set_purpose(context.get(), X509_PURPOSE_SSL_CLIENT) == 1,
       "cannot verify");
  X509_STORE_CTX_set_time(context.get(), 0, seconds(now));
  bool good = X509_verify_cert(context.get()) == 1;
  ERR_clear_error();
  if (!good) return {std::nullopt, base::whyNotVerified(context.get())};
  std::optional<Identity> identity = identityOf(base::tlsPeerOf(chain[0].get()));
  if (!identity) return {std::nullopt, "it is neither a node's nor a client's certificate"};
  return {std::move(identity), {}};
}

std::optional<Identity> identityOf(const base::TlsPeer& peer) {
  Identity identity;
  identity.name = peer.commonName;
  identity.cluster = peer.organization;
  identity.serial = peer.serial;
  if (peer.organization.empty()) return std::nullopt;
  if (peer.organizationalUnit == nodeUnit) {
    std::optional<NodeId> node = NodeId::parse(peer.commonName);
    if (!node || *node == NodeId()) return std::nullopt;
    identity.node = *node;
    return identity;
  }
  identity.role = Role::client;
  if (peer.organizationalUnit != clientUnit || !isPrintable(peer.commonName)) return std::nullopt;
  return identity;
}

std::string whyNotOfCluster(const base::TlsPeer& peer, Role role, const std::string& cluster) {
  std::optional<Identity> identity = identityOf(peer);
  if (!identity || identity->role != role)
    return role == Role::node ? "it is not a node's certificate"
                              : "it is not a client's certificate";
  if (identity->cluster != cluster) return "it is a certificate of another cluster";
  return {};
}

std::vector<std::string> certificatesIn(const std::string& bundle) {
  std::vector<std::string> found;
  for (const Certificate& each : readBundle(bundle, "the bundle of authorities")) {
    found.push_back(write(each.get()));
  }
  return found;
}

}  // namespace cluster
