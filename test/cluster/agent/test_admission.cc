// Who is let in, what he gets, and how both are said.

#include "cluster/agent/admission.h"

#include <criterion/criterion.h>

#include <string>

#include "base/json.h"
#include "cluster/agent_error.h"
#include "cluster/ca/certificates.h"
#include "cluster/wire_version.h"

using namespace cluster;

namespace {

const WallTime now{std::chrono::seconds(1'700'000'000)};

NodeId node(char letter) {
  return *NodeId::parse(std::string(NodeId::length, letter));
}

struct Cluster {
  Cluster() {
    Credentials authority = makeAuthority(now);
    config.id = node('c').text();
    config.serial = 1;
    config.authorities = {authority.certificate};
    config.authorityKey = authority.key.reveal();
    config.gossipKeys = {std::string(32, 'k')};
    config.workerSecret = "worker";
    config.managerSecret = "manager";
  }

  // The status of the refusal; 200 if he is let in.
  int statusFor(const std::string& request, const std::set<NodeId>& removed = {}) {
    try {
      certify(request, joinerOf(request, config, removed), config, now);
    } catch (const AgentError& refused) {
      return refused.status();
    }
    return 200;
  }

  ClusterConfig config;
};

JoinRequest requestOf(const char* secret = "worker") {
  JoinRequest request;
  request.secret = Secret(secret);
  request.certificateRequest = makeRequest(makeKey(), node('j'), std::string(node('c').text()));
  request.joiner.id = node('j');
  request.joiner.name = "host-j";
  request.joiner.gossip = *Endpoint::parse("10.0.0.9", 7946);
  request.joiner.apiPort = 2377;
  return request;
}

std::string without(const std::string& text, const std::string& part, const std::string& instead) {
  size_t at = text.find(part);
  cr_assert_neq(at, std::string::npos, "%s", part.c_str());
  return std::string(text).replace(at, part.size(), instead);
}

}  // namespace

Test(admission, either_token_lets_in_as_an_equal) {
  Cluster cluster;
  for (const char* secret : {"worker", "manager"}) {
    std::string request = encode(requestOf(secret));
    Member joiner = joinerOf(request, cluster.config, {});
    cr_expect(joiner.id == node('j'));
    cr_expect_eq(joiner.name, "host-j");
    cr_expect_eq(joiner.gossip.text(), "10.0.0.9:7946");
    cr_expect_eq(joiner.apiPort, 2377);
    std::string certificate = certify(request, joiner, cluster.config, now);
    VerifiedCertificate verified =
        verifyCertificate(certificate, cluster.config.authorities.front(), now);
    cr_assert(verified.identity);
    cr_expect(verified.identity->node == node('j'));
  }
}

Test(admission, who_cannot_come_in_is_told_why) {
  Cluster cluster;
  std::string good = encode(requestOf());
  cr_expect_eq(cluster.statusFor(good), 200);
  cr_expect_eq(cluster.statusFor(good, {node('j')}), 403, "removed");
  const struct {
    std::string request;
    int status;
  } cases[] = {
      {"", 403},
      {"[]", 403},
      {"{\"secret\":7}", 403},
      {encode(requestOf("")), 403},
      {encode(requestOf("workers")), 403},
      {without(good, "10.0.0.9", "example.org"), 400},
      {without(good, "7946", "0"), 400},
      {without(good, "2377", "65536"), 400},
      {without(good, "\"wireVersion\":" + std::to_string(wireVersion), "\"wireVersion\":0"), 400},
      {without(good, "\"oldestReader\":1", "\"oldestReader\":2"), 400},
      {without(good, "host-j", "host j"), 400},
      {without(good, "BEGIN CERTIFICATE REQUEST", "BEGIN NOTHING"), 400},
      {without(good, std::string(node('j').text()), std::string(node('i').text())), 400},
  };
  for (const auto& each : cases)
    cr_expect_eq(cluster.statusFor(each.request), each.status, "%s", each.request.c_str());
}

Test(admission, who_would_not_be_understood_is_told_which_side_to_update) {
  Cluster cluster;
  auto refusal = [&cluster](const std::string& request) -> std::string {
    try {
      joinerOf(request, cluster.config, {});
    } catch (const AgentError& refused) {
      return refused.what();
    }
    return "";
  };
  std::string good = encode(requestOf());
  cr_expect_eq(refusal(good), "");
  std::string why = refusal(without(good, "\"wireVersion\":1", "\"wireVersion\":0"));
  cr_expect_eq(why,
               "this cluster's droverd is too new for the one that wants to join (version 0 of the "
               "wire format there, 1 here); install the same release there",
               "%s", why.c_str());
  std::string newer = without(good, "\"wireVersion\":1", "\"wireVersion\":3");
  cr_expect_eq(refusal(newer), "", "what it writes can be read");
  why = refusal(without(newer, "\"oldestReader\":1", "\"oldestReader\":2"));
  cr_expect_eq(why,
               "this cluster's droverd is too old for the one that wants to join (version 3 of the "
               "wire format there, 1 here); update the cluster's nodes first",
               "%s", why.c_str());
}

Test(admission, who_joins_sees_first_whether_it_would_be_understood) {
  const std::string id(node('c').text());
  auto decoded = [](const std::string& json) -> std::string {
    try {
      return decodeCluster(json, "10.0.0.1:2377");
    } catch (const AgentError& refused) {
      return refused.what();
    }
  };
  cr_expect_eq(decoded(encodeCluster(id)), id);
  auto of = [&id](const std::string& versions) {
    return "{\"id\":\"" + id + "\"" + versions + "}";
  };
  cr_expect_eq(decoded(of(",\"wireVersion\":2,\"oldestReader\":1")), id);
  std::string why = decoded(of(",\"wireVersion\":2,\"oldestReader\":2"));
  cr_expect_eq(
      why,
      "10.0.0.1:2377 has a droverd that is too new for the one here (version 2 of the wire "
      "format there, 1 here); install the same release here",
      "%s", why.c_str());
  why = decoded(of(""));
  cr_expect_eq(
      why,
      "10.0.0.1:2377 has a droverd that is too old for the one here (version 0 of the wire "
      "format there, 1 here); update the cluster's nodes first",
      "%s", why.c_str());
  for (const char* wrong : {"", "[]", "{\"id\":\"x\",\"wireVersion\":1}"})
    cr_expect_eq(decoded(wrong), "10.0.0.1:2377 does not answer as a droverd does");
}

Test(admission, what_the_joiner_gets_goes_there_and_back) {
  Cluster cluster;
  Admission admission;
  admission.certificate = "certificate";
  admission.config = cluster.config;
  admission.members = {requestOf().joiner};
  admission.removed = {node('x'), node('y')};
  std::string text = encode(admission);
  std::optional<Admission> back = decodeAdmission(text, cluster.config.id);
  cr_assert(back);
  cr_expect_eq(back->certificate, "certificate");
  cr_expect(back->config == cluster.config);
  cr_assert_eq(back->members.size(), 1);
  cr_expect(back->members[0].id == node('j'));
  cr_expect_eq(back->members[0].wireVersion, wireVersion);
  cr_expect(back->removed == admission.removed);

  cr_expect_not(decodeAdmission(text, std::string(node('d').text())), "of another cluster");
  cr_expect_not(decodeAdmission("{}", cluster.config.id));
  cr_expect_not(decodeAdmission(text.substr(0, text.size() / 2), cluster.config.id));
  // A member that is none is left out, the others remain.
  back = decodeAdmission(without(text, "10.0.0.9", "10.0.0"), cluster.config.id);
  cr_assert(back);
  cr_expect(back->members.empty());
}
