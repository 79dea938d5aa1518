#include "cluster/ca/certificates.h"

#include <criterion/criterion.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <set>
#include <string>
#include <type_traits>

using namespace cluster;
using namespace std::chrono_literals;

namespace {

const WallTime now(1'800'000'000s);
const std::string ours = "cluster1";
const NodeId node = *NodeId::parse("0123456789abcdefghijklmno");

std::string nodeCertificate(const Credentials& authority, const Secret& key, WallTime made = now) {
  return signRequest(makeRequest(key, node, ours), authority,
                     {.node = node, .cluster = ours, .now = made});
}

// What OpenSSL's own command shows of it.
std::string shown(const std::string& certificate) {
  BIO* in = BIO_new_mem_buf(certificate.data(), static_cast<int>(certificate.size()));
  X509* read = PEM_read_bio_X509(in, nullptr, nullptr, nullptr);
  BIO* out = BIO_new(BIO_s_mem());
  cr_assert(read && X509_print_ex(out, read, 0, 0) == 1);
  char* text = nullptr;
  long size = BIO_get_mem_data(out, &text);
  std::string all(text, static_cast<size_t>(size));
  X509_free(read);
  BIO_free(in);
  BIO_free(out);
  return all;
}

void expectShown(const std::string& certificate, std::initializer_list<const char*> parts) {
  std::string all = shown(certificate);
  for (const char* part : parts) {
    cr_expect(all.find(part) != std::string::npos, "no \"%s\" in\n%s", part, all.c_str());
  }
}

template <class Call>
void expectError(const char* part, Call call) {
  std::string why;
  try {
    call();
  } catch (const CertificateError& wrong) {
    why = wrong.what();
  }
  cr_expect(why.find(part) != std::string::npos, "\"%s\" instead of \"%s\"", why.c_str(), part);
}

void expectRefused(const VerifiedCertificate& verified, const std::string& part) {
  cr_expect_not(verified.identity.has_value(), "accepted instead of: %s", part.c_str());
  cr_expect(verified.why.find(part) != std::string::npos, "\"%s\" instead of \"%s\"",
            verified.why.c_str(), part.c_str());
}

// A request with this subject and key, signed by that key.
std::string requestOf(std::vector<std::pair<int, std::string>> subject, EVP_PKEY* key,
                      EVP_PKEY* signer) {
  X509_REQ* made = X509_REQ_new();
  for (const auto& [nid, value] : subject) {
    const unsigned char* text = reinterpret_cast<const unsigned char*>(value.data());
    X509_NAME_add_entry_by_NID(X509_REQ_get_subject_name(made), nid, MBSTRING_UTF8, text,
                               static_cast<int>(value.size()), -1, 0);
  }
  X509_REQ_set_pubkey(made, key);
  X509_REQ_sign(made, signer, EVP_sha256());
  BIO* out = BIO_new(BIO_s_mem());
  PEM_write_bio_X509_REQ(out, made);
  char* text = nullptr;
  long size = BIO_get_mem_data(out, &text);
  std::string all(text, static_cast<size_t>(size));
  BIO_free(out);
  X509_REQ_free(made);
  return all;
}

}  // namespace

static_assert(!std::is_copy_constructible_v<Secret> && !std::is_copy_assignable_v<Secret>);

Test(certificates, the_authority_is_what_it_should_be) {
  Credentials authority = makeAuthority(now);
  expectShown(
      authority.certificate,
      {"Subject: CN=drover-ca", "Issuer: CN=drover-ca", "NIST CURVE: P-256", "CA:TRUE, pathlen:1",
       "Certificate Sign, CRL Sign", "ecdsa-with-SHA256", "Subject Key Identifier"});
  Validity validity = validityOf(authority.certificate);
  cr_expect(validity.from == now - 24h && validity.until == now + 20 * 365 * 24h);
  cr_expect(authority.key.reveal().starts_with("-----BEGIN PRIVATE KEY-----"));
  Credentials other = makeAuthority(now);
  cr_expect(digestOf(authority.certificate) == digestOf(authority.certificate));
  cr_expect(digestOf(authority.certificate) != digestOf(other.certificate));
}

Test(certificates, a_node_gets_one_that_says_who_and_where_it_is) {
  Credentials authority = makeAuthority(now);
  Secret key = makeKey();
  std::string request = makeRequest(key, node, ours);
  cr_expect(requestedNode(request, ours) == node);
  std::string made =
      signRequest(request, authority,
                  {.node = node,
                   .cluster = ours,
                   .addresses = {*Endpoint::parse("10.1.2.3", 1), *Endpoint::parse("fd00::1", 2)},
                   .hostnames = {"db-1.example.org"},
                   .now = now});
  expectShown(made, {"CN=0123456789abcdefghijklmno", "OU=drover-node", "O=cluster1",
                     "Issuer: CN=drover-ca", "CA:FALSE", "Digital Signature",
                     "TLS Web Server Authentication, TLS Web Client Authentication",
                     "DNS:0123456789abcdefghijklmno, DNS:db-1.example.org, IP Address:10.1.2.3, "
                     "IP Address:FD00:0:0:0:0:0:0:1"});
  Validity validity = validityOf(made);
  cr_expect(validity.from == now - 24h && validity.until == now + 90 * 24h);
  VerifiedCertificate verified = verifyCertificate(made, authority.certificate, now);
  cr_assert(verified.identity, "%s", verified.why.c_str());
  cr_expect(verified.identity->role == Role::node && verified.identity->node == node);
  cr_expect_eq(verified.identity->name, node.text());
  cr_expect_eq(verified.identity->cluster, ours);
  cr_expect_eq(verified.identity->serial.size(), 32);
}

Test(certificates, serials_and_keys_differ) {
  Credentials authority = makeAuthority(now);
  Secret key = makeKey(), other = makeKey();
  cr_expect_not(key.equals(other.reveal()));
  std::set<std::string> serials;
  for (int i = 0; i < 20; i++) {
    std::string made = nodeCertificate(authority, key);
    serials.insert(verifyCertificate(made, authority.certificate, now).identity->serial);
  }
  cr_expect_eq(serials.size(), 20);
}

Test(certificates, one_is_refused_with_the_reason) {
  Credentials authority = makeAuthority(now), stranger = makeAuthority(now);
  Secret key = makeKey();
  std::string good = nodeCertificate(authority, key);
  const std::string& ca = authority.certificate;
  expectRefused(verifyCertificate(good, ca, now + 90 * 24h + 1s), "expired at 2027-04-");
  expectRefused(verifyCertificate(good, ca, now - 24h - 1s), "do the clocks differ?");
  cr_expect(verifyCertificate(good, ca, now - 23h).identity.has_value(), "a clock that is behind");
  expectRefused(verifyCertificate(good, stranger.certificate, now),
                "not signed by an authority that is trusted here");
  expectRefused(verifyCertificate(ca, ca, now), "unsuitable certificate purpose");
  expectRefused(verifyCertificate("", ca, now), "is not PEM");
  expectRefused(verifyCertificate("garbage", ca, now), "is not PEM");
  expectRefused(verifyCertificate(good.substr(0, good.size() / 2), ca, now), "is not PEM");
  expectRefused(verifyCertificate(std::string(100'000, 'x'), ca, now), "too long");
  std::string altered = good;
  char& digit = altered[altered.size() - 60];
  digit = digit == 'A' ? 'B' : 'A';
  expectRefused(verifyCertificate(altered, ca, now), "");
  // A node must not be able to make others nodes.
  Credentials node{good, key.copy()};
  expectError("is not a CA certificate", [&] { nodeCertificate(node, makeKey()); });
  expectError("is not PEM", [&] { verifyCertificate(good, "", now); });
}

Test(certificates, requests_that_are_wrong_are_refused) {
  Credentials authority = makeAuthority(now);
  EVP_PKEY* key = EVP_EC_gen("P-256");
  EVP_PKEY* other = EVP_EC_gen("P-256");
  EVP_PKEY* p384 = EVP_EC_gen("P-384");
  EVP_PKEY* rsa = EVP_RSA_gen(1024);
  std::string id(node.text());
  using Subject = std::vector<std::pair<int, std::string>>;
  const int cn = NID_commonName, ou = NID_organizationalUnitName, o = NID_organizationName;
  const Subject good = {{o, ours}, {ou, "drover-node"}, {cn, id}};
  const struct {
    Subject subject;
    EVP_PKEY *key, *signer;
    const char* why;
  } cases[] = {
      {good, key, other, "not signed by its own key"},
      {good, p384, p384, "not an ECDSA P-256 key"},
      {good, rsa, rsa, "not an ECDSA P-256 key"},
      {{{o, ours}, {ou, "drover-client"}, {cn, id}}, key, key, "not a node's certificate"},
      {{{o, ours}, {ou, "drover-node"}, {cn, "me"}}, key, key, "not a node's certificate"},
      {{{o, ours}, {ou, "drover-node"}, {cn, std::string(25, '0')}}, key, key, "not a node's"},
      {{{o, ours}, {ou, "drover-node"}}, key, key, "not a node's certificate"},
      {{{ou, "drover-node"}, {cn, id}}, key, key, "not a node's certificate"},
      {{{o, "other"}, {ou, "drover-node"}, {cn, id}}, key, key, "another cluster"},
      {{{o, ours}, {ou, "drover-node"}, {cn, id}, {cn, id}}, key, key, "other parts"},
      {{}, key, key, "not a node's certificate"},
  };
  for (const auto& each : cases) {
    std::string request = requestOf(each.subject, each.key, each.signer);
    expectError(each.why, [&] { requestedNode(request, ours); });
    expectError(each.why, [&] {
      signRequest(request, authority, {.node = node, .cluster = ours, .now = now});
    });
  }
  cr_expect(requestedNode(requestOf(good, key, key), ours) == node, "the good one");
  expectError("is not PEM", [&] { requestedNode("", ours); });
  expectError("is not PEM", [&] { requestedNode(authority.certificate, ours); });
  for (EVP_PKEY* each : {key, other, p384, rsa}) EVP_PKEY_free(each);
}

Test(certificates, terms_that_cannot_be_kept_are_refused) {
  Credentials authority = makeAuthority(now), other = makeAuthority(now);
  std::string request = makeRequest(makeKey(), node, ours);
  NodeId another = *NodeId::parse(std::string(25, 'a'));
  auto with = [&](Terms terms) { signRequest(request, authority, terms); };
  expectError("instead of aaaa", [&] { with({.node = another, .cluster = ours, .now = now}); });
  expectError("another cluster", [&] { with({.node = node, .cluster = "else", .now = now}); });
  expectError("validity period",
              [&] { with({.node = node, .cluster = ours, .now = now, .life = 0s}); });
  expectError("authority's certificate has expired",
              [&] { with({.node = node, .cluster = ours, .now = now + authorityLife}); });
  for (std::string name : {"", "a,IP:1.2.3.4", "a b", "*.org"}) {
    expectError("such a host name",
                [&] { with({.node = node, .cluster = ours, .hostnames = {name}, .now = now}); });
  }
  Credentials mixed{authority.certificate, other.key.copy()};
  expectError("does not belong",
              [&] { signRequest(request, mixed, {.node = node, .cluster = ours, .now = now}); });
}

Test(certificates, none_outlives_its_authority) {
  Credentials authority = makeAuthority(now);
  std::string made = nodeCertificate(authority, makeKey(), now + authorityLife - 24h);
  cr_expect(validityOf(made).until == now + authorityLife);
}

Test(certificates, clients_get_theirs) {
  Credentials authority = makeAuthority(now);
  Credentials client = makeClient("anna", ours, authority, now);
  expectShown(client.certificate,
              {"CN=anna", "OU=drover-client", "O=cluster1", "TLS Web Client Authentication\n"});
  VerifiedCertificate verified = verifyCertificate(client.certificate, authority.certificate, now);
  cr_assert(verified.identity, "%s", verified.why.c_str());
  cr_expect(verified.identity->role == Role::client);
  cr_expect_eq(verified.identity->name, "anna");
  cr_expect(verified.identity->node == NodeId());
  for (std::string name : {std::string(), std::string(65, 'x'), std::string("a\nb")}) {
    expectError("printable", [&] { makeClient(name, ours, authority, now); });
  }
}

Test(certificates, are_renewed_between_half_and_four_fifths_of_their_life) {
  Credentials authority = makeAuthority(now);
  for (std::chrono::seconds life : {std::chrono::seconds(60s), std::chrono::seconds(90 * 24h)}) {
    std::string made = signRequest(makeRequest(makeKey(), node, ours), authority,
                                   {.node = node, .cluster = ours, .now = now, .life = life});
    Validity validity = validityOf(made);
    cr_expect(renewalTime(validity, 0) == now + life / 2);
    cr_expect(renewalTime(validity, 1) == now + life * 4 / 5);
    WallTime between = renewalTime(validity, 0.5);
    cr_expect(between > now + life / 2 && between < now + life * 4 / 5);
    cr_expect(renewalTime(validity, 7) == now + life * 4 / 5, "a fraction that is none");
  }
}

Test(certificates, an_authority_is_rotated_without_refusing_anyone) {
  Credentials old = makeAuthority(now), fresh = makeAuthority(now);
  std::string cross = crossSign(fresh.certificate, old, now);
  expectShown(cross, {"Subject: CN=drover-ca", "CA:TRUE, pathlen:0", "Certificate Sign"});
  Secret key = makeKey();
  std::string before = nodeCertificate(old, key), after = nodeCertificate(fresh, key);
  std::string both = fresh.certificate + old.certificate;
  cr_expect_eq(certificatesIn(both).size(), 2);
  cr_expect_eq(certificatesIn(both)[1], old.certificate);
  cr_expect(digestOf(both) == digestOf(fresh.certificate));
  auto accepted = [](const std::string& certificate, const std::string& authorities) {
    VerifiedCertificate verified = verifyCertificate(certificate, authorities, now);
    cr_expect(verified.identity.has_value() || !verified.why.empty());
    return verified.identity.has_value();
  };
  cr_expect(accepted(before, both) && accepted(after, both), "who knows both");
  cr_expect_not(accepted(after, old.certificate), "who knows the old one only");
  cr_expect(accepted(after + cross, old.certificate), "with the new one signed by the old one");
  cr_expect(accepted(after + cross + both, old.certificate), "and the authorities beside");
  cr_expect(accepted(after + cross + both, fresh.certificate), "who knows the new one only");
  cr_expect_not(accepted(before + cross + both, fresh.certificate), "the end of the old one");
  expectError("is not PEM", [&] { certificatesIn(""); });
  expectError("is not a CA certificate", [&] { crossSign(after, old, now); });
}

Test(certificates, whom_they_are_for_is_checked) {
  base::TlsPeer peer{std::string(node.text()), ours, "drover-node", "1"};
  cr_expect_eq(whyNotOfCluster(peer, Role::node, ours), "");
  cr_expect_eq(whyNotOfCluster(peer, Role::client, ours), "it is not a client's certificate");
  cr_expect_eq(whyNotOfCluster(peer, Role::node, "x"), "it is a certificate of another cluster");
  peer.organizationalUnit = "swarm-worker";
  cr_expect_eq(whyNotOfCluster(peer, Role::node, ours), "it is not a node's certificate");
}
