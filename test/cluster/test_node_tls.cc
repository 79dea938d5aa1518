// Mutual TLS between nodes: base/tls with the certificates of a cluster, over real sockets.

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <openssl/ssl.h>

#include <chrono>
#include <set>
#include <string>

#include "base/acceptor.h"
#include "base/tls.h"
#include "cluster/ca/certificates.h"
#include "test/stage.h"

using namespace cluster;
using namespace test;
using base::Stream;
using base::Task;
using base::TlsContext;
using base::TlsOptions;
using base::TlsPeer;

namespace {

constexpr milliseconds soon(5'000);
const std::string ours = "c1";

WallTime now() {
  return std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now());
}

NodeId node(char letter) {
  return *NodeId::parse(std::string(NodeId::length, letter));
}

// One side of a connection.
struct Side {
  TlsOptions options;
  Secret key;
  int newestVersion = TLS1_3_VERSION;

  TlsContext context() {
    options.key = key.reveal();
    TlsContext made = TlsContext::inMemory(options);
    SSL_CTX_set_max_proto_version(made.get(), newestVersion);
    return made;
  }
};

std::string nodesOnly(const TlsPeer& peer) {
  return whyNotOfCluster(peer, Role::node, ours);
}

Side side(TlsOptions::Role role, const Credentials& authority, NodeId who, WallTime made = now(),
          const std::string& cluster = ours) {
  Side made_;
  made_.key = makeKey();
  made_.options.role = role;
  made_.options.certificate = signRequest(makeRequest(made_.key, who, cluster), authority,
                                          {.node = who, .cluster = cluster, .now = made}) +
                              authority.certificate;
  made_.options.authorities = authority.certificate;
  made_.options.refuse = nodesOnly;
  return made_;
}

Side serverOf(const Credentials& authority) {
  return side(TlsOptions::Role::server, authority, node('s'));
}
Side clientOf(const Credentials& authority) {
  return side(TlsOptions::Role::client, authority, node('c'));
}

struct Outcome {
  std::string server = "nothing";  // what went wrong there, or nothing
  std::string client = "nothing";
  std::optional<TlsPeer> seenByServer, seenByClient;
};

Task<> serve(Stream& stream, const TlsContext& context, Outcome& outcome, bool& over) {
  try {
    co_await stream.acceptTls(context);
    outcome.seenByServer = stream.peer();
    char buffer[10];
    size_t got = co_await stream.read(buffer);
    std::string answer = "hello " + std::string(buffer, got);
    co_await stream.write(answer);
  } catch (const base::StreamError& fault) {
    outcome.server = fault.what();
  }
  stream.shutdownWrite();
  over = true;
}

Task<> visit(Stream& stream, const TlsContext& context, std::string expected, Outcome& outcome,
             bool& over) {
  try {
    co_await stream.connectTls(context, expected, soon);
    outcome.seenByClient = stream.peer();
    co_await stream.write("you");
    char buffer[100];
    size_t got = co_await stream.read(buffer);
    if (std::string(buffer, got) != "hello you") outcome.client = "no hello";
  } catch (const base::StreamError& fault) {
    outcome.client = fault.what();
  }
  over = true;
}

// Both contexts are gone before the handshake.
Outcome meet(Side& server, Side& client, const std::string& expected = {}) {
  Stage stage;
  base::Fd listener = base::listenTcp("127.0.0.1", 0);
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size);
  std::unique_ptr<Stream> visitor =
      stage.run(Stream::connectTcp(stage.loop, "127.0.0.1", ntohs(address.sin_port), soon));
  base::Fd accepted(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  cr_assert(accepted);
  std::unique_ptr<Stream> served = stage.stream(std::move(accepted));
  Outcome outcome;
  bool serverOver = false, clientOver = false;
  {
    TlsContext serverContext = server.context(), clientContext = client.context();
    stage.start(serve(*served, serverContext, outcome, serverOver));
    stage.start(visit(*visitor, clientContext, expected, outcome, clientOver));
  }
  stage.until([&] { return serverOver && clientOver; });
  return outcome;
}

void expectMet(const Outcome& outcome, const char* about) {
  cr_expect_eq(outcome.server, "nothing", "%s: %s", about, outcome.server.c_str());
  cr_expect_eq(outcome.client, "nothing", "%s: %s", about, outcome.client.c_str());
}

void expectText(const std::string& text, const std::string& part) {
  cr_expect(text.starts_with("TLS ") && text.find(part) != std::string::npos,
            "\"%s\" instead of \"%s\"", text.c_str(), part.c_str());
}

}  // namespace

Test(node_tls, two_nodes_know_each_other) {
  Credentials authority = makeAuthority(now());
  Side server = serverOf(authority), client = clientOf(authority);
  Outcome outcome = meet(server, client, std::string(node('s').text()));
  expectMet(outcome, "two nodes");
  cr_assert(outcome.seenByServer && outcome.seenByClient);
  cr_expect(identityOf(*outcome.seenByServer)->node == node('c'));
  cr_expect(identityOf(*outcome.seenByClient)->node == node('s'));
  cr_expect_eq(outcome.seenByClient->organization, ours);
}

