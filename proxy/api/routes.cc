#include "proxy/api/routes.h"

namespace proxy {
namespace {

// ---- handlers

template <class T>
T& classOf(base::Task<> (T::*)(Exchange&, RouteMatch));

template <auto method>
base::Task<> to(const Handlers& handlers, Exchange& exchange, RouteMatch match) {
  using Class = decltype(classOf(method));
  return (std::get<Class>(handlers.all).*method)(exchange, match);
}

// This host's engine, be it in a cluster or not.
constexpr Handler pass = to<&LocalApi::passThrough>;
constexpr Answers engine{pass, pass, pass};
template <auto method>
constexpr Answers everywhere{to<method>, to<method>, to<method>};
// What our engine refuses for the version of its API no other node is asked for.
template <auto method>
base::Task<> unlessForeign(const Handlers& handlers, Exchange& exchange, RouteMatch match) {
  bool isForeign = std::get<LocalApi&>(handlers.all).isForeign(match.version);
  return isForeign ? pass(handlers, exchange, match) : to<method>(handlers, exchange, match);
}
// A client in a cluster is answered by the one, of a host in none by the other, a node by the last.
template <auto cluster, auto host = &LocalApi::passThrough, auto node = host>
constexpr Answers inCluster{unlessForeign<cluster>, to<host>, to<node>};
// Who is at the peers' port.
template <auto method>
constexpr Answers atPeersPort{pass, pass, to<method>};

using enum SwarmApi::When;
template <SwarmApi::Action action, SwarmApi::When when>
base::Task<> toSwarm(const Handlers& handlers, Exchange& exchange, RouteMatch match) {
  return std::get<SwarmApi&>(handlers.all).answer(exchange, match, when, action);
}
template <SwarmApi::Action action, SwarmApi::When when = shown>
constexpr Answers swarm{toSwarm<action, when>, toSwarm<action, when>, pass};

template <PeerApi::Action action>
base::Task<> toPeer(const Handlers& handlers, Exchange& exchange, RouteMatch) {
  return std::get<PeerApi&>(handlers.all).answerNode(exchange, action);
}
template <PeerApi::Action action>
constexpr Answers peer{pass, pass, toPeer<action>};

// ---- what a request does beside

constexpr RouteTraits stream{.flow = Flow::stream};
constexpr RouteTraits hijack{.flow = Flow::hijack};
constexpr RouteTraits createsContainer{.effect = docker::Effect::create};
constexpr RouteTraits changesContainer{.effect = docker::Effect::container};
constexpr RouteTraits changesContainers{.effect = docker::Effect::containers};
constexpr RouteTraits takesQuery{.parameters = Parameters::query};
constexpr RouteTraits takesForm{.parameters = Parameters::form};
constexpr RouteTraits forClients{.access = Access::clients};
constexpr RouteTraits forHost{.access = Access::host};
constexpr RouteTraits forStrangers{.access = Access::strangers};

constexpr Route table[] = {
    // The engine as a whole
    {"GET", "/_ping", everywhere<&LocalApi::ping>},
    {"HEAD", "/_ping", everywhere<&LocalApi::ping>},
    {"GET", "/version", inCluster<&SystemCalls::version, &LocalApi::version>},
    {"GET", "/info", inCluster<&SystemCalls::info, &SwarmApi::hostInfo, &LocalApi::passThrough>},
    {"GET", "/events", inCluster<&SystemCalls::events>, stream},
    {"GET", "/system/df", inCluster<&SystemCalls::diskUsage>},
    {"POST", "/auth", engine},
    {"POST", "/session", engine, hijack | forClients},
    {"POST", "/grpc", engine, hijack | forClients},

    // Containers
    {"GET", "/containers/json", inCluster<&ContainerListCalls::answer, &LocalApi::containerList>},
    {"POST", "/containers/create",
     inCluster<&CreateCalls::create, &LocalApi::passThrough, &CreateCalls::createHere>,
     createsContainer | takesQuery},
    {"POST", "/containers/prune", inCluster<&ContainerCalls::prune>, changesContainers | takesForm},
    {"GET", "/containers/{id}/json", inCluster<&ContainerCalls::inspect>},
    {"GET", "/containers/{id}/top", inCluster<&ObjectCalls::container>},
    {"GET", "/containers/{id}/logs", inCluster<&ObjectCalls::container>, stream},
    {"GET", "/containers/{id}/changes", inCluster<&ObjectCalls::container>},
    {"GET", "/containers/{id}/export", inCluster<&ObjectCalls::container>},
    {"GET", "/containers/{id}/stats", inCluster<&ObjectCalls::container>, stream},
    {"POST", "/containers/{id}/resize", inCluster<&ObjectCalls::container>, takesForm},
    {"POST", "/containers/{id}/start", inCluster<&GlobalCalls::change>,
     changesContainer | takesForm},
    {"POST", "/containers/{id}/stop", inCluster<&GlobalCalls::change>,
     changesContainer | takesForm},
    {"POST", "/containers/{id}/restart", inCluster<&GlobalCalls::change>,
     changesContainer | takesForm},
    {"POST", "/containers/{id}/kill", inCluster<&GlobalCalls::change>,
     changesContainer | takesForm},
    {"POST", "/containers/{id}/update", inCluster<&GlobalCalls::change>, changesContainer},
    {"POST", "/containers/{id}/rename", inCluster<&RenameCalls::rename>,
     changesContainers | takesForm},
    {"POST", "/containers/{id}/pause", inCluster<&GlobalCalls::change>,
     changesContainer | takesForm},
    {"POST", "/containers/{id}/unpause", inCluster<&GlobalCalls::change>,
     changesContainer | takesForm},
    {"POST", "/containers/{id}/attach", inCluster<&ObjectCalls::container>, hijack | takesForm},
    {"GET", "/containers/{id}/attach/ws", inCluster<&ObjectCalls::container>, hijack},
    {"POST", "/containers/{id}/wait", inCluster<&ObjectCalls::container>, stream | takesForm},
    {"DELETE", "/containers/{id}", inCluster<&ContainerCalls::remove>, changesContainer},
    {"HEAD", "/containers/{id}/archive", inCluster<&ObjectCalls::container>},
    {"GET", "/containers/{id}/archive", inCluster<&ObjectCalls::container>},
    {"PUT", "/containers/{id}/archive", inCluster<&ObjectCalls::container>},
    {"POST", "/containers/{id}/copy", inCluster<&ObjectCalls::container>},
    {"GET", "/containers/{id}/checkpoints", inCluster<&ObjectCalls::container>},
    {"POST", "/containers/{id}/checkpoints", inCluster<&ObjectCalls::container>, changesContainer},
    {"DELETE", "/containers/{id}/checkpoints/{checkpoint}", inCluster<&ObjectCalls::container>},

    // Exec
    {"POST", "/containers/{id}/exec", inCluster<&ObjectCalls::createExec>},
    {"POST", "/exec/{id}/start", inCluster<&ObjectCalls::exec>, hijack},
    {"POST", "/exec/{id}/resize", inCluster<&ObjectCalls::exec>},
    {"GET", "/exec/{id}/json", inCluster<&ObjectCalls::exec>},

    // Images. A list of containers shows an image's name, so what moves names changes lists.
    {"GET", "/images/json", inCluster<&ImageCalls::list>},
    {"GET", "/images/search", engine},
    {"GET", "/images/get", inCluster<&ImageCalls::save>},
    {"GET", "/images/{name...}/get", inCluster<&ImageCalls::save>},
    {"GET", "/images/{name...}/history", inCluster<&ObjectCalls::image>},
    {"GET", "/images/{name...}/json", inCluster<&ObjectCalls::image>},
    {"GET", "/images/{name...}/attestations", inCluster<&ObjectCalls::image>},
    {"POST", "/images/create", inCluster<&ImageCalls::pull>, changesContainers | takesForm},
    {"POST", "/images/load", engine, changesContainers},
    {"POST", "/images/prune", inCluster<&ImageCalls::prune>, changesContainers | takesForm},
    {"POST", "/images/{name...}/push", inCluster<&ImageCalls::push>, takesForm},
    {"POST", "/images/{name...}/tag", inCluster<&ImageCalls::tag>, changesContainers | takesForm},
    {"DELETE", "/images/{name...}", inCluster<&ImageCalls::remove>, changesContainers},
    {"POST", "/commit", inCluster<&ContainerCalls::commit>, changesContainers | takesQuery},
    {"POST", "/build", inCluster<&ImageCalls::build>, changesContainers | takesForm},
    {"POST", "/build/prune", inCluster<&SystemCalls::pruneBuilds>, takesForm},
    {"POST", "/build/cancel", engine},
    {"GET", "/distribution/{name...}/json", engine},

    // Networks
    {"GET", "/networks", inCluster<&NetworkCalls::list>},
    {"POST", "/networks/create", inCluster<&NetworkCalls::create>},
    {"POST", "/networks/prune", inCluster<&NetworkCalls::prune>, takesForm},
    {"GET", "/networks/{id}", inCluster<&ObjectCalls::network>},
    {"DELETE", "/networks/{id}", inCluster<&ObjectCalls::network>},
    {"POST", "/networks/{id}/connect", inCluster<&NetworkCalls::join>, changesContainers},
    {"POST", "/networks/{id}/disconnect", inCluster<&NetworkCalls::join>, changesContainers},

    // Volumes
    {"GET", "/volumes", inCluster<&VolumeCalls::list>},
    {"POST", "/volumes/create", inCluster<&VolumeCalls::create>},
    {"POST", "/volumes/prune", inCluster<&VolumeCalls::prune>, takesForm},
    {"GET", "/volumes/{name}", inCluster<&VolumeCalls::inspect>},
    {"PUT", "/volumes/{name}", inCluster<&VolumeCalls::change>},
    {"DELETE", "/volumes/{name}", inCluster<&VolumeCalls::change>},

    // Plugins
    {"GET", "/plugins", engine},
    {"GET", "/plugins/privileges", engine},
    {"POST", "/plugins/pull", engine},
    {"POST", "/plugins/create", engine},
    {"GET", "/plugins/{name...}/json", engine},
    {"POST", "/plugins/{name...}/enable", engine},
    {"POST", "/plugins/{name...}/disable", engine},
    {"POST", "/plugins/{name...}/upgrade", engine},
    {"POST", "/plugins/{name...}/push", engine},
    {"POST", "/plugins/{name...}/set", engine},
    {"DELETE", "/plugins/{name...}", engine},

    // The cluster; Docker's swarm mode as droverd understands it
    {"POST", "/drover/placement", inCluster<&CreateCalls::explain>, forClients},
    {"POST", "/drover/rebalance", inCluster<&SystemCalls::rebalance>, forClients},
    {"GET", "/swarm", swarm<&SwarmApi::inspect>, forClients},
    {"POST", "/swarm/init", swarm<&SwarmApi::init, always>, forClients},
    {"POST", "/swarm/join", swarm<&SwarmApi::join, always>, forClients},
    {"POST", "/swarm/leave", swarm<&SwarmApi::leave, member>, forClients},
    {"POST", "/swarm/update", swarm<&SwarmApi::update>, forClients},
    {"GET", "/swarm/unlockkey", swarm<&SwarmApi::unlockKey>, forClients},
    {"POST", "/swarm/unlock", swarm<&SwarmApi::unsupported>, forClients},
    {"GET", "/nodes", swarm<&SwarmApi::nodeList>, forClients},
    {"GET", "/nodes/{id}", swarm<&SwarmApi::inspectNode>, forClients},
    {"DELETE", "/nodes/{id}", swarm<&SwarmApi::removeNode>, forClients},
    {"POST", "/nodes/{id}/update", swarm<&SwarmApi::updateNode>, forClients},
    {"GET", "/services", swarm<&SwarmApi::emptyList>, forClients},
    {"POST", "/services/create", swarm<&SwarmApi::unsupported>, forClients},
    {"GET", "/services/{id}", swarm<&SwarmApi::missing>, forClients},
    {"DELETE", "/services/{id}", swarm<&SwarmApi::missing>, forClients},
    {"POST", "/services/{id}/update", swarm<&SwarmApi::unsupported>, forClients},
    {"GET", "/services/{id}/logs", swarm<&SwarmApi::missing>, stream | forClients},
    {"GET", "/tasks", swarm<&SwarmApi::emptyList>, forClients},
    {"GET", "/tasks/{id}", swarm<&SwarmApi::missing>, forClients},
    {"GET", "/tasks/{id}/logs", swarm<&SwarmApi::missing>, stream | forClients},
    {"GET", "/secrets", swarm<&SwarmApi::emptyList>, forClients},
    {"POST", "/secrets/create", swarm<&SwarmApi::unsupported>, forClients},
    {"GET", "/secrets/{id}", swarm<&SwarmApi::missing>, forClients},
    {"DELETE", "/secrets/{id}", swarm<&SwarmApi::missing>, forClients},
    {"POST", "/secrets/{id}/update", swarm<&SwarmApi::unsupported>, forClients},
    {"GET", "/configs", swarm<&SwarmApi::emptyList>, forClients},
    {"POST", "/configs/create", swarm<&SwarmApi::unsupported>, forClients},
    {"GET", "/configs/{id}", swarm<&SwarmApi::missing>, forClients},
    {"DELETE", "/configs/{id}", swarm<&SwarmApi::missing>, forClients},
    {"POST", "/configs/{id}/update", swarm<&SwarmApi::unsupported>, forClients},

    // For `droverd client-cert`
    {"POST", "/drover/v1/client-certificate", everywhere<&ClientCertificates::handle>, forHost},

    // Between nodes
    {"GET", "/drover/v1/cluster", atPeersPort<&PeerApi::describe>, forStrangers},
    {"POST", "/drover/v1/join", atPeersPort<&PeerApi::admit>, forStrangers},
    {"POST", "/drover/v1/messages", peer<&PeerApi::takeMessages>},
    {"GET", "/drover/v1/published", peer<&PeerApi::published>},
    {"POST", "/drover/v1/node", peer<&PeerApi::updateNode>},
    {"POST", "/drover/v1/images/fetch", peer<&PeerApi::fetchImage>},
    {"POST", "/drover/v1/rebalance", peer<&PeerApi::rebalance>},
    {"POST", "/drover/v1/take-name", peer<&PeerApi::takeName>},
    {"POST", "/drover/v1/volumes/move", peer<&PeerApi::moveVolume>},
    {"POST", "/drover/v1/volumes/take", peer<&PeerApi::takeVolume>},

    // Anything else is the engine's to understand
    {"", "other", engine, forClients},
};

}  // namespace

std::span<const Route> routes() {
  return table;
}

std::vector<std::string_view> routeNames() {
  std::vector<std::string_view> names;
  for (const Route& route : table) names.push_back(route.pattern);
  return names;
}

}  // namespace proxy
