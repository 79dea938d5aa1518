#include "scheduler/decision.h"

#include "base/hash.h"
#include "docker/image_reference.h"
#include "labels/fields.h"
#include "labels/text.h"
#include "scheduler/place.h"

#include <algorithm>

namespace scheduler {
namespace {

bool hasAny(const std::vector<uint32_t>& counts) {
  return std::any_of(counts.begin(), counts.end(), [](uint32_t count) { return count > 0; });
}

std::vector<uint32_t> countsOf(const World& world, std::string_view field, std::string_view value) {
  std::vector<uint32_t> counts(world.slots());
  for (const ValueIndex::Count& each : world.find(field, value)) counts[each.node] = each.times;
  return counts;
}

std::vector<uint32_t> only(const World& world, const Container& container) {
  std::vector<uint32_t> counts(world.slots());
  counts[world.node(container.node)->slot] = 1;
  return counts;
}

bool isOfMoreThanNodes(const labels::Rule& rule) {
  return !rule.field.starts_with("node") && !rule.field.starts_with("engine.") &&
         !rule.field.starts_with(labels::field::anyLabel);
}

// As if it were there already, as far as rules can see.
Container future(const labels::Policy& policy, const std::string& name) {
  Container container;
  container.name = name;
  container.image = policy.image;
  container.labels = policy.labels;
  container.volumes = policy.volumes;
  return container;
}

bool isSpokenOf(const labels::Rule& rule, const Container& container) {
  bool spoken = false;
  eachValue(container, [&](std::string_view field, std::string_view value) {
    bool isField = rule.keyCase == labels::Case::matters
                       ? field == rule.field
                       : labels::equalIgnoringCase(field, rule.field);
    spoken = spoken || (isField && labels::speaksOf(rule, value));
  });
  return spoken;
}

}  // namespace

Decision::Decision(const labels::Policy& policy, const World& world, const Options& options)
    : policy(policy), world(world), options(options) {
  if (!policy.replaces.empty()) replaced = world.container(policy.replaces);
  // Compose of old names the one it replaces by an affinity, which others use for other ends.
  if (replaced &&
      labels::identityOf(replaced->labels).fullService() != policy.identity.fullService())
    replaced = nullptr;
  if (replaced) {
    reservedBesides = world.node(replaced->node)->reserved;
    reservedBesides -= replaced->reserved;
  }
  tieSeed = base::hashOf(options.name);
  addRules(policy.whitelist, whitelist);
  addRules(policy.constraints, constraints);
  addRules(policy.affinities, affinities);
  addDependencies();
  addSidekicks();
  addVolumes();
  addNetworks();
  addPlugins();
  countGroup();
  hasImage = countsOf(world, labels::field::image, docker::listedImageName(policy.image));
}

void Decision::addRules(const std::vector<labels::Rule>& rules, std::vector<Tally>& hard) {
  for (const labels::Rule& rule : rules) {
    Tally tally{&rule, world.count(rule)};
    if (isOfMoreThanNodes(rule)) {
      if (labels::isNegative(rule) && replaced && isSpokenOf(rule, *replaced)) {
        uint32_t& count = tally.counts[world.node(replaced->node)->slot];
        count -= std::min(count, 1u);
      }
      tally.metByItself = !labels::isNegative(rule) && !hasAny(tally.counts) && isMetByItself(rule);
    }
    (rule.soft ? preferences : hard).push_back(std::move(tally));
  }
}

// Whoever asks to be near its own kind can be the first of it.
bool Decision::isMetByItself(const labels::Rule& rule) const {
  return isSpokenOf(rule, future(policy, options.name));
}

void Decision::addDependencies() {
  for (const std::string& name : policy.containers) {
    if (const Container* found = world.container(name)) {
      dependencies.push_back({"container " + labels::shown(name), only(world, *found)});
    } else if (missing.empty()) {
      missing = name;
    }
  }
}

// Those that it names as its sidekicks, and those that name it.
void Decision::addSidekicks() {
  const labels::Identity& identity = policy.identity;
  auto add = [&](std::string_view field, const std::string& unit, const std::string& what) {
    if (unit.empty()) return;
    std::vector<uint32_t> counts = countsOf(world, field, unit);
    if (hasAny(counts)) dependencies.push_back({what, std::move(counts)});
  };
  for (const std::string& sidekick : policy.sidekicks)
    add(labels::field::unit, identity.unit(sidekick), "sidekick " + labels::shown(sidekick));
  add(labels::field::claims, identity.unit(identity.service),
      "the service that has " + labels::shown(identity.service) + " as a sidekick");
}

void Decision::addVolumes() {
  // One that is nowhere yet is made where the container goes.
  for (const std::string& volume : policy.volumes) {
    std::vector<uint32_t> counts = countsOf(world, labels::field::volumeHome, volume);
    if (hasAny(counts)) volumes.push_back({"volume " + labels::shown(volume), std::move(counts)});
  }
  for (const std::string& volume : policy.boundVolumes)
    volumes.push_back(
        {"volume " + labels::shown(volume), countsOf(world, labels::field::volume, volume)});
  if (replaced && !replaced->volumes.empty()) {
    volumes.push_back({"what is in the volumes of container " + labels::shown(replaced->name) +
                           ", which it replaces,",
                       only(world, *replaced)});
  }
}

void Decision::addNetworks() {
  if (options.networksSpan) return;
  // One that is nowhere is the engine's to refuse.
  for (const std::string& network : policy.networks) {
    std::vector<uint32_t> counts = countsOf(world, labels::field::network, network);
    if (hasAny(counts))
      networks.push_back({"network " + labels::shown(network), std::move(counts)});
  }
}

// A node of which nothing is known of this kind passes.
void Decision::addPlugins() {
  for (const labels::Plugin& plugin : policy.plugins) {
    std::string field = std::string(labels::field::plugin) + plugin.kind;
    const ValueIndex* known = world.values(field);
    if (!known) continue;
    Pin pin{"plugin " + labels::shown(plugin.name) + " of kind " + plugin.kind, {}};
    pin.counts.assign(world.slots(), 1);
    known->eachValue([&](const std::string&, std::span<const ValueIndex::Count> nodes) {
      for (const ValueIndex::Count& each : nodes) pin.counts[each.node] = 0;
    });
    // Names of managed plugins have a tag, which may be left out when it is latest.
    for (const std::string& name : {plugin.name, plugin.name + ":latest"}) {
      for (const ValueIndex::Count& each : known->find(name)) pin.counts[each.node] = 1;
    }
    plugins.push_back(std::move(pin));
  }
}

void Decision::countGroup() {
  group = labels::groupOf(policy.identity, policy.image);
  ofGroup = countsOf(world, labels::field::group, group);
  if (replaced && labels::groupOf(labels::identityOf(replaced->labels), replaced->image) == group) {
    uint32_t& count = ofGroup[world.node(replaced->node)->slot];
    count -= std::min(count, 1u);
  }
  if (!policy.spreadBy.empty()) countDomains();
}

// Nodes without the label are a domain together.
void Decision::countDomains() {
  ofDomain.assign(world.slots(), 0);
  std::vector<bool> hasLabel(world.slots());
  std::string field = std::string(labels::field::anyLabel) + policy.spreadBy;
  if (const ValueIndex* domains = world.values(field)) {
    domains->eachValue([&](const std::string&, std::span<const ValueIndex::Count> nodes) {
      uint32_t sum = 0;
      for (const ValueIndex::Count& each : nodes) sum += ofGroup[each.node];
      for (const ValueIndex::Count& each : nodes) {
        ofDomain[each.node] = sum;
        hasLabel[each.node] = true;
      }
    });
  }
  uint32_t rest = 0;
  for (Slot slot = 0; slot < hasLabel.size(); slot++) rest += hasLabel[slot] ? 0 : ofGroup[slot];
  for (Slot slot = 0; slot < hasLabel.size(); slot++) {
    if (!hasLabel[slot]) ofDomain[slot] = rest;
  }
}

uint64_t containersOn(const Decision& decision, const NodeInfo& node) {
  bool hasReplaced = decision.replaced && decision.replaced->node == node.facts.id;
  return node.containers - (hasReplaced ? 1 : 0);
}

const labels::Resources& reservedOn(const Decision& decision, const NodeInfo& node) {
  bool hasReplaced = decision.replaced && decision.replaced->node == node.facts.id;
  return hasReplaced ? decision.reservedBesides : node.reserved;
}

}  // namespace scheduler