Test(node_tls, another_node_than_expected_is_refused) {
  Credentials authority = makeAuthority(now());
  Side server = serverOf(authority), client = clientOf(authority);
  Outcome outcome = meet(server, client, "somebody else");
  expectText(outcome.client, "the other side is \"sssssssssssssssssssssssss\" instead of");
  expectText(outcome.server, "the other side refused with \"bad certificate\"");
}

Test(node_tls, nodes_speak_tls_1_3_only_and_clients_may_speak_1_2) {
  Credentials authority = makeAuthority(now());
  Side server = serverOf(authority), client = clientOf(authority);
  client.options.onlyTls13 = false;
  client.newestVersion = TLS1_2_VERSION;
  Outcome outcome = meet(server, client);
  expectText(outcome.server, "unsupported protocol");
  expectText(outcome.client, "the other side refused with \"protocol version\"");
  server.options.onlyTls13 = false;
  expectMet(meet(server, client), "TLS 1.2");
}

Test(node_tls, an_expired_certificate_is_refused_by_either_side) {
  Credentials authority = makeAuthority(now() - certificateLife * 2);
  WallTime old = now() - certificateLife - std::chrono::hours(1);
  Side server = serverOf(authority), client = clientOf(authority);
  Side oldClient = side(TlsOptions::Role::client, authority, node('c'), old);
  Side oldServer = side(TlsOptions::Role::server, authority, node('s'), old);
  Outcome outcome = meet(server, oldClient);
  expectText(outcome.server, "the certificate of \"ccccccccccccccccccccccccc\" expired at 20");
  expectText(outcome.client, "the other side refused with \"certificate expired\"");
  outcome = meet(oldServer, client);
  expectText(outcome.client, "the certificate of \"sssssssssssssssssssssssss\" expired at 20");
  expectText(outcome.server, "the other side refused with \"certificate expired\"");
}

Test(node_tls, a_certificate_from_the_future_is_refused) {
  Credentials authority = makeAuthority(now());
  Side server = serverOf(authority);
  WallTime future = now() + backdated + std::chrono::hours(1);
  Side client = side(TlsOptions::Role::client, authority, node('c'), future);
  expectText(meet(server, client).server, "do the clocks differ?");
}

Test(node_tls, another_authority_is_refused) {
  Credentials authority = makeAuthority(now()), other = makeAuthority(now());
  Side server = serverOf(authority), client = clientOf(other);
  client.options.authorities = authority.certificate;
  Outcome outcome = meet(server, client);
  expectText(outcome.server, "is not signed by an authority that is trusted here");
  expectText(outcome.client, "the other side refused with \"unknown CA\"");
  Side stranger = clientOf(other);
  expectText(meet(server, stranger).client, "is not signed by an authority that is trusted here");
}

Test(node_tls, a_removed_node_is_refused_at_once) {
  Credentials authority = makeAuthority(now());
  std::set<NodeId> removed;
  Side server = serverOf(authority), client = clientOf(authority);
  server.options.refuse = [&removed](const TlsPeer& peer) -> std::string {
    std::string why = nodesOnly(peer);
    if (!why.empty()) return why;
    return removed.contains(*NodeId::parse(peer.commonName)) ? "the node was removed" : "";
  };
  expectMet(meet(server, client), "before");
  removed.insert(node('c'));
  Outcome outcome = meet(server, client);
  cr_expect_eq(outcome.server, "TLS handshake: the node was removed");
  expectText(outcome.client, "the other side refused with \"bad certificate\"");
}

Test(node_tls, what_is_no_certificate_of_a_node_of_ours_is_refused) {
  Credentials authority = makeAuthority(now());
  Side server = serverOf(authority), client = clientOf(authority);
  Credentials anna = makeClient("anna", ours, authority, now());
  client.options.certificate = anna.certificate;
  client.key = anna.key.copy();
  expectText(meet(server, client).server, "it is not a node's certificate");

  Side other = side(TlsOptions::Role::client, authority, node('c'), now(), "c2");
  expectText(meet(server, other).server, "it is a certificate of another cluster");

  // A client's certificate cannot serve.
  server.options.certificate = anna.certificate;
  server.key = anna.key.copy();
  Side visitor = clientOf(authority);
  expectText(meet(server, visitor).client, "unsuitable certificate purpose");
}

Test(node_tls, a_refusal_that_throws_is_a_refusal) {
  Credentials authority = makeAuthority(now());
  Side server = serverOf(authority), client = clientOf(authority);
  server.options.refuse = [](const TlsPeer&) -> std::string { throw std::runtime_error("oh"); };
  cr_expect_eq(meet(server, client).server, "TLS handshake: oh");
}

