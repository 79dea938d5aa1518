#pragma once

// All that a droverd is made of between its listeners and its engine, wired: the one place where a
// part is added. main.cc puts listeners, settings and signals around it, the unit tests a fake
// engine behind it.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/loop.h"
#include "base/setting.h"
#include "catalog/claim_holders.h"
#include "catalog/container_index.h"
#include "catalog/locator.h"
#include "catalog/node_client.h"
#include "catalog/object_index.h"
#include "catalog/publisher.h"
#include "catalog/record_feed.h"
#include "cluster/agent/agent.h"
#include "cluster/agent/agent_metrics.h"
#include "docker/container_list_cache.h"
#include "docker/engine.h"
#include "docker/engine_state.h"
#include "orchestrator/catch_up.h"
#include "orchestrator/container_create.h"
#include "orchestrator/container_move.h"
#include "orchestrator/container_rename.h"
#include "orchestrator/global_containers.h"
#include "orchestrator/image_transfer.h"
#include "orchestrator/name_claims.h"
#include "orchestrator/name_conflicts.h"
#include "orchestrator/rebalance_settings.h"
#include "orchestrator/rebalancing.h"
#include "orchestrator/volume_claims.h"
#include "orchestrator/volume_conflicts.h"
#include "orchestrator/volume_move.h"
#include "proxy/api/all_nodes.h"
#include "proxy/api/api.h"
#include "proxy/api/routes.h"
#include "proxy/http/metrics.h"
#include "scheduler/placement_settings.h"
#include "scheduler/scheduler.h"

namespace proxy {

// What the parts can be told, each beside its code.
using PartSettings =
    base::SettingGroups<scheduler::PlacementSettings, orchestrator::RebalanceSettings>;

struct Parts {
  struct Options {
    std::string enginePath;  // its socket
    base::milliseconds connectTimeout{};
    size_t maxBodyBytes = 0;  // of bodies that have to be understood
    cluster::AgentOptions agent;
    bool swarmApi = true;  // clients see an active swarm
    PartSettings settings;
  };
  // What whoever listens does when this node enters or leaves a cluster.
  struct Hooks {
    std::function<void(const cluster::Endpoint& listen)> servePeers;
    std::function<void()> stopPeers;
    std::function<std::string()> load;  // of the host, as in /proc/loadavg; may be empty
  };

