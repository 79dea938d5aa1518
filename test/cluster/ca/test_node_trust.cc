// A node's certificate is kept fresh, whatever its clock did before.

#include "cluster/ca/node_trust.h"

#include <criterion/criterion.h>

#include <string>

using namespace cluster;
using std::chrono::hours;

namespace {

const WallTime now{std::chrono::seconds(1'700'000'000)};

struct Fresh {
  explicit Fresh(WallTime made) {
    Credentials authority = makeAuthority(made);
    config.id = std::string(NodeId::length, 'c');
    config.authorities = {authority.certificate};
    config.authorityKey = authority.key.reveal();
  }
  void update(WallTime at) {
    Secret key = trust.key().empty() ? makeKey() : trust.key().copy();
    trust.update(config, trust.certificate(), std::move(key), *Endpoint::parse("10.0.0.1", 2377),
                 "host", at);
  }

  ClusterConfig config;
  NodeTrust trust{*NodeId::parse(std::string(NodeId::length, 'n')),
                  [](const NodeId&) { return false; }};
};

}  // namespace

Test(node_trust, renews_well_before_the_end) {
  Fresh fresh(now);
  cr_expect(fresh.trust.due(now));
  fresh.update(now);
  cr_expect_not(fresh.trust.due(now));
  cr_expect_not(fresh.trust.due(now + certificateLife / 2 - hours(1)));
  cr_expect(fresh.trust.due(now + certificateLife * 4 / 5));
  std::string first = fresh.trust.certificate();
  fresh.update(now + hours(1));
  cr_expect_eq(fresh.trust.certificate(), first);
  fresh.update(now + certificateLife * 4 / 5);
  cr_expect_neq(fresh.trust.certificate(), first);
}

Test(node_trust, one_made_while_the_clock_was_wrong_is_made_anew_when_it_is_right) {
  for (hours wrong : {hours(-24 * 200), hours(24 * 200)}) {
    Fresh fresh(now);
    fresh.update(now + wrong);
    cr_expect(fresh.trust.due(now), "%ld h", wrong.count());
    fresh.update(now);
    cr_expect_not(fresh.trust.due(now));
    VerifiedCertificate good =
        verifyCertificate(fresh.trust.certificate(), fresh.config.authorities[0], now);
    cr_expect(good.identity.has_value(), "%s", good.why.c_str());
  }
}

Test(node_trust, judges_only_clients_of_its_own_authorities) {
  Fresh fresh(now);
  fresh.update(now);
  std::shared_ptr<const ClientTrust> clients = fresh.trust.forClients();
  base::TlsPeer peer;
  peer.commonName = std::string(NodeId::length, 'm');
  peer.organization = fresh.config.id;
  peer.organizationalUnit = "drover-node";
  cr_expect_eq(clients->refuse(peer), "", "of nobody we know");
  peer.authority = digestOf(makeAuthority(now).certificate);
  cr_expect_eq(clients->refuse(peer), "", "of tls_ca");
  peer.authority = digestOf(fresh.config.authorities[0]);
  cr_expect_neq(clients->refuse(peer), "", "a node");
  peer.organizationalUnit = "drover-client";
  cr_expect_eq(clients->refuse(peer), "");
  peer.organization = std::string(NodeId::length, 'd');
  cr_expect_neq(clients->refuse(peer), "", "of another cluster");
  fresh.update(now);
  cr_expect_neq(fresh.trust.forClients(), clients, "after a change it is another object");
}
