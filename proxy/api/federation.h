#pragma once

// The API of all hosts as one Docker: requests about one object go to the node that has it, lists
// and sums are made of what all nodes say.

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/task.h"
#include "catalog/container_index.h"
#include "catalog/fan_out.h"
#include "catalog/holdings_index.h"
#include "catalog/locator.h"
#include "catalog/merge.h"
#include "cluster/agent/agent.h"
#include "docker/container_lists.h"
#include "docker/engine.h"
#include "docker/filtered_query.h"
#include "labels/policy.h"
#include "orchestrator/container_create.h"
#include "orchestrator/image_transfer.h"
#include "orchestrator/name_claims.h"
#include "orchestrator/rebalancing.h"
#include "orchestrator/volume_claims.h"
#include "proxy/api/container_listing.h"
#include "proxy/api/create_calls.h"
#include "proxy/api/global_calls.h"
#include "proxy/api/image_calls.h"
#include "proxy/api/local_api.h"
#include "proxy/api/network_calls.h"
#include "proxy/api/rename_calls.h"
#include "proxy/api/swarm_api.h"
#include "proxy/api/volume_calls.h"
#include "proxy/http/client.h"
#include "proxy/http/routes.h"
#include "proxy/merge/merge_info.h"

namespace proxy {

class Federation {
 public:
  // What it is made of; all must outlive it.
  struct Parts {
    base::Loop& loop;
    docker::Engine& engine;
    LocalApi& local;
    docker::ContainerLists& lists;
    cluster::Agent& agent;
    catalog::ContainerIndex& index;
    catalog::HoldingsIndex& held;
    catalog::Locator& locator;
    orchestrator::NameClaims& names;
    orchestrator::VolumeClaims& volumes;
    orchestrator::ContainerCreate& creation;
    CreateCalls& creates;
    GlobalCalls& globals;
    orchestrator::Rebalancing& rebalancing;
    scheduler::Placements& placements;
    orchestrator::ImageTransfer& images;
    SwarmApi& swarm;
    base::Log& log;
    size_t bodyMost;  // bytes that a body may have which we have to understand
  };
  explicit Federation(Parts parts)
      : parts_(parts),
        containers_(parts.engine, parts.local, parts.lists, parts.agent, parts.index, parts.locator,
                    parts.log, parts.bodyMost),
        networks_(parts.engine, parts.local, parts.agent, parts.locator, parts.bodyMost),
        volumes_(parts.engine, parts.local, parts.agent, parts.locator, parts.volumes,
                 parts.bodyMost),
        renames_({parts.local, parts.index, parts.names}),
        images_(parts.engine, parts.local, parts.lists, parts.agent, parts.locator, parts.images,
                parts.bodyMost) {}

  // Answers the request whose head `client` holds. Throws when either side breaks off.
  base::Task<> handle(Client& client, RouteMatch match);

 private:
  // A merger: the answers of those nodes that gave one.
  using Merge = std::function<std::string(const std::vector<catalog::NodeAnswer>& answers)>;

  base::Task<> toOwner(Client& client, RouteMatch match, catalog::Kind kind, std::string object);
  base::Task<> containerOn(Client& client, RouteMatch match, cluster::Node node,
                           std::string inspection);
  std::optional<cluster::Node> takeNode(Client& client, RouteMatch& match);
  base::Task<> onNode(Client& client, RouteMatch match, cluster::Node node);
  base::Task<> toNode(Client& client, RouteMatch match, cluster::Node node);
  base::Task<> remove(Client& client, RouteMatch match, cluster::Node node, std::string inspection);
  base::Task<> removeWith(labels::VolumeCleanup cleanup, Client& client, RouteMatch match,
                          const cluster::Node& node);
  base::Task<> commit(Client& client, std::string container);
  base::Task<> sendLocated(Client& client, const catalog::Located& located);

  base::Task<> merged(Client& client, RouteMatch match, Merge merge);
  base::Task<> inspect(Client& client, RouteMatch match);
  base::Task<> inspectOn(Client& client, cluster::Node node);
  base::Task<> info(Client& client, RouteMatch match);
  base::Task<> version(Client& client, RouteMatch match);
  base::Task<> events(Client& client, RouteMatch match);
  base::Task<> imageList(Client& client, RouteMatch match);
  base::Task<> build(Client& client, RouteMatch match);
  base::Task<> volume(Client& client, RouteMatch match);
  base::Task<> push(Client& client, RouteMatch match, std::string object);
  base::Task<> rebalance(Client& client);
  ImageCounts imageCounts(const std::vector<catalog::NodeAnswer>& answers) const;

  Parts parts_;
  ContainerListing containers_;
  NetworkCalls networks_;
  VolumeCalls volumes_;
  RenameCalls renames_;
  ImageCalls images_;
};

}  // namespace proxy
