#pragma once

// The API of all hosts as one Docker: requests about one object go to the node that has it, lists
// and sums are made of what all nodes say.

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/task.h"
#include "cluster/agent.h"
#include "labels/policy.h"
#include "proxy/client.h"
#include "proxy/container_create.h"
#include "proxy/container_index.h"
#include "proxy/container_listing.h"
#include "proxy/container_lists.h"
#include "proxy/create_calls.h"
#include "proxy/engine.h"
#include "proxy/fan_out.h"
#include "proxy/filtered_query.h"
#include "proxy/global_calls.h"
#include "proxy/holdings_index.h"
#include "proxy/image_calls.h"
#include "proxy/image_transfer.h"
#include "proxy/local_api.h"
#include "proxy/locator.h"
#include "proxy/merge.h"
#include "proxy/merge_info.h"
#include "proxy/name_claims.h"
#include "proxy/network_calls.h"
#include "proxy/rebalancing.h"
#include "proxy/rename_calls.h"
#include "proxy/routes.h"
#include "proxy/swarm_api.h"
#include "proxy/volume_calls.h"
#include "proxy/volume_claims.h"

namespace proxy {

class Federation {
 public:
  // What it is made of; all must outlive it.
  struct Parts {
    base::Loop& loop;
    Engine& engine;
    LocalApi& local;
    ContainerLists& lists;
    cluster::Agent& agent;
    ContainerIndex& index;
    HoldingsIndex& held;
    Locator& locator;
    NameClaims& names;
    VolumeClaims& volumes;
    ContainerCreate& creation;
    CreateCalls& creates;
    GlobalCalls& globals;
    Rebalancing& rebalancing;
    Placements& placements;
    ImageTransfer& images;
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
  using Merge = std::function<std::string(const std::vector<NodeAnswer>& answers)>;

  base::Task<> toOwner(Client& client, RouteMatch match, Kind kind, std::string object);
  base::Task<> containerOn(Client& client, RouteMatch match, cluster::Node node,
                           std::string inspection);
  std::optional<cluster::Node> takeNode(Client& client, RouteMatch& match);
  base::Task<> onNode(Client& client, RouteMatch match, cluster::Node node);
  base::Task<> toNode(Client& client, RouteMatch match, cluster::Node node);
  base::Task<> remove(Client& client, RouteMatch match, cluster::Node node, std::string inspection);
  base::Task<> removeWith(labels::VolumeCleanup cleanup, Client& client, RouteMatch match,
                          const cluster::Node& node);
  base::Task<> commit(Client& client, std::string container);
  base::Task<> sendLocated(Client& client, const Located& located);

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
  ImageCounts imageCounts(const std::vector<NodeAnswer>& answers) const;

  Parts parts_;
  ContainerListing containers_;
  NetworkCalls networks_;
  VolumeCalls volumes_;
  RenameCalls renames_;
  ImageCalls images_;
};

}  // namespace proxy
