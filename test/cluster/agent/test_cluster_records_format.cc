// Records that the cluster itself goes by, and what a host says and hears when it joins, are
// frozen: they are written as they were, and what was written then is read.

#include <criterion/criterion.h>

#include <string>

#include "cluster/agent/admission.h"
#include "cluster/agent/node_addresses.h"
#include "cluster/ca/cluster_config.h"
#include "cluster/node_record.h"
#include "test/golden.h"

using namespace cluster;

namespace {

NodeId node(char letter) {
  return *NodeId::parse(std::string(NodeId::length, letter));
}

NodeRecord nodeRecord() {
  NodeRecord record;
  record.availability = "drain";
  record.labels = {{"zone", "east"}};
  record.hostname = "db-2";
  record.os = "linux";
  record.architecture = "x86_64";
  record.operatingSystem = "Debian GNU/Linux 12 (bookworm)";
  record.kernel = "6.1.0";
  record.storageDriver = "overlay2";
  record.engineId = "ENGI:NEID";
  record.engineVersion = "20.10.24";
  record.apiVersion = "1.41";
  record.minApiVersion = "1.12";
  record.engineLabels = {{"disk", "ssd"}};
  record.cpus = 8;
  record.memory = 16'000'000'000;
  record.plugins = {{"Volume", {"local"}}, {"Network", {"bridge", "host"}}};
  record.load = 25;
  record.reservedNanoCpus = 1'500'000'000;
  record.reservedMemory = 268'435'456;
  record.containers = 3;
  record.running = 2;
  record.droverVersion = "0.1.0";
  record.joinedAt = "2026-01-02T03:04:05Z";
  record.lastError = "the disk is full";
  record.engineError = "the engine is away";
  record.configSerial = 7;
  record.issuer = "sha256:0123";
  return record;
}

ClusterConfig config() {
  ClusterConfig config;
  config.id = node('c').text();
  config.serial = 7;
  config.writer = node('w');
  config.createdAt = "2026-01-02T03:04:05Z";
  config.updatedAt = "2026-01-03T03:04:05Z";
  config.options.spec = R"({"Name":"default"})";
  config.options.addressPools = {"10.0.0.0/8", "172.30.0.0/16"};
  config.options.subnetSize = 24;
  config.options.dataPathPort = 4789;
  config.authorities = {"new authority", "old authority"};
  config.crossSigned = "new authority, signed by the old one";
  config.authorityKey = "authority's key";
  config.gossipKeys = {std::string(32, 'k'), std::string(32, 'l')};
  config.gossipStep = 1;
  config.workerSecret = "worker";
  config.managerSecret = "manager";
  return config;
}

Member member() {
  Member member;
  member.id = node('j');
  member.name = "host-j";
  member.gossip = *Endpoint::parse("10.0.0.9", 7946);
  member.apiPort = 2377;
  return member;
}

Admission admission() {
  Admission admission;
  admission.certificate = "certificate";
  admission.config = config();
  admission.members = {member()};
  admission.removed = {node('x')};
  return admission;
}

void expectLine(const std::string& name, const std::string& today) {
  test::expectGolden(name, today + "\n");
}

}  // namespace

Test(cluster_records_format, they_have_the_keys_of_then) {
  cr_expect_eq(nodeKey, "node");
  cr_expect_eq(completeKey, "complete");
  cr_expect_eq(configKey, "cluster");
  cr_expect_eq(removedRecords, "removed/");
}

Test(cluster_records_format, a_nodes_record) {
  expectLine("record_node.json", encode(nodeRecord()));
  std::optional<NodeRecord> read = decodeNode(test::golden("record_node.json"));
  cr_assert(read);
  cr_expect(*read == nodeRecord());
}

Test(cluster_records_format, the_clusters_configuration) {
  expectLine("record_cluster.json", encode(config()));
  std::optional<ClusterConfig> read = decodeConfig(test::golden("record_cluster.json"));
  cr_assert(read);
  cr_expect(*read == config());
}

Test(cluster_records_format, what_an_older_or_newer_node_writes_is_read) {
  std::optional<NodeRecord> read = decodeNode(R"({"hostname":"db-2","new":{"x":[1]}})");
  cr_assert(read);
  cr_expect_eq(read->hostname, "db-2");
  cr_expect_eq(read->availability, "active");
  cr_expect_eq(read->cpus, 0);
}

Test(cluster_records_format, a_nodes_addresses_on_its_disk) {
  NodeAddresses addresses{*Endpoint::parse("0.0.0.0", 2377), *Endpoint::parse("10.0.0.9", 2377),
                          "2026-01-02T03:04:05Z"};
  expectLine("addresses.json", encode(addresses));
  std::optional<NodeAddresses> read = decodeNodeAddresses(test::golden("addresses.json"));
  cr_assert(read);
  cr_expect(read->listen == addresses.listen && read->advertise == addresses.advertise);
  cr_expect_eq(read->joinedAt, addresses.joinedAt);
}

Test(cluster_records_format, what_is_said_when_a_host_joins) {
  expectLine("join_cluster.json", encodeCluster(std::string(node('c').text())));
  cr_expect_eq(decodeCluster(test::golden("join_cluster.json"), "there"), node('c').text());

  JoinRequest request;
  request.secret = Secret("worker");
  request.certificateRequest = "certificate request";
  request.joiner = member();
  expectLine("join_request.json", encode(request));
  Member read = joinerOf(test::golden("join_request.json"), config(), {});
  cr_expect(read.id == node('j') && read.gossip == member().gossip);
  cr_expect_eq(read.apiPort, 2377);
  cr_expect_eq(read.name, "host-j");

  expectLine("join_admission.json", encode(admission()));
  std::optional<Admission> admitted =
      decodeAdmission(test::golden("join_admission.json"), config().id);
  cr_assert(admitted);
  cr_expect_eq(admitted->certificate, "certificate");
  cr_expect(admitted->config == config());
  cr_assert_eq(admitted->members.size(), 1);
  cr_expect(admitted->members[0].id == node('j'));
  cr_expect(admitted->removed == admission().removed);
}
