#pragma once

// Which volumes go with a container that is removed, by its label
// io.rancher.container.volume_cleanup_strategy. Pure.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/container_record.h"
#include "labels/policy.h"

namespace orchestrator {

// What the labels say; nothing if they do not, and then it is the client's to say (docker rm -v).
std::optional<labels::VolumeCleanup> volumeCleanup(const catalog::LabelList& labels);
// The same from the engine's answer to an inspection.
std::optional<labels::VolumeCleanup> volumeCleanup(std::string_view inspection);

// Whether this query of DELETE /containers/{id} is about a legacy link, and the container stays.
bool removesLink(std::string_view query);

// The target of DELETE /containers/{id}, such that the engine removes the volumes without a name,
// or none. As it is if nobody can understand it.
std::string removalTarget(std::string_view target, labels::VolumeCleanup cleanup);

// The volumes that the container mounts and that are on its node only.
std::vector<std::string> localVolumes(std::string_view inspection);

}  // namespace orchestrator
