// The cluster's configuration there and back, and what is refused as none.

#include "cluster/ca/cluster_config.h"

#include <criterion/criterion.h>

#include <string>

using namespace cluster;

namespace {

NodeId node(char letter) {
  return *NodeId::parse(std::string(NodeId::length, letter));
}

ClusterConfig example() {
  ClusterConfig config;
  config.id = node('c').text();
  config.serial = UINT64_MAX;
  config.writer = node('w');
  config.createdAt = "2024-05-06T07:08:09.123456789Z";
  config.updatedAt = "2024-05-07T07:08:09.123456789Z";
  config.options.spec = R"({"Name":"default","Labels":{"a":"\"b\""}})";
  config.options.addressPools = {"10.20.0.0/16", "10.30.0.0/16"};
  config.options.subnetSize = 26;
  config.options.dataPathPort = 7789;
  config.authorities = {"-----BEGIN\nnew\n", "-----BEGIN\nold\n"};
  config.crossSigned = "crossed\n";
  config.authorityKey = "key\n";
  config.gossipKeys = {std::string(32, '\0'), std::string(32, '\xff')};
  config.gossipStep = 2;
  config.workerSecret = "worker";
  config.managerSecret = "manager";
  return config;
}

}  // namespace

Test(cluster_config, goes_there_and_back) {
  std::optional<ClusterConfig> back = decodeConfig(encode(example()));
  cr_assert(back);
  cr_expect(*back == example());
}

Test(cluster_config, what_lacks_something_is_refused) {
  const std::pair<const char*, std::function<void(ClusterConfig&)>> cases[] = {
      {"id", [](ClusterConfig& config) { config.id = "c1"; }},
      {"no authority", [](ClusterConfig& config) { config.authorities.clear(); }},
      {"authorities", [](ClusterConfig& config) { config.authorities.resize(9, "x"); }},
      {"no key", [](ClusterConfig& config) { config.gossipKeys.clear(); }},
      {"short key", [](ClusterConfig& config) { config.gossipKeys[1].pop_back(); }},
      {"keys", [](ClusterConfig& config) { config.gossipKeys.resize(9, std::string(32, 'x')); }},
      {"worker", [](ClusterConfig& config) { config.workerSecret.clear(); }},
      {"manager", [](ClusterConfig& config) { config.managerSecret.clear(); }},
      {"size", [](ClusterConfig& config) { config.options.spec.assign(300'000, ' '); }},
  };
  for (const auto& [what, spoil] : cases) {
    ClusterConfig config = example();
    spoil(config);
    cr_expect_not(decodeConfig(encode(config)), "%s", what);
  }
  std::string good = encode(example());
  const std::pair<std::string, std::string> edits[] = {
      {"\"serial\":18446744073709551615", "\"serial\":-1"},
      {"\"serial\":18446744073709551615", "\"serial\":\"1\""},
      {"\"serial\":18446744073709551615", "\"serial\":1.5"},
      {std::string(NodeId::length, 'w'), std::string(NodeId::length, 'W')},
      {std::string(64, 'f'), std::string(64, 'g')},
      {"}", ""},
  };
  for (const auto& [from, to] : edits) {
    std::string text = good;
    text.replace(text.rfind(from), from.size(), to);
    cr_expect_not(decodeConfig(text), "%s", to.c_str());
  }
  for (const char* text : {"", "null", "[]", "{}", "7"})
    cr_expect_not(decodeConfig(text), "%s", text);
}

Test(cluster_config, the_greater_serial_wins_then_the_greater_writer) {
  ClusterConfig first = example(), second = example();
  cr_expect_not(first.olderThan(second));
  first.writer = node('a');
  cr_expect(first.olderThan(second));
  cr_expect_not(second.olderThan(first));
  second.serial = 1;
  cr_expect(second.olderThan(first));
  cr_expect_not(first.olderThan(second));
}

Test(cluster_config, hexadecimal_goes_there_and_back) {
  std::string all;
  for (int i = 0; i < 256; i++) all.push_back(static_cast<char>(i));
  cr_expect_eq(toHex(all).size(), 512);
  cr_expect_eq(toHex("\x01\xaf"), "01af");
  cr_expect(fromHex(toHex(all)) == all);
  cr_expect(fromHex("") == "");
  for (const char* text : {"0", "0g", "AB", " 0", "0x"}) cr_expect_not(fromHex(text), "%s", text);
}
