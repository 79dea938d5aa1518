#pragma once

// What a node that cannot be asked has by its records, as its engine's lists would say it.

#include <optional>
#include <string>

#include "catalog/container_index.h"
#include "cluster/records.h"
#include "docker/filtered_query.h"
#include "docker/object_kind.h"

namespace catalog {

// GET /containers/json, each with an empty Status, newest first. `index`: tells which were removed.
std::string recordedContainers(const cluster::Records& records, const ContainerIndex& index,
                               const cluster::NodeId& node);

// GET /networks or GET /volumes, of those that pass the filters; nothing if there are none.
// `index`: tells which volumes are in use.
std::optional<std::string> recordedHeld(docker::ObjectKind kind, const cluster::Records& records,
                                        const ContainerIndex& index, const cluster::NodeId& node,
                                        const docker::FilteredQuery& query);

}  // namespace catalog
