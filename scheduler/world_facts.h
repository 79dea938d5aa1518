#pragma once

// What nodes publish, as placement (labels/) understands it. Pure.

#include <string>

#include "catalog/container_record.h"
#include "cluster/nodes.h"
#include "scheduler/facts.h"

namespace scheduler {

Node nodeFact(const cluster::NodeView& view);

Container containerFact(const cluster::NodeId& owner, const std::string& id,
                        const catalog::ContainerFacts& facts);

}  // namespace scheduler
