// Who is let in by the nodes of a cluster, whose authority may be another one by now.

#include "cluster/agent/agent.h"

#include <criterion/criterion.h>

#include <string>

#include "base/acceptor.h"
#include "cluster/ca/certificates.h"
#include "cluster/ca/join_token.h"
#include "test/cluster_checks.h"

using namespace cluster;
using namespace test;

namespace {

struct Visitor {
  Visitor(Hosts& hosts, Host& host) : hosts(hosts), host(host) {
    options.role = base::TlsOptions::Role::client;
    options.authorities = host.agent().config().authorities.front();
  }

  void show(const Credentials& authority, const std::string& cluster, WallTime made,
            std::chrono::seconds life = certificateLife) {
    Terms terms{.node = id, .cluster = cluster, .now = made, .life = life};
    options.certificate = signRequest(makeRequest(key, id, cluster), authority, terms);
  }
  // With a certificate as the cluster's own nodes have it.
  void showOurs() {
    const ClusterConfig& config = host.agent().config();
    show({config.authorities.front(), Secret(config.authorityKey)}, config.id, wallNow());
  }

  // What comes of the question: an answer's status and body, or the reason why there is none.
  std::string ask(base::HttpCall call) {
    if (!options.certificate.empty()) options.key = key.reveal();
    tls = std::make_shared<base::TlsContext>(base::TlsContext::inMemory(options));
    base::HttpClient client(
        hosts.stage.loop, "node", [this] { return connect(); }, base::HttpLimits(), 1);
    try {
      base::HttpReply reply = hosts.stage.run(client.call(std::move(call)));
      return std::to_string(reply.status) + " " + reply.body;
    } catch (const std::exception& failed) {
      return failed.what();
    }
  }
  std::string get(const std::string& target) {
    return ask(base::httpGet(target, milliseconds(5000), 100'000));
  }

  base::Task<std::unique_ptr<base::Stream>> connect() {
    std::unique_ptr<base::Stream> stream =
        co_await base::Stream::connectTcp(hosts.stage.loop, host.address, apiPort, patience);
    co_await stream->connectTls(*tls, "", patience);
    co_return stream;
  }

  Hosts& hosts;
  Host& host;
  NodeId id = *NodeId::parse(std::string(NodeId::length, 'v'));
  Secret key = makeKey();
  base::TlsOptions options;
  std::shared_ptr<base::TlsContext> tls;
};

}  // namespace

Test(agent, a_removal_is_remembered_over_restarts) {
  Hosts hosts(2);
  NodeId gone = hosts.two().agent().self();
  hosts.one().agent().removeNode(gone, true);
  hosts.one().kill();
  hosts.one().start();
  Visitor visitor(hosts, hosts.one());
  visitor.id = gone;
  visitor.showOurs();
  std::string said = visitor.get("/_ping");
  cr_expect_not(said.starts_with("200"), "%s", said.c_str());
}

Test(agent, a_rotation_of_the_authority_completes) {
  Hosts hosts(2);
  std::string authority = hosts.one().agent().config().authorities.front();
  std::string gossipKey = hosts.one().agent().config().gossipKeys.front();
  std::string token = hosts.one().agent().workerToken();
  hosts.two().agent().rotateAuthority();
  cr_expect_eq(hosts.two().agent().config().authorities.size(), 2);
  std::string why;
  try {
    hosts.two().agent().rotateAuthority();
  } catch (const AgentError& refused) {
    why = refused.what();
  }
  cr_expect(holds(why, "already in progress"), "%s", why.c_str());
  auto done = [&](Host& host) {
    const ClusterConfig& config = host.agent().config();
    return config.authorities.size() == 1 && config.gossipStep == 0;
  };
  hosts.stage.until([&] { return done(hosts.one()) && done(hosts.two()); });

  const ClusterConfig& config = hosts.one().agent().config();
  cr_expect_neq(config.authorities.front(), authority);
  cr_expect_eq(config.gossipKeys.size(), 1);
  cr_expect_neq(config.gossipKeys.front(), gossipKey);
  cr_expect_eq(config.crossSigned, "");
  cr_expect_neq(hosts.one().agent().workerToken(), token);
  // They still understand each other, over both ways.
  hosts.two().agent().put("test/after", "rotation");
  hosts.stage.until(
      [&] { return knows(hosts.one(), hosts.two().agent().self(), "test/after", "rotation"); });
  cr_expect_eq(hosts.one().ask("GET", "/containers/json").status, 200);
  for (const NodeView& view : hosts.one().agent().nodeViews())
    cr_expect(view.status == Status::alive, "%s", view.name.c_str());
  cr_expect_not(holds(hosts.one().logged(), "datagram refused"));
}

Test(agent, only_certificates_of_the_cluster_are_served) {
  Hosts hosts(1);
  const ClusterConfig& config = hosts.one().agent().config();
  Credentials ours{config.authorities.front(), Secret(config.authorityKey)};
  const std::string another(NodeId::length, 'x');
  {
    Visitor good(hosts, hosts.one());
    good.showOurs();
    std::string said = good.get("/_ping");
    cr_expect_eq(said, "200 OK", "%s", said.c_str());
  }
  const struct {
    const char* about;
    std::function<void(Visitor&)> prepare;
  } cases[] = {
      {"expired",
       [&](Visitor& visitor) {
         visitor.show(ours, config.id, wallNow() - std::chrono::hours(100), std::chrono::hours(1));
       }},
      {"of another cluster", [&](Visitor& visitor) { visitor.show(ours, another, wallNow()); }},
      {"of a foreign authority",
       [&](Visitor& visitor) { visitor.show(makeAuthority(wallNow()), config.id, wallNow()); }},
      {"of a client",
       [&](Visitor& visitor) {
         Credentials client = makeClient("somebody", config.id, ours, wallNow());
         visitor.options.certificate = client.certificate;
         visitor.key = std::move(client.key);
       }},
  };
  for (const auto& each : cases) {
    Visitor visitor(hosts, hosts.one());
    each.prepare(visitor);
    std::string said = visitor.get("/drover/v1/cluster");
    cr_expect_not(said.starts_with("200"), "%s: %s", each.about, said.c_str());
  }
}
