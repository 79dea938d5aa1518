#pragma once

// A call to one node, be it ourselves.

#include <string>

#include "base/http_client.h"
#include "base/task.h"
#include "cluster/nodes.h"
#include "proxy/engine.h"
#include "proxy/local_engine.h"

namespace proxy {

// The way to this node's API: our engine, or its droverd.
base::HttpClient& wayTo(Engine& engine, const cluster::Node& node);

// A change on this node, of which our lists know before the caller does if it is ours. `object` is
// what the change is about, as its path has it; empty if nothing is. Throws as HttpClient::call.
base::Task<base::HttpReply> changeOn(LocalEngine& local, const cluster::Node& node,
                                     base::HttpCall call, Effect effect, std::string object);

}  // namespace proxy