Test(node_tls, a_client_without_a_certificate_is_let_in_only_where_that_is_allowed) {
  Credentials authority = makeAuthority(now());
  Side server = serverOf(authority), client = clientOf(authority);
  client.options.certificate.clear();
  expectText(meet(server, client).server, "peer did not return a certificate");
  server.options.clientMayBeUnknown = true;
  Outcome outcome = meet(server, client);
  expectMet(outcome, "unknown");
  cr_expect_not(outcome.seenByServer.has_value());
  // Whoever shows one is still judged by it.
  Side stranger = clientOf(makeAuthority(now()));
  stranger.options.authorities = authority.certificate;
  expectText(meet(server, stranger).server, "is not signed by an authority");
}

Test(node_tls, a_joiner_trusts_only_the_authority_it_pinned) {
  Credentials authority = makeAuthority(now()), other = makeAuthority(now());
  Side server = serverOf(authority);
  server.options.clientMayBeUnknown = true;
  Side joiner;
  joiner.options.role = TlsOptions::Role::client;
  joiner.options.refuse = nodesOnly;
  joiner.options.pinned = digestOf(authority.certificate);
  Outcome outcome = meet(server, joiner);
  expectMet(outcome, "pinned");
  cr_expect_eq(outcome.seenByClient->commonName, node('s').text());

  joiner.options.pinned = digestOf(other.certificate);
  expectText(meet(server, joiner).client,
             "the other side's certificate is not from the expected authority");

  // An impostor may send along the authority, but has no certificate of it.
  Side impostor = serverOf(other);
  impostor.options.clientMayBeUnknown = true;
  impostor.options.certificate += authority.certificate;
  joiner.options.pinned = digestOf(authority.certificate);
  expectText(meet(impostor, joiner).client, "is not signed by an authority that is trusted here");

  // Nor can a node be an authority, whatever is pinned.
  joiner.options.pinned = digestOf(server.options.certificate);
  expectText(meet(server, joiner).client,
             "the other side's certificate is not from the expected authority");
}

Test(node_tls, a_rotation_of_the_authority_refuses_nobody) {
  Credentials old = makeAuthority(now()), fresh = makeAuthority(now());
  std::string cross = crossSign(fresh.certificate, old, now());
  // Not yet told of the new authority; told, with an old certificate; with a new one.
  auto kinds = [&](TlsOptions::Role role, NodeId who) {
    std::vector<Side> made;
    made.push_back(side(role, old, who));
    made.push_back(side(role, old, who));
    made.back().options.authorities = fresh.certificate + old.certificate;
    made.push_back(side(role, fresh, who));
    made.back().options.authorities = fresh.certificate + old.certificate;
    std::string& chain = made.back().options.certificate;
    chain = certificatesIn(chain)[0] + cross + fresh.certificate + old.certificate;
    return made;
  };
  std::vector<Side> servers = kinds(TlsOptions::Role::server, node('s'));
  std::vector<Side> clients = kinds(TlsOptions::Role::client, node('c'));
  for (size_t i = 0; i < servers.size(); i++) {
    for (size_t j = 0; j < clients.size(); j++) {
      std::string about = std::to_string(i) + " and " + std::to_string(j);
      expectMet(meet(servers[i], clients[j]), about.c_str());
    }
  }
  servers[2].options.clientMayBeUnknown = true;
  for (const Credentials* pinned : {&fresh, &old}) {
    Side joiner;
    joiner.options.role = TlsOptions::Role::client;
    joiner.options.pinned = digestOf(pinned->certificate);
    expectMet(meet(servers[2], joiner), pinned == &old ? "the old one pinned" : "the new one");
  }
  Side end = clientOf(fresh);
  expectText(meet(servers[0], end).client, "is not signed by an authority");
}

Test(node_tls, texts_that_cannot_be_used_are_told) {
  Credentials authority = makeAuthority(now());
  Side good = serverOf(authority), other = serverOf(authority);
  const struct {
    const char* about;
    std::string certificate, authorities;
    const Secret& key;
  } cases[] = {
      {"our certificate: ", "garbage", authority.certificate, good.key},
      {"our certificate: ", "", authority.certificate, good.key},
      {"our private key: ", good.options.certificate, authority.certificate, other.key},
      {"our private key: ", good.options.certificate, authority.certificate, Secret("garbage")},
      {"the authorities: ", good.options.certificate, "", good.key},
      {"the authorities: ", good.options.certificate, "garbage", good.key},
  };
  for (const auto& each : cases) {
    TlsOptions options;
    options.certificate = each.certificate;
    options.key = each.key.reveal();
    options.authorities = each.authorities;
    std::string why;
    try {
      TlsContext::inMemory(options);
    } catch (const std::runtime_error& wrong) {
      why = wrong.what();
    }
    cr_expect(why.starts_with(each.about), "%s instead of %s", why.c_str(), each.about);
  }
}

Test(node_tls, a_silent_server_ends_the_wait) {
  Stage stage;
  auto [near, far] = socketPair();
  std::unique_ptr<Stream> stream = stage.stream(std::move(near));
  Side client = clientOf(makeAuthority(now()));
  TlsContext context = client.context();
  cr_expect_eq(stage.faultOf(stream->connectTls(context, {}, milliseconds(20))),
               "no answer in the TLS handshake");
}
