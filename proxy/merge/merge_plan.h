#pragma once

// What has to be asked of each node so that one list can be made of their answers. Pure.
//
// Docker shows the newest containers first. `before` and `since` cut that order at a container, and
// `limit` ends it. The list is cut here, by the time of creation and then by the node's id, which
// is the order the nodes' lists are merged in.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/image_family.h"
#include "docker/filtered_query.h"

namespace proxy {

// Where a container that `before` or `since` name stands in the order. Found by the caller.
struct ListAnchor {
  std::string nodeId;
  std::string containerId;
  int64_t created = 0;  // nanoseconds since 1970
};

// GET /containers/json of the cluster.
struct ContainerListPlan {
  std::vector<std::string> nodes;  // of the filter `node`
  bool all = false;
  int limit = 0;       // 0: none
  std::string before;  // names or ids, as the client gave them; empty: none
  std::string since;
  docker::FilteredQuery rest;  // all else

  // Set by the caller, if there is `before` or `since`, before anything below is asked. One that
  // nobody has is "404 no such container", as the engine says it.
  std::optional<ListAnchor> beforeAt;
  std::optional<ListAnchor> sinceAt;

  // The images whose containers are shown, by id. Set by the caller in the place of the filter
  // `ancestor`, which an engine takes by the images that it has itself.
  std::optional<catalog::ImageIds> images;

  // What every node is asked.
  std::string query() const;
  // Whether containers that do not run are shown.
  bool showsStopped() const;
};

// Nothing as for parseFilteredQuery.
std::optional<ContainerListPlan> planContainerList(std::string_view query);

}  // namespace proxy
