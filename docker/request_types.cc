#include "docker/request_types.h"

namespace docker {
namespace {

using base::GoMember;
using base::GoType;
namespace go = base::go;

constexpr GoMember networkCreate[] = {
    {"Name", &go::text}, {"Driver", &go::text}, {"Scope", &go::text}, {"Ingress", &go::truth}};
constexpr GoMember networkJoin[] = {{"Container", &go::text}};

constexpr GoMember orchestration[] = {{"TaskHistoryRetentionLimit", &go::any}};
constexpr GoType orchestrationType = go::object(orchestration);
constexpr GoMember raft[] = {
    {"SnapshotInterval", &go::number},
    {"KeepOldSnapshots", &go::any},
    {"LogEntriesForSlowFollowers", &go::number},
    {"ElectionTick", &go::number},
    {"HeartbeatTick", &go::number},
};
constexpr GoType raftType = go::object(raft);
constexpr GoMember dispatcher[] = {{"HeartbeatPeriod", &go::number}};
constexpr GoType dispatcherType = go::object(dispatcher);
constexpr GoMember caConfig[] = {
    {"NodeCertExpiry", &go::number}, {"ExternalCAs", &go::any},    {"SigningCACert", &go::text},
    {"SigningCAKey", &go::text},     {"ForceRotate", &go::number},
};
constexpr GoType caConfigType = go::object(caConfig);
constexpr GoMember encryption[] = {{"AutoLockManagers", &go::truth}};
constexpr GoType encryptionType = go::object(encryption);
constexpr GoMember spec[] = {
    {"Name", &go::text},
    {"Labels", &go::textMap},
    {"Orchestration", &orchestrationType},
    {"Raft", &raftType},
    {"Dispatcher", &dispatcherType},
    {"CAConfig", &caConfigType},
    {"TaskDefaults", &go::any},
    {"EncryptionConfig", &encryptionType},
};
constexpr GoType specType = go::object(spec);

constexpr GoMember swarmInit[] = {
    {"ListenAddr", &go::text},        {"AdvertiseAddr", &go::text},
    {"DataPathAddr", &go::text},      {"DataPathPort", &go::number},
    {"ForceNewCluster", &go::truth},  {"Spec", &specType},
    {"AutoLockManagers", &go::truth}, {"Availability", &go::text},
    {"DefaultAddrPool", &go::texts},  {"SubnetSize", &go::number},
};
constexpr GoMember swarmJoin[] = {
    {"ListenAddr", &go::text},   {"AdvertiseAddr", &go::text}, {"DataPathAddr", &go::text},
    {"RemoteAddrs", &go::texts}, {"JoinToken", &go::text},     {"Availability", &go::text},
};
constexpr GoMember nodeSpec[] = {
    {"Name", &go::text},
    {"Labels", &go::textMap},
    {"Role", &go::text},
    {"Availability", &go::text},
};

}  // namespace

constinit const GoType networkCreateType = go::object(networkCreate);
constinit const GoType networkJoinType = go::object(networkJoin);
constinit const GoType buildArgsType = go::mapOf(go::any);
constinit const GoType swarmInitType = go::object(swarmInit);
constinit const GoType swarmJoinType = go::object(swarmJoin);
constinit const GoType swarmSpecType = specType;
constinit const GoType nodeSpecType = go::object(nodeSpec);

}  // namespace docker
