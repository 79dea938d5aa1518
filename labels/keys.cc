#include "labels/keys.h"

#include "base/spelling.h"
#include "labels/drover_labels.h"
#include "labels/node_labels.h"
#include "labels/rancher_labels.h"
#include "labels/swarm_labels.h"
#include "labels/text.h"

namespace labels {
namespace {

using enum Dialect;
using enum Where;
using Op = Rule::Op;

constexpr std::string_view expression = "terms, separated by commas";
constexpr std::string_view yesNo = "`true`, `false`";
constexpr std::string_view pairs = "`key=value`, several with commas";
constexpr std::string_view containers = "names or ids, separated by commas";
constexpr std::string_view selector = "`k=v`, `k!=v`, `k`, `k in (a, b)`, `k notin (a, b)`, commas";
constexpr std::string_view swarmOne = "`key==value`, `key!=value`";
constexpr std::string_view swarmList = "JSON list of strings";
constexpr std::string_view rescheduling = "`off`, `on-node-failure`";

constexpr Key table[] = {
    {drover, containerLabel, "io.drover.constraint", expression,
     "What the node must be: terms on the fields of nodes.", drover::readConstraint},
    {drover, containerLabel, "io.drover.constraint.soft", expression,
     "The same as a preference: nodes that meet most preferences come first.",
     drover::readSoftConstraint},
    {drover, containerLabel, "io.drover.affinity", expression,
     "What the node must have or, with `!=`, `notin` or `absent`, must not have.",
     drover::readAffinity},
    {drover, containerLabel, "io.drover.affinity.soft", expression, "The same as a preference.",
     drover::readSoftAffinity},
    {drover, containerLabel, "io.drover.node", "name or id", "The node it runs on.",
     drover::readNode},
    {drover, containerLabel, "io.drover.whitelist", "names or ids, separated by commas",
     "The nodes it may run on.", drover::readWhitelist},
    {drover, containerLabel, "io.drover.strategy", "`spread`, `binpack`, `random`",
     "Which of the possible nodes to use: the emptiest, the fullest, or any.",
     drover::readStrategy},
    {drover, containerLabel, "io.drover.spread-by", "key of a node label",
     "Nodes with the same value fail together: the containers of a service are spread over the "
     "values first, then over nodes.",
     drover::readSpreadBy},
    {drover, containerLabel, "io.drover.max-per-node", "number, 1 or more",
     "How many containers of its service (of its image, if it is of no service) a node may have.",
     drover::readMaxPerNode},
    {drover, containerLabel, "io.drover.reserve", "`cpus=0.5, memory=512m, pids=100, gpu=1`",
     "What to reserve for it instead of its limits (`--cpus`, `--memory-reservation` or "
     "`--memory`, `--pids-limit`, `--gpus`). Other names are resources that nodes declare with "
     "io.drover.resource.",
     drover::readReserve},
    {drover, containerLabel, "io.drover.bind", "`here`, `any`",
     "Where directories of the host that it mounts are: on the node that is asked (the default, "
     "unless the request names nodes, or asks for a label of theirs as Rancher and classic Swarm "
     "do), or on every node.",
     drover::readBind},
    {drover, containerLabel, "io.drover.sidekicks", "services, separated by commas",
     "Services of its project whose containers of the same number run on its node.",
     drover::readSidekicks},
    {drover, containerLabel, "io.drover.global", yesNo,
     "Runs one on each eligible node, including nodes that join later.", drover::readGlobal},
    {drover, containerLabel, "io.drover.reschedule", rescheduling,
     "Whether it is created again on another node when its node fails.", drover::readReschedule},
    {drover, containerLabel, "io.drover.rebalance", yesNo,
     "Whether it may be moved when nodes are loaded unevenly; never with local volumes.",
     drover::readRebalance},
    {drover, containerLabel, "io.drover.explain", yesNo,
     "Whether `Warnings` in the answer name the chosen node and the reason.", drover::readExplain},

    {rancher, containerLabel, "io.rancher.scheduler.affinity:host_label", pairs,
     "The host must have all of these labels.", rancher::readHostLabels<Op::is, false>},
    {rancher, containerLabel, "io.rancher.scheduler.affinity:host_label_ne", pairs,
     "The host must have none of these labels.", rancher::readHostLabels<Op::isNot, false>},
    {rancher, containerLabel, "io.rancher.scheduler.affinity:host_label_soft", pairs,
     "The host should have these labels.", rancher::readHostLabels<Op::is, true>},
    {rancher, containerLabel, "io.rancher.scheduler.affinity:host_label_soft_ne", pairs,
     "The host should have none of these labels.", rancher::readHostLabels<Op::isNot, true>},
    {rancher, containerLabel, "io.rancher.scheduler.affinity:container_label", pairs,
     "Containers on the host must have all of these labels.",
     rancher::readContainerLabels<Op::is, false>},
    {rancher, containerLabel, "io.rancher.scheduler.affinity:container_label_ne", pairs,
     "No container on the host may have one of these labels.",
     rancher::readContainerLabels<Op::isNot, false>},
    {rancher, containerLabel, "io.rancher.scheduler.affinity:container_label_soft", pairs,
     "Containers on the host should have these labels.",
     rancher::readContainerLabels<Op::is, true>},
    {rancher, containerLabel, "io.rancher.scheduler.affinity:container_label_soft_ne", pairs,
     "No container on the host should have one of these labels.",
     rancher::readContainerLabels<Op::isNot, true>},
    {rancher, containerLabel, "io.rancher.scheduler.affinity:container", containers,
     "These containers must be on the host.", rancher::readContainers<Op::is, false>},
    {rancher, containerLabel, "io.rancher.scheduler.affinity:container_ne", containers,
     "None of these containers may be on the host.", rancher::readContainers<Op::isNot, false>},
    {rancher, containerLabel, "io.rancher.scheduler.affinity:container_soft", containers,
     "These containers should be on the host.", rancher::readContainers<Op::is, true>},
    {rancher, containerLabel, "io.rancher.scheduler.affinity:container_soft_ne", containers,
     "None of these containers should be on the host.", rancher::readContainers<Op::isNot, true>},
    {rancher, containerLabel, "io.rancher.scheduler.affinity:volumes", "volumes, with commas",
     "It runs where these volumes are.", rancher::readVolumes},
    {rancher, containerLabel, "io.rancher.scheduler.global", "`true`", "As io.drover.global.",
     rancher::readGlobal},
    {rancher, containerLabel, "io.rancher.sidekicks", "services, separated by commas",
     "As io.drover.sidekicks.", rancher::readSidekicks},
    {rancher, containerLabel, "io.rancher.service.selector.link", selector,
     "Services whose labels match are linked to it.", rancher::readLinkSelector},
    {rancher, containerLabel, "io.rancher.service.selector.container", selector,
     "Containers whose labels match belong to its service.", rancher::readContainerSelector},
    {rancher, containerLabel, "io.rancher.container.pull_image", "`always`",
     "The image is pulled before each create.", rancher::readPullImage},
    {rancher, containerLabel, "io.rancher.container.start_once", "`true`",
     "It is not restarted after it exits with status 0.", rancher::readStartOnce},
    {rancher, containerLabel, "io.rancher.container.hostname_override", "`container_name`",
     "Its host name is its container name.", rancher::readHostname},
    {rancher, containerLabel, "io.rancher.container.requested_ip", "addresses, with commas",
     "The first of these addresses that is free.", rancher::readRequestedIp},
    {rancher, containerLabel, "io.rancher.container.dns", "`true`, `false`",
     "Whether it resolves names of the cluster, also on the host's network.", rancher::readDns},
    {rancher, containerLabel, "io.rancher.container.dns.priority", "`service_last`, `none`",
     "Where the cluster's search domains go: after the host's, or nowhere.",
     rancher::readDnsPriority},
    {rancher, containerLabel, "io.rancher.container.volume_cleanup_strategy",
     "`none`, `unnamed`, `all`",
     "Which of its volumes are removed with it, if no other container mounts them.",
     rancher::readVolumeCleanup},

    {swarm, containerLabel, "com.docker.swarm.constraints", swarmList,
     "Constraints, as `[\"region==eu\"]`.", swarm::readConstraints},
    {swarm, containerLabel, "com.docker.swarm.affinities", swarmList,
     "Affinities, as `[\"container!=web*\"]`.", swarm::readAffinities},
    {swarm, containerLabel, "com.docker.swarm.reschedule-policies", swarmList,
     "As io.drover.reschedule, as `[\"on-node-failure\"]`.", swarm::readReschedules},
    {swarm, containerLabel, "com.docker.swarm.whitelists", swarmList,
     "Nodes it may run on, as `[\"node==db-1|db-2\"]`.", swarm::readWhitelists},
    {swarm, environment, "constraint:", swarmOne,
     "A constraint. Keys: `node`, `storagedriver`, `kernelversion`, `operatingsystem`, `ostype`, "
     "or a label of the node or its engine. `~` before the value makes it a preference; `/re/` and "
     "`*` are understood.",
     swarm::readConstraint},
    {swarm, environment, "affinity:", swarmOne,
     "An affinity. Keys: `container`, `image`, or a label of containers (also as Rancher's "
     "`container_label:key`).",
     swarm::readAffinity},
    {swarm, environment, "reschedule:", rescheduling, "As io.drover.reschedule.",
     swarm::readReschedule},
    {swarm, environment, "whitelist:", "`node==a\\|b`", "Nodes it may run on.",
     swarm::readWhitelist},

    {drover, nodeLabel, "io.drover.zone", "text", "The node's failure domain, `node.zone`.",
     nullptr, node::readZone},
    {drover, nodeLabel, "io.drover.slots", "number", "How many containers the node may have.",
     nullptr, node::readSlots},
    {drover, nodeLabel, "io.drover.overcommit", "number, as `0.2`",
     "The share by which more CPU, memory and pids may be reserved than the node has; negative to "
     "keep some back.",
     nullptr, node::readOvercommit},
    {drover, nodeLabel, "io.drover.resource.", "number",
     "How many of this resource the node has: `io.drover.resource.gpu=4`.", nullptr,
     node::readResource},
    {drover, nodeLabel, "io.drover.require-any", "`key` or `key=value`, with commas",
     "Only containers with at least one of these labels may run here.", nullptr,
     node::readRequireAny},
    {drover, nodeLabel, "io.drover.publish-ips", "addresses, with commas",
     "Ports are published on one of these, all ports of a container on the same.", nullptr,
     node::readIps},
    {rancher, nodeLabel, "io.rancher.host.zone", "text", "As io.drover.zone.", nullptr,
     node::readZone},
    {rancher, nodeLabel, "io.rancher.scheduler.require_any", "`key` or `key=value`, with commas",
     "As io.drover.require-any.", nullptr, node::readRequireAny},
    {rancher, nodeLabel, "io.rancher.scheduler.ips", "addresses, with commas",
     "As io.drover.publish-ips.", nullptr, node::readIps},
    {swarm, nodeLabel, "zone", "text", "As io.drover.zone.", nullptr, node::readZone},
    {swarm, nodeLabel, "containerslots", "number",
     "As io.drover.slots; a label of the engine. A value that is not a number has no effect.",
     nullptr, node::readSlots},
};

}  // namespace

std::span<const Key> keys() {
  return table;
}

const Key* findKey(std::string_view name, Where where) {
  for (const Key& key : table) {
    if (key.where != where) continue;
    bool hasMore = key.name.ends_with(':') || key.name.ends_with('.');
    if (key.name == name || (hasMore && name.starts_with(key.name))) return &key;
    if (key.dialect == Dialect::rancher && equalIgnoringCase(key.name, name)) return &key;
  }
  return nullptr;
}

std::vector<std::string> keyNames() {
  std::vector<std::string> names;
  for (const Key& key : table) {
    if (key.where != Where::nodeLabel) names.emplace_back(key.name);
  }
  return names;
}

std::string nearestKey(std::string_view name, std::string_view prefix, Where where) {
  std::vector<std::string> known;
  for (const Key& key : table) {
    if (key.where == where && key.name.starts_with(prefix)) known.emplace_back(key.name);
  }
  return base::nearest(name, known);
}

std::string keyLine() {
  std::string line;
  std::string_view open;  // the prefix whose braces are not closed yet
  for (const std::string& name : keyNames()) {
    std::string_view prefix;
    for (std::string_view each :
         {"io.drover.", "io.rancher.scheduler.affinity:", "io.rancher.", "com.docker.swarm."}) {
      if (prefix.empty() && name.starts_with(each)) prefix = each;
    }
    bool goesOn = !prefix.empty() && prefix == open;
    if (!goesOn && !open.empty()) line += "}";
    if (!line.empty()) line += goesOn ? ", " : " ";
    if (!goesOn && !prefix.empty()) line.append(prefix).append("{");
    line.append(name, prefix.size());
    open = prefix;
  }
  return open.empty() ? line : line + "}";
}

}  // namespace labels
