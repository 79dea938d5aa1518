#pragma once

// What a host that joins and the node that lets it in say to each other (POST /drover/v1/join), and
// what is decided about it. JSON in and out; pure.

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/ca/cluster_config.h"
#include "cluster/membership/membership.h"
#include "cluster/secret.h"
#include "cluster/types.h"
#include "cluster/wall_clock.h"

namespace cluster {

// What a node tells those who want to join: GET /drover/v1/cluster.
std::string encodeCluster(const std::string& id);
// The id of the cluster of the node at `remote` that tells this. Throws AgentError if it is no such
// answer, or if its droverd and ours would not understand each other.
std::string decodeCluster(std::string_view json, const std::string& remote);

// What the joiner says. Its certificate's request is PEM.
struct JoinRequest {
  Secret secret;  // of the join token
  std::string certificateRequest;
  Member joiner;
};
std::string encode(const JoinRequest& request);

// What it gets.
struct Admission {
  std::string certificate;
  ClusterConfig config;
  std::vector<Member> members;  // those that live
  std::set<NodeId> removed;
};
std::string encode(const Admission& admission);
// Nothing if it is not one for this cluster.
std::optional<Admission> decodeAdmission(std::string_view json, const std::string& cluster);

// The joiner of this request, if it may come in. Throws AgentError.
Member joinerOf(std::string_view request, const ClusterConfig& config,
                const std::set<NodeId>& removed);
// The certificate that it asks for. Throws AgentError.
std::string certify(std::string_view request, const Member& joiner, const ClusterConfig& config,
                    WallTime now);

}  // namespace cluster
