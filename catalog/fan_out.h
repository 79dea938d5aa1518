#pragma once

// One question to many nodes at once.

#include <string>
#include <vector>

#include "base/http_client.h"
#include "base/task.h"
#include "catalog/merge.h"
#include "catalog/merge_errors.h"
#include "catalog/node_client.h"
#include "cluster/nodes.h"
#include "docker/engine.h"

namespace catalog {

// Asks every node of `nodes` and waits for all of them, each for as long as `call` says; the
// answers come in the order of the nodes. Of ourselves `engine` is asked. Nodes that are known to
// be down are not asked: their fault says so. Throws nothing but what comes of being cancelled.
base::Task<std::vector<NodeReply>> askAll(docker::Engine& engine, std::vector<cluster::Node> nodes,
                                          base::HttpCall call);

// For those who choose between answers, and merge them.
NodeAnswer answerOf(NodeReply reply);
std::vector<NodeOutcome> outcomesOf(const std::vector<NodeReply>& replies);
// Those with status 200.
std::vector<NodeAnswer> successesOf(std::vector<NodeReply> replies);

}  // namespace catalog
