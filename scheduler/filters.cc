#include "scheduler/filters.h"

#include "labels/text.h"
#include "scheduler/amounts.h"
#include "scheduler/place.h"
#include "scheduler/platform.h"

#include <algorithm>

namespace scheduler {
namespace {

bool no(std::string* why, std::string_view reason) {
  if (why) *why = reason;
  return false;
}

bool isAvailable(const Decision&, const NodeInfo& node, std::string* why) {
  Availability availability = node.facts.availability;
  if (availability == Availability::active) return true;
  return why &&
         no(why, std::string(availability == Availability::drain ? "is drained" : "is paused") +
                     "; docker node update --availability active " + node.facts.name);
}

bool isHealthy(const Decision&, const NodeInfo& node, std::string* why) {
  return node.facts.trouble.empty() || no(why, node.facts.trouble);
}

bool isNodeAskedFor(const Decision& decision, const NodeInfo& node, std::string* why) {
  const std::string& asked = decision.policy.node;
  if (asked.empty() || asked == node.facts.name || asked == node.facts.id) return true;
  return why && no(why, "io.drover.node asks for " + labels::shown(asked));
}

bool isWhitelisted(const Decision& decision, const NodeInfo& node, std::string* why) {
  for (const Tally& tally : decision.whitelist) {
    if (!tally.holds(node.slot))
      return why && no(why, "the whitelist is " + labels::describe(*tally.rule));
  }
  return true;
}

// What the node has in the field of a rule, for a message.
std::string valuesIn(const NodeInfo& node, const labels::Rule& rule) {
  std::string text;
  eachValue(node, [&](std::string_view field, std::string_view value) {
    bool isField = rule.keyCase == labels::Case::matters
                       ? field == rule.field
                       : labels::equalIgnoringCase(field, rule.field);
    if (isField) text += (text.empty() ? "it is " : ", ") + labels::shown(value);
  });
  return text.empty() ? "it is not set" : text;
}

bool meetsConstraints(const Decision& decision, const NodeInfo& node, std::string* why) {
  for (const Tally& tally : decision.constraints) {
    if (tally.holds(node.slot)) continue;
    return why && no(why, labels::describe(*tally.rule) +
                              " does not hold: " + valuesIn(node, *tally.rule));
  }
  return true;
}

bool isLabelledFor(const Decision& decision, const NodeInfo& node, std::string* why) {
  const std::vector<std::string>& wanted = node.rules.requireAny;
  if (wanted.empty()) return true;
  for (const std::string& each : wanted) {
    size_t equals = each.find('=');
    auto found = decision.policy.labels.find(std::string_view(each).substr(0, equals));
    if (found == decision.policy.labels.end()) continue;
    if (equals == each.npos || found->second == std::string_view(each).substr(equals + 1))
      return true;
  }
  return why && no(why, "takes only containers with the label " + labels::alternatives(wanted));
}

bool isOfPlatform(const Decision& decision, const NodeInfo& node) {
  const std::string& asked = decision.policy.platform;
  return asked.empty() || node.platform.empty() || runs(node.platform, asked);
}

bool runsPlatform(const Decision& decision, const NodeInfo& node, std::string* why) {
  if (node.platform.empty()) return true;
  const std::string& asked = decision.policy.platform;
  if (!asked.empty()) {
    if (decision.options.leaveToEngine || isOfPlatform(decision, node)) return true;
    return why && no(why, "is " + node.platform + "; --platform asks for " + asked);
  }
  const std::vector<std::string>& offered = decision.options.imagePlatforms;
  bool canRun = offered.empty() || decision.hasImage[node.slot] > 0 ||
                std::any_of(offered.begin(), offered.end(),
                            [&](const std::string& each) { return runs(node.platform, each); });
  if (canRun) return true;
  return why &&
         no(why, "is " + node.platform + "; the image is for " + labels::alternatives(offered));
}

bool isAtAll(const std::vector<Pin>& pins, const NodeInfo& node, std::string* why) {
  for (const Pin& pin : pins) {
    if (pin.counts[node.slot] == 0) return why && no(why, pin.what + " is not here");
  }
  return true;
}

bool hasPlugins(const Decision& decision, const NodeInfo& node, std::string* why) {
  return decision.options.leaveToEngine || isAtAll(decision.plugins, node, why);
}

bool hasDependencies(const Decision& decision, const NodeInfo& node, std::string* why) {
  if (!decision.missing.empty() && !decision.options.leaveToEngine)
    return why &&
           no(why, "there is no container " + labels::shown(decision.missing) + " in the cluster");
  return isAtAll(decision.dependencies, node, why);
}

bool hasVolumes(const Decision& decision, const NodeInfo& node, std::string* why) {
  return isAtAll(decision.volumes, node, why);
}

bool hasNetworks(const Decision& decision, const NodeInfo& node, std::string* why) {
  return isAtAll(decision.networks, node, why);
}

bool hasBinds(const Decision& decision, const NodeInfo& node, std::string* why) {
  const labels::Policy& policy = decision.policy;
  if (policy.binds.empty() || policy.global || decision.options.here.empty()) return true;
  labels::Bind bind =
      policy.bind.value_or(labels::namesNodes(policy) ? labels::Bind::any : labels::Bind::here);
  if (bind == labels::Bind::any || node.facts.id == decision.options.here) return true;
  return why && no(why, "the bind mount of " + labels::shown(policy.binds.front()) +
                            " is on the node that was asked, or on the one where it was before; "
                            "set io.drover.bind=any if all nodes have it");
}

bool meetsAffinities(const Decision& decision, const NodeInfo& node, std::string* why) {
  if (decision.policy.global) return true;  // its nodes are chosen by themselves alone
  for (const Tally& tally : decision.affinities) {
    if (tally.holds(node.slot)) continue;
    return why && no(why, labels::describe(*tally.rule) + " does not hold: " +
                              std::to_string(tally.counts[node.slot]) + " here");
  }
  return true;
}

bool isBelowMaxPerNode(const Decision& decision, const NodeInfo& node, std::string* why) {
  uint64_t most = decision.policy.maxPerNode, here = decision.ofGroup[node.slot];
  if (most == 0 || here < most) return true;
  return why && no(why, "has " + std::to_string(here) + " of " + decision.group +
                            "; io.drover.max-per-node is " + std::to_string(most));
}

bool hasSlots(const Decision& decision, const NodeInfo& node, std::string* why) {
  if (!node.rules.slots) return true;
  uint64_t here = containersOn(decision, node);
  if (here < *node.rules.slots) return true;
  return why && no(why, "has " + std::to_string(here) + " containers and " +
                            std::to_string(*node.rules.slots) + " slots");
}

// The node's ports, without those of the one that is replaced.
labels::TakenPorts portsWithout(const NodeInfo& node, const Container* replaced) {
  labels::TakenPorts ports;
  for (size_t i = 0; i < node.ports.size(); i++) {
    if (node.portHolders[i] != replaced) ports.append(node.ports[i]);
  }
  return ports;
}

const labels::PortRequest* unmetOn(const Decision& decision, const NodeInfo& node,
                                   std::string_view ip) {
  const Container* replaced = decision.replaced;
  if (!replaced || replaced->ports.empty() || replaced->node != node.facts.id)
    return labels::unmetPort(decision.policy.ports, node.ports, ip);
  return labels::unmetPort(decision.policy.ports, portsWithout(node, replaced), ip);
}

// The port that cannot be had, and why.
std::string unmetText(const Decision& decision, const NodeInfo& node,
                      const labels::PortRequest& wish) {
  for (size_t i = 0; i < node.ports.size(); i++) {
    const labels::PortUse& use = node.ports[i];
    if (use.port >= wish.first && use.port <= wish.last && use.protocol == wish.protocol &&
        labels::overlap(use.ip, wish.ip) && node.portHolders[i] != decision.replaced)
      return labels::describe(
                 wish.all ? labels::PortRequest{use.port, use.port, use.protocol, wish.ip} : wish) +
             " is taken by container " + labels::shown(node.portHolders[i]->name);
  }
  return labels::describe(wish) + " is requested twice";
}

bool hasPorts(const Decision& decision, const NodeInfo& node, std::string* why) {
  if (decision.policy.ports.empty() || publishAddress(decision, node)) return true;
  if (!why) return false;
  const labels::PortRequest* unmet =
      unmetOn(decision, node, node.rules.ips.empty() ? "" : node.rules.ips[0]);
  return no(why, "port " + unmetText(decision, node, *unmet));
}

bool wantsMoreCpus(const Decision& decision, const NodeInfo& node) {
  return node.has.nanoCpus > 0 && decision.policy.nanoCpus > node.has.nanoCpus;
}

bool hasRoom(const Decision& decision, const NodeInfo& node, std::string* why) {
  const labels::Resources& wanted = decision.policy.reserve;
  if (wanted == labels::Resources{}) return true;
  if (decision.options.leaveToEngine && wantsMoreCpus(decision, node)) return true;
  double overcommit = node.rules.overcommit.value_or(decision.options.overcommit);
  std::optional<Shortage> shortage =
      shortageOf(wanted, reservedOn(decision, node), node.has, overcommit);
  return !shortage || (why && no(why, shortage->message()));
}

constexpr Filter list[] = {
    {"availability", isAvailable, true, true},
    {"health", isHealthy, true, true},
    {"node", isNodeAskedFor, true},
    {"whitelist", isWhitelisted, true},
    {"constraint", meetsConstraints, true},
    {"require-any", isLabelledFor, true},
    {"platform", runsPlatform, true},
    {"plugin", hasPlugins, true},
    {"dependency", hasDependencies},
    {"volume", hasVolumes},
    {"network", hasNetworks},
    {"bind", hasBinds},
    {"affinity", meetsAffinities},
    {"max-per-node", isBelowMaxPerNode},
    {"slots", hasSlots},
    {"port", hasPorts},
    {"reservation", hasRoom},
};

}  // namespace

std::span<const Filter> filters() {
  return list;
}

bool isRefusedByEngine(const Decision& decision, const NodeInfo& node) {
  return !decision.missing.empty() || !isOfPlatform(decision, node) ||
         !isAtAll(decision.plugins, node, nullptr) || wantsMoreCpus(decision, node);
}

bool isInService(const NodeInfo& node) {
  return node.facts.availability == Availability::active && node.facts.trouble.empty();
}

std::optional<std::string> publishAddress(const Decision& decision, const NodeInfo& node) {
  if (node.rules.ips.empty()) {
    if (unmetOn(decision, node, "")) return std::nullopt;
    return "";
  }
  for (const std::string& ip : node.rules.ips) {
    if (!unmetOn(decision, node, ip)) return ip;
  }
  return std::nullopt;
}

}  // namespace scheduler
