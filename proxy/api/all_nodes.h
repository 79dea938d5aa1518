#pragma once

// Calls that all nodes answer together: each gives its own part, and those are merged. A node that
// does not answer is missing from lists and sums, with a word in the log, but its networks and
// volumes are known by its records.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/task.h"
#include "catalog/container_index.h"
#include "catalog/fan_out.h"
#include "catalog/merge.h"
#include "cluster/nodes.h"
#include "cluster/records.h"
#include "docker/container_list_cache.h"
#include "docker/engine.h"
#include "docker/filtered_query.h"
#include "docker/object_kind.h"
#include "proxy/api/local_api.h"
#include "proxy/http/exchange.h"
#include "proxy/http/route.h"

namespace proxy {

class AllNodes {
 public:
  // All must outlive it. Bodies that have to be understood may have `maxBody` bytes.
  AllNodes(docker::Engine& engine, LocalApi& local, docker::ContainerListCache& lists,
           const cluster::Nodes& nodes, const cluster::Records& records,
           catalog::ContainerIndex& index, base::Log& log, size_t maxBody)
      : engine_(engine),
        local_(local),
        lists_(lists),
        nodes_(nodes),
        records_(records),
        index_(index),
        log_(log),
        maxBody_(maxBody) {}

  // Makes one answer of those that the nodes gave.
  using Merge = std::function<std::string(const std::vector<catalog::NodeAnswer>& answers)>;
  struct Options {
    bool takesNodeFilter = true;  // `filter node=` says which nodes are asked
    bool walksDisk = false;       // which takes its time
    std::optional<docker::ObjectKind>
        listed;  // the kind of which records know what silent nodes have
  };

  // Asks each node what the client asks, and answers the client with what `merge` makes of it.
  base::Task<> answer(Exchange& exchange, RouteMatch match, Options options, Merge merge);
  // The same for POST /KIND/prune.
  base::Task<> prune(Exchange& exchange, RouteMatch match, std::string_view kind);

 private:
  std::vector<catalog::NodeAnswer> recorded(const std::vector<catalog::NodeReply>& replies,
                                            const Options& options,
                                            const std::optional<docker::FilteredQuery>& query);

  docker::Engine& engine_;
  LocalApi& local_;
  docker::ContainerListCache& lists_;
  const cluster::Nodes& nodes_;
  const cluster::Records& records_;
  catalog::ContainerIndex& index_;
  base::Log& log_;
  size_t maxBody_;
};

}  // namespace proxy
