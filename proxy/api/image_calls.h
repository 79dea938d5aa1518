#pragma once

// What is asked about images of all hosts: each may be on any of them, or on several.

#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/task.h"
#include "catalog/locator.h"
#include "catalog/node_client.h"
#include "catalog/stale_tags.h"
#include "cluster/nodes.h"
#include "docker/container_list_cache.h"
#include "docker/engine.h"
#include "docker/filtered_query.h"
#include "orchestrator/container_create.h"
#include "orchestrator/image_transfer.h"
#include "proxy/api/all_nodes.h"
#include "proxy/api/local_api.h"
#include "proxy/api/object_calls.h"
#include "proxy/http/exchange.h"
#include "proxy/http/route.h"
#include "proxy/merge/image_filter.h"
#include "scheduler/scheduler.h"

namespace proxy {

class ImageCalls {
 public:
  // What it is made of; all must outlive it.
  struct Parts {
    docker::Engine& engine;
    LocalApi& local;
    catalog::NodeClient nodeClient;
    docker::ContainerListCache& lists;
    const cluster::Nodes& nodes;
    catalog::Locator& locator;
    orchestrator::ImageTransfer& transfer;
    orchestrator::ContainerCreate& creation;
    scheduler::Scheduler& scheduler;
    ObjectCalls& objects;
    AllNodes& all;
    size_t maxBody;  // bytes that a body may have which we have to understand
  };
  explicit ImageCalls(Parts parts) : parts_(parts) {}

  // GET /images/json
  base::Task<> list(Exchange& exchange, RouteMatch match);
  // POST /images/{name}/tag: wherever it is. Who is away learns what the new name means when it is
  // back (tag_index.h).
  base::Task<> tag(Exchange& exchange, RouteMatch match);
  // DELETE /images/{name}: wherever it is, or nowhere: not if one who may have it cannot be asked,
  // which would bring it back, nor if the engine of a container of it refuses.
  base::Task<> remove(Exchange& exchange, RouteMatch match);
  // GET /images/get and /images/{name}/get: what is not here is brought here first.
  base::Task<> save(Exchange& exchange, RouteMatch match);
  // POST /images/{name}/push. Without a tag: all tags, which are brought to one node first.
  base::Task<> push(Exchange& exchange, RouteMatch match);
  // POST /images/create, on the node where the container that asks for it is to be.
  base::Task<> pull(Exchange& exchange, RouteMatch match);
  // POST /build, on a node that has what it is to be made of.
  base::Task<> build(Exchange& exchange, RouteMatch match);
  // POST /images/prune
  base::Task<> prune(Exchange& exchange, RouteMatch match);

 private:
  base::Task<> cutList(Exchange& exchange, RouteMatch match, docker::FilteredQuery query);
  base::Task<> pushAll(Exchange& exchange, RouteMatch match, std::string repository);
  // The lists of several nodes as one, in which each tag is at the image that it means. `byName`:
  // they were asked for by their names.
  std::string merge(std::vector<catalog::NodeAnswer> answers, bool byName) const;
  struct Anchor {
    std::optional<int64_t> created;
    catalog::Located located;  // why there is none
  };
  base::Task<Anchor> anchor(std::string image);
  base::Task<std::map<std::string, int64_t>> momentsOf(std::vector<std::string> ids,
                                                       cluster::Node node);
  catalog::IsStaleTag staleness() const;
  // The node that has them then; nothing if nobody has such a tag. If some cannot be had, nothing
  // is brought anywhere.
  using Gathered = base::Result<std::optional<cluster::Node>>;
  base::Task<Gathered> gather(std::string repository, bool here);
  base::Task<base::Status> bringHere(std::string image);

  Parts parts_;
};

}  // namespace proxy
