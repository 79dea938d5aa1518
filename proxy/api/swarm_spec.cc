#include "proxy/api/swarm_spec.h"

#include "cluster/agent_error.h"
#include "cluster/types.h"

#include <charconv>
#include <optional>

namespace proxy {
namespace {

using cluster::AgentError;
using rapidjson::Value;

// What Docker's own managers say of themselves; there is nothing behind most of it here.
constexpr std::string_view defaultSpec =
    R"({"Name":"default","Labels":{},"Orchestration":{"TaskHistoryRetentionLimit":5},)"
    R"("Raft":{"SnapshotInterval":10000,"KeepOldSnapshots":0,"LogEntriesForSlowFollowers":500,)"
    R"("ElectionTick":10,"HeartbeatTick":1},"Dispatcher":{"HeartbeatPeriod":5000000000},)"
    R"("CAConfig":{"NodeCertExpiry":7776000000000000},"TaskDefaults":{},)"
    R"("EncryptionConfig":{"AutoLockManagers":false}})";
constexpr uint64_t leastExpiry = 3'600'000'000'000;  // nanoseconds: an hour, as swarm has it
constexpr uint64_t largestSubnetSize = 29;
constexpr uint64_t leastDataPathPort = 1024, lastDataPathPort = 49'151;
constexpr size_t maxPools = 64;

bool isFilled(const Value& object, const char* name) {
  const Value* found = base::member(object, name);
  return found && ((found->IsArray() && !found->Empty()) ||
                   (found->IsString() && found->GetStringLength() > 0));
}

// Two specs, of which the given one goes first.
class Merging {
 public:
  Merging(const Value* given, const Value* present, base::JsonWriter& json)
      : given_(given), present_(present), json_(json) {}

  Merging& section(const char* name) {
    json_.object(name);
    return *this;
  }
  // Zero is what Go writes for what was not said.
  Merging& number(const char* name) {
    uint64_t wanted = given_ ? base::number(*given_, name) : 0;
    if (wanted == 0 && present_) wanted = base::number(*present_, name);
    json_.member(name, wanted);
    return *this;
  }
  // Not so where Go has a pointer.
  Merging& choice(const char* name) {
    const Value* wanted = given_ ? base::member(*given_, name) : nullptr;
    bool isGiven = wanted && wanted->IsInt64();
    if (!isGiven && present_) wanted = base::member(*present_, name);
    json_.member(name, wanted && wanted->IsInt64() ? wanted->GetInt64() : int64_t{0});
    return *this;
  }
  void end() { json_.endObject(); }

 private:
  const Value* given_;
  const Value* present_;
  base::JsonWriter& json_;
};

void refuseCa(const Value& ca) {
  if (isFilled(ca, "ExternalCAs"))
    throw AgentError(400,
                     "--external-ca is not supported: every node of a drover cluster signs "
                     "certificates itself");
  if (isFilled(ca, "SigningCACert") || isFilled(ca, "SigningCAKey"))
    throw AgentError(400,
                     "--ca-cert and --ca-key are not supported: drover makes the cluster's CA "
                     "itself; leave them out, and \"docker swarm ca --rotate\" makes a new one");
  uint64_t expiry = base::number(ca, "NodeCertExpiry");
  if (expiry > 0 && expiry < leastExpiry)
    throw AgentError(400, "minimum certificate expiry time is: 1h0m0s");
}

void refuseAutoLock(const Value& holder) {
  if (base::isTrue(holder, "AutoLockManagers"))
    throw AgentError(400,
                     "--autolock is not supported: a drover node has to come back by itself after "
                     "a restart, so its keys are not locked; protect state_dir instead");
}

void checkPool(const std::string& pool, uint64_t subnetSize) {
  size_t slash = pool.find('/');
  std::optional<cluster::Endpoint> base = cluster::Endpoint::parse(pool.substr(0, slash), 1);
  uint64_t bits = 0;
  bool isWhole = false;
  if (slash != pool.npos) {
    const char* end = pool.data() + pool.size();
    auto [stopped, error] = std::from_chars(pool.data() + slash + 1, end, bits);
    isWhole = error == std::errc() && stopped == end;
  }
  if (!base || !isWhole || bits > 32 || pool.find(':') != pool.npos)
    throw AgentError(400, "invalid base pool " + pool + ": invalid CIDR address: " + pool);
  if (bits > subnetSize)
    throw AgentError(400, "invalid CIDR: \"" + pool + "\". Subnet size is too small for pool: " +
                              std::to_string(subnetSize));
}

}  // namespace

std::string mergedSpec(const Value& given, const std::string& present) {
  std::string_view name = base::text(given, "Name");
  if (!name.empty() && name != "default")
    throw AgentError(400, "swarm spec must be named \"default\"");
  if (const Value* ca = base::member(given, "CAConfig")) refuseCa(*ca);
  if (const Value* encryption = base::member(given, "EncryptionConfig"))
    refuseAutoLock(*encryption);
  rapidjson::Document before = base::parseJson(present.empty() ? defaultSpec : present);

  base::JsonWriter json;
  json.object().member("Name", "default");
  auto whole = [&](const char* member) {
    const Value* wanted = base::member(given, member);
    if (!wanted || !wanted->IsObject()) wanted = base::member(before, member);
    if (wanted && wanted->IsObject()) json.member(member, *wanted);
  };
  auto merging = [&](const char* section) {
    Merging both(base::member(given, section), base::member(before, section), json);
    return both.section(section);
  };
  whole("Labels");
  merging("Orchestration").choice("TaskHistoryRetentionLimit").end();
  merging("Raft")
      .number("SnapshotInterval")
      .choice("KeepOldSnapshots")
      .number("LogEntriesForSlowFollowers")
      .number("ElectionTick")
      .number("HeartbeatTick")
      .end();
  merging("Dispatcher").number("HeartbeatPeriod").end();
  const Value* ca = base::member(given, "CAConfig");
  uint64_t rotations = ca ? base::number(*ca, "ForceRotate") : 0;
  Merging certificates = merging("CAConfig").number("NodeCertExpiry");
  if (rotations > 0) json.member("ForceRotate", rotations);
  certificates.end();
  whole("TaskDefaults");
  json.object("EncryptionConfig").member("AutoLockManagers", false).endObject();
  return json.endObject().text();
}

cluster::ClusterOptions clusterOptionsOf(const Value& request) {
  refuseAutoLock(request);
  cluster::ClusterOptions options;
  const Value* spec = base::member(request, "Spec");
  const Value nothing(rapidjson::kObjectType);
  options.spec = mergedSpec(spec && spec->IsObject() ? *spec : nothing, "");
  if (uint64_t size = base::number(request, "SubnetSize")) options.subnetSize = size;
  if (options.subnetSize > largestSubnetSize)
    throw AgentError(400, "subnet size is out of range: " + std::to_string(options.subnetSize));
  std::vector<std::string> pools = base::texts(request, "DefaultAddrPool");
  if (pools.size() > maxPools)
    throw AgentError(400, "more than " + std::to_string(maxPools) + " default address pools");
  for (const std::string& each : pools) checkPool(each, options.subnetSize);
  if (!pools.empty()) options.addressPools = std::move(pools);
  uint64_t port = base::number(request, "DataPathPort");
  if (port > 0 && (port < leastDataPathPort || port > lastDataPathPort))
    throw AgentError(400, "Datapath port number " + std::to_string(port) +
                              " is not in valid range (1024-49151)");
  if (port > 0) options.dataPathPort = port;
  return options;
}

}  // namespace proxy