  // `loop` and `log` must outlive it.
  Parts(base::Loop& loop, const Options& options, Hooks hooks, base::Log& log)
      : metrics(routeNames, options.agent.droverVersion),
        engine(loop, options.enginePath, options.connectTimeout, base::HttpLimits()),
        state(loop, engine, log),
        lists(loop, engine, state, log, options.maxBodyBytes),
        local(engine, state, lists, metrics),
        nodeClient(local),
        agent(loop, options.agent, log),
        claimHolders(index, objects, agent),
        locator(engine, agent, index, objects),
        images(loop, engine, agent, agent, locator, log),
        scheduler(loop, agent, agent, options.settings),
        names(loop, nodeClient, agent, agent, locator, index, scheduler, log),
        volumes(loop, nodeClient, agent, agent, agent, locator, objects, log),
        volumeMove({loop, nodeClient, agent, agent, agent, locator, index, objects, scheduler,
                    volumes, log}),
        catchUp({loop, agent, agent, [this] { return publisher.published(); }, log}),
        creation(loop, engine, local, agent, agent, locator, index, scheduler, names, volumes,
                 volumeMove, catchUp, images, log),
        renames({nodeClient, agent, index, names}),
        globals({loop, nodeClient, agent, agent, index, locator, scheduler, names, creation,
                 renames, log}),
        moves({loop, nodeClient, agent, agent, agent, index, locator, scheduler, names, creation,
               renames, log}),
        rebalancing(
            {loop, nodeClient, agent, agent, agent, catchUp, index, locator, scheduler, moves, log},
            options.settings.rebalanceInterval),
        nameConflicts(loop, nodeClient, agent, index, log),
        volumeConflicts(loop, agent, agent, objects, index, log),
        objectCalls(local, agent, index, locator),
        allNodes(engine, local, lists, agent, agent, index, log, options.maxBodyBytes),
        containerListCalls(engine, local, lists, agent, agent, index, locator, log,
                           options.maxBodyBytes),
        createCalls(loop, local, creation, options.maxBodyBytes),
        renameCalls({local, index, names, objectCalls}),
        globalCalls(
            {nodeClient, agent, index, locator, names, objectCalls, log, options.maxBodyBytes}),
        containerCalls({local, nodeClient, agent, index, locator, names, scheduler, objectCalls,
                        globalCalls, allNodes, options.maxBodyBytes}),
        imageCalls({engine, local, nodeClient, lists, agent, locator, images, creation, scheduler,
                    objectCalls, allNodes, options.maxBodyBytes}),
        networkCalls(local, agent, locator, objectCalls, allNodes, options.maxBodyBytes),
        volumeCalls(local, agent, agent, locator, volumes, objectCalls, allNodes,
                    options.maxBodyBytes),
        swarmApi(engine, local, agent, options.swarmApi, options.maxBodyBytes),
        systemCalls(
            {loop, engine, local, agent, index, objects, rebalancing, swarmApi, allNodes, log}),
        peerApi(agent, images, rebalancing, volumeMove, publisher),
        clientCertificates(agent),
        api(agent, agent, local,
            {{clientCertificates, containerCalls, containerListCalls, createCalls, globalCalls,
              imageCalls, local, networkCalls, objectCalls, peerApi, renameCalls, swarmApi,
              systemCalls, volumeCalls}}),
        publisher(loop, engine, state, lists, agent, agent, agent, index, objects.tags(), log,
                  {[this] { scheduler.published(); },
                   [this](const std::string& name, const std::string& image) {
                     return images.takeFetched(name, image);
                   },
                   std::move(hooks.load)}) {
    cluster::addMetrics(agent, metrics);
    feed.onMembership({std::move(hooks.servePeers), std::move(hooks.stopPeers)});
    // Who is told of records, in this order: first what is known of all nodes, then who acts on it.
    feed.onAny([this] { globals.changed(); });
    index.follow(feed);
    objects.follow(feed);
    scheduler.follow(feed, index);
    nameConflicts.follow(feed);
    volumeConflicts.follow(feed);
    publisher.follow(feed);
  }
  ~Parts() { feed.close(); }

  // Follows the engine, and enters the cluster that this node was in; for as long as it runs.
  base::Task<> run() {
    agent.lookUpClaims([this](const std::string& claim) { return claimHolders.find(claim); });
    agent.begin(feed);
    return state.run();
  }

  // This host.
  std::vector<std::string_view> routeNames = proxy::routeNames();
  Metrics metrics;
  docker::Engine engine;
  docker::EngineState state;
  docker::ContainerListCache lists;
  LocalApi local;

  // The cluster, and what all nodes have.
  catalog::NodeClient nodeClient;
  cluster::Agent agent;
  catalog::RecordFeed feed;
  catalog::ContainerIndex index;
  catalog::ObjectIndex objects;
  catalog::ClaimHolders claimHolders;
  catalog::Locator locator;

  // What makes and keeps containers.
  orchestrator::ImageTransfer images;
  scheduler::Scheduler scheduler;
  orchestrator::NameClaims names;
  orchestrator::VolumeClaims volumes;
  orchestrator::VolumeMove volumeMove;
  orchestrator::CatchUp catchUp;
  orchestrator::ContainerCreate creation;
  orchestrator::ContainerRename renames;
  orchestrator::GlobalContainers globals;
  orchestrator::ContainerMove moves;
  orchestrator::Rebalancing rebalancing;
  orchestrator::NameConflicts nameConflicts;
  orchestrator::VolumeConflicts volumeConflicts;

  // Handlers of requests.
  ObjectCalls objectCalls;
  AllNodes allNodes;
  ContainerListCalls containerListCalls;
  CreateCalls createCalls;
  RenameCalls renameCalls;
  GlobalCalls globalCalls;
  ContainerCalls containerCalls;
  ImageCalls imageCalls;
  NetworkCalls networkCalls;
  VolumeCalls volumeCalls;
  SwarmApi swarmApi;
  SystemCalls systemCalls;
  PeerApi peerApi;
  ClientCertificates clientCertificates;
  Api api;

  // What this node tells the others.
  catalog::Publisher publisher;
};

}  // namespace proxy
