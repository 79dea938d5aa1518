// A node's record there and back, and what becomes of members that are not as they should be.

#include "cluster/node_record.h"

#include <criterion/criterion.h>

#include <string>

using namespace cluster;

Test(node_record, goes_there_and_back) {
  NodeRecord record;
  record.availability = "drain";
  record.labels = {{"disk", "ssd"}, {"\"odd\"\n", ""}};
  record.hostname = "host";
  record.os = "linux";
  record.architecture = "x86_64";
  record.operatingSystem = "Debian";
  record.kernel = "6.1";
  record.storageDriver = "overlay2";
  record.engineId = "ABCD";
  record.engineVersion = "20.10";
  record.apiVersion = "1.41";
  record.minApiVersion = "1.12";
  record.engineLabels = {{"a", "b"}};
  record.cpus = 4;
  record.memory = UINT64_MAX;
  record.plugins = {{"Volume", {"local", "\"odd\""}}, {"Log", {}}};
  record.load = 75;
  record.reservedNanoCpus = 5;
  record.reservedMemory = 6;
  record.containers = 7;
  record.running = 8;
  record.droverVersion = "0.1";
  record.joinedAt = "2024-05-06T07:08:09Z";
  record.lastError = "none \xc3\xa9";
  record.engineError = "away";
  record.configSerial = 9;
  record.issuer = "00ff";
  std::optional<NodeRecord> back = decodeNode(encode(record));
  cr_assert(back);
  cr_expect(*back == record);
  cr_expect(*decodeNode(encode(NodeRecord())) == NodeRecord());
}

Test(node_record, what_another_version_wrote_is_read_as_far_as_it_is_understood) {
  std::optional<NodeRecord> record = decodeNode(
      R"({"availability":"elsewhere","labels":{"a":"b","c":5,"d":{}},"cpus":-1,"memory":"many",)"
      R"("kernel":["6.1"],"os":"linux","unknown":{"x":[1,2]},"engineLabels":[],)"
      R"("plugins":{"Volume":["a",5,"b"],"Log":7},"load":"high"})");
  cr_assert(record);
  cr_expect_eq(record->availability, "active");
  cr_expect_eq(record->labels.size(), 1);
  cr_expect_eq(record->labels.at("a"), "b");
  cr_expect_eq(record->os, "linux");
  cr_expect_eq(record->kernel, "");
  cr_expect_eq(record->cpus, 0);
  cr_expect_eq(record->memory, 0);
  cr_expect(record->engineLabels.empty());
  cr_expect_eq(record->plugins.size(), 1);
  cr_expect(record->plugins.at("Volume") == std::vector<std::string>({"a", "b"}));
  cr_expect_eq(record->load, 0);
}

Test(node_record, what_is_no_object_is_none) {
  for (const char* text : {"", "null", "[]", "{", "7", "\"x\""}) cr_expect_not(decodeNode(text));
}
