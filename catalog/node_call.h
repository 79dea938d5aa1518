#pragma once

// A call to one node, be it ourselves.

#include <string>

#include "base/http_client.h"
#include "base/task.h"
#include "cluster/nodes.h"
#include "docker/engine.h"
#include "docker/local_engine.h"

namespace catalog {

// The way to this node's API: our engine, or its droverd.
base::HttpClient& wayTo(docker::Engine& engine, const cluster::Node& node);

// A change on this node, of which our lists know before the caller does if it is ours. `object` is
// what the change is about, as its path has it; empty if nothing is. Throws as HttpClient::call.
base::Task<base::HttpReply> changeOn(docker::LocalEngine& local, const cluster::Node& node,
                                     base::HttpCall call, docker::Effect effect,
                                     std::string object);

}  // namespace catalog
