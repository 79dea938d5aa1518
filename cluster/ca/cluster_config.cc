#include "cluster/ca/cluster_config.h"

#include <algorithm>
#include <tuple>

#include "base/json.h"
#include "cluster/ca/certificates.h"

namespace cluster {
namespace {

constexpr size_t maxConfig = 256 * 1024;
constexpr size_t maxAuthorities = 8;
constexpr size_t maxKeys = 8;
constexpr size_t keyBytes = 32;

}  // namespace

bool ClusterConfig::olderThan(const ClusterConfig& other) const {
  return std::tie(serial, writer) < std::tie(other.serial, other.writer);
}

std::chrono::seconds certificateLifeOf(const ClusterConfig& config) {
  rapidjson::Document spec = base::parseJson(config.options.spec);
  const rapidjson::Value* ca = base::member(spec, "CAConfig");
  std::chrono::seconds asked(ca ? base::number(*ca, "NodeCertExpiry") / 1'000'000'000 : 0);
  if (asked == std::chrono::seconds(0)) return certificateLife;
  return std::clamp<std::chrono::seconds>(asked, std::chrono::hours(1), authorityLife);
}

std::string encode(const ClusterConfig& config) {
  std::vector<std::string> keys;
  for (const std::string& each : config.gossipKeys) keys.push_back(toHex(each));
  base::JsonWriter json;
  json.object();
  json.member("id", config.id).member("serial", config.serial);
  json.member("writer", config.writer.text());
  json.member("createdAt", config.createdAt).member("updatedAt", config.updatedAt);
  json.member("spec", config.options.spec);
  json.members("addressPools", config.options.addressPools);
  json.member("subnetSize", config.options.subnetSize);
  json.member("dataPathPort", config.options.dataPathPort);
  json.members("authorities", config.authorities);
  json.member("crossSigned", config.crossSigned).member("authorityKey", config.authorityKey);
  json.members("gossipKeys", keys).member("gossipStep", config.gossipStep);
  json.member("workerSecret", config.workerSecret).member("managerSecret", config.managerSecret);
  return json.endObject().text();
}

std::optional<ClusterConfig> decodeConfig(std::string_view json) {
  if (json.size() > maxConfig) return std::nullopt;
  rapidjson::Document document = base::parseJson(json);
  if (!document.IsObject()) return std::nullopt;
  ClusterConfig config;
  config.id = base::text(document, "id");
  const rapidjson::Value* serial = base::member(document, "serial");
  std::optional<NodeId> writer = NodeId::parse(base::text(document, "writer"));
  if (!NodeId::parse(config.id) || !serial || !serial->IsUint64() || !writer) return std::nullopt;
  config.serial = serial->GetUint64();
  config.writer = *writer;
  config.createdAt = base::text(document, "createdAt");
  config.updatedAt = base::text(document, "updatedAt");
  config.options.spec = base::text(document, "spec");
  std::vector<std::string> pools = base::texts(document, "addressPools");
  if (!pools.empty()) config.options.addressPools = std::move(pools);
  if (uint64_t size = base::number(document, "subnetSize")) config.options.subnetSize = size;
  if (uint64_t port = base::number(document, "dataPathPort")) config.options.dataPathPort = port;
  for (std::string& each : base::texts(document, "authorities"))
    config.authorities.push_back(std::move(each));
  config.crossSigned = base::text(document, "crossSigned");
  config.authorityKey = base::text(document, "authorityKey");
  for (const std::string& each : base::texts(document, "gossipKeys")) {
    std::optional<std::string> key = fromHex(each);
    if (!key || key->size() != keyBytes) return std::nullopt;
    config.gossipKeys.push_back(std::move(*key));
  }
  config.gossipStep = base::number(document, "gossipStep");
  config.workerSecret = base::text(document, "workerSecret");
  config.managerSecret = base::text(document, "managerSecret");
  bool whole = !config.authorities.empty() && config.authorities.size() <= maxAuthorities &&
               !config.gossipKeys.empty() && config.gossipKeys.size() <= maxKeys &&
               !config.workerSecret.empty() && !config.managerSecret.empty();
  if (!whole) return std::nullopt;
  return config;
}

std::string toHex(std::string_view bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (char c : bytes) {
    unsigned char byte = static_cast<unsigned char>(c);
    out.push_back(digits[byte >> 4]);
    out.push_back(digits[byte & 15]);
  }
  return out;
}

std::optional<std::string> fromHex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (size_t i = 0; i < text.size(); i += 2) {
    size_t high = digits.find(text[i]);
    size_t low = digits.find(text[i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    out.push_back(static_cast<char>(high * 16 + low));
  }
  return out;
}

}  // namespace cluster
