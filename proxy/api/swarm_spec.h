#pragma once

// What `docker swarm init` and `docker swarm update` ask of the cluster: kept and shown as an
// engine in swarm mode does, or refused where there is nothing here that could honour it. Pure.

#include "base/json.h"
#include "cluster/ca/cluster_config.h"

#include <string>

namespace proxy {

// Docker's SwarmSpec as `present` has it (empty: with Docker's defaults) with what is given of
// another one. Throws AgentError for what cannot be honoured.
std::string mergedSpec(const rapidjson::Value& given, const std::string& present);

// The options of a request to init that are for the whole cluster. Throws AgentError.
cluster::ClusterOptions clusterOptionsOf(const rapidjson::Value& request);

}  // namespace proxy
