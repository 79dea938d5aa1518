#include "orchestrator/global_containers.h"

#include <algorithm>

#include "base/fault.h"
#include "base/json.h"
#include "base/url.h"
#include "catalog/container_record.h"
#include "catalog/container_spec.h"
#include "docker/heads.h"
#include "docker/merge_json.h"
#include "labels/decode.h"
#include "orchestrator/global_sidekicks.h"

namespace orchestrator {
namespace {

using What = GlobalStep::What;

// Changes that come together are looked at together; and whatever happens, we look now and then.
constexpr base::milliseconds soon(100);
constexpr base::milliseconds lookEvery(10'000);
// What failed is tried again after a pause that doubles.
constexpr base::milliseconds minPause(1'000);
constexpr base::milliseconds maxPause(30'000);
constexpr base::milliseconds pauseForRecords(200);
// A copy that ended while its original runs may be about to be stopped, too, or to start again; one
// without an original is mostly being removed by the call that removed that.
constexpr base::milliseconds endedFor(5'000);
constexpr base::milliseconds orphanedFor(2'000);
// No troubles, and soon over.
constexpr char notToldYet[] = "records are not up to date";
constexpr char isGoing[] = "is being removed";

std::string_view wordFor(What what) {
  switch (what) {
    case What::make:
      return "made";
    case What::start:
    case What::startAgain:
      return "started";
    case What::rename:
      return "renamed";
    case What::succeed:
      return "in the place of the original, whose node is gone";
    case What::handOver:
      return "handed over to the new original";
    default:
      return "removed";
  }
}

// Our bookkeeping on a later original is no label that a client may use.
std::optional<labels::Policy> policyIn(std::optional<docker::CreateRequest> spec) {
  if (!spec) return std::nullopt;
  catalog::makePlain(*spec);
  labels::Decoded asked = labels::decode(*spec);
  if (asked.problem) return std::nullopt;
  return std::move(asked.policy);
}

}  // namespace

GlobalContainers::GlobalContainers(Parts parts)
    : parts_(parts),
      soon_(parts.loop),
      later_(parts.loop),
      tasks_(base::tellFaults(parts.log, "global containers")) {}

void GlobalContainers::changed() {
  if (soonSet_) return;
  soonSet_ = true;
  soon_.start(soon, [this] {
    soonSet_ = false;
    look();
  });
}

void GlobalContainers::look() {
  if (!parts_.nodes.clustered()) {
    origins_.clear();
    conditions_.clear();
    waits_.clear();
    return;
  }
  nextLook_ = base::Time::max();
  lookBy(lookEvery);
  std::vector<GlobalGroup> all = groups();
  std::set<std::string> known;
  for (const GlobalGroup& each : all) known.insert(each.id);
  auto isOver = [&](const auto& each) { return !known.contains(each.first); };
  std::erase_if(origins_, isOver);
  std::erase_if(conditions_, isOver);
  std::erase_if(waits_, isOver);
  if (all.empty()) return;
  std::vector<GlobalNode> nodes;
  for (const cluster::Node& each : parts_.nodes.nodes())
    nodes.push_back({std::string(each.id.text()), each.name, each.up});
  std::vector<GlobalStep> steps;
  for (const GlobalGroup& each : all)
    steps.push_back(stepFor(each, findGroup(all, each.beside()), nodes));
  for (size_t i = 0; i < all.size(); i++) begin(steps[i], all[i], all, steps);
}

std::vector<GlobalGroup> GlobalContainers::groups() const {
  std::vector<GlobalMember> members = globalMembers(parts_.index, parts_.nodes.clusterId());
  addSidekicks(members, parts_.index);
  return globalGroups(std::move(members));
}

GlobalStep GlobalContainers::stepFor(const GlobalGroup& group, const GlobalGroup* primary,
                                     std::span<const GlobalNode> nodes) {
  std::optional<GlobalOrigin> seen;
  if (group.original) {
    bool isLed = primary && primary->original;
    origins_[group.id] = {group.original->id, group.original->node,
                          isLed ? primary->original->id : group.original->mark.beside};
  }
  if (auto origin = origins_.find(group.id); origin != origins_.end()) seen = origin->second;
  return nextStep(group, fitOf(group, primary), nodes, parts_.nodes.self().text(), seen, primary);
}

// A sidekick is where its primary is to be.
GlobalFit GlobalContainers::fitOf(const GlobalGroup& group, const GlobalGroup* primary) {
  GlobalFit fit;
  if (!group.original || group.original->node == parts_.nodes.self().text()) return fit;
  std::optional<docker::CreateRequest> spec = specOf(*group.original);
  std::optional<labels::Policy> policy = policyIn(spec);
  bool isSidekick = !group.beside().empty();
  bool restarts = spec && catalog::restartsAlways(*spec);
  bool once = policy && (policy->startOnce || (isSidekick && !restarts));
  if (isSidekick) {
    bool isLed = primary && primary->original;
    std::optional<labels::Policy> leading;
    if (isLed) leading = policyIn(specOf(*primary->original));
    if (policy) policy = std::move(leading);
  }
  if (!policy) return fit;
  scheduler::Scheduler::GlobalFit here = parts_.scheduler.globalFit(*policy);
  return {here.takes, here.keeps, restarts, once};
}

void GlobalContainers::begin(const GlobalStep& step, const GlobalGroup& group,
                             std::span<const GlobalGroup> groups,
                             std::span<const GlobalStep> steps) {
  if (step.what == What::nothing) {
    conditions_.erase(group.id);
    waits_.erase(group.id);
    return;
  }
  if (busy_.contains(group.id) || !isTime(step, group.id)) return;
  auto trouble = conditions_.find(group.id);
  base::Time now = parts_.loop.now();
  if (trouble != conditions_.end() && now < trouble->second.until) {
    lookBy(trouble->second.until - now);
    return;
  }
  if (mustWait(step, group, groups, steps)) return;
  busy_.insert(group.id);
  tasks_.spawn(take(step, group));
}

// For another group, whose change is told by a record.
bool GlobalContainers::mustWait(const GlobalStep& step, const GlobalGroup& group,
                                std::span<const GlobalGroup> groups,
                                std::span<const GlobalStep> steps) {
  const GlobalMember* described = group.original ? &*group.original : &step.about;
  switch (step.what) {
    case What::make:
    case What::start:
    case What::startAgain:
    case What::succeed:
      break;
    case What::handOver:
      // A copy that is used goes when what uses it has been made anew.
      for (const GlobalStep& other : steps) {
        if (other.what != What::succeed) continue;
        std::vector<std::string> used = usedBy(other.about);
        bool uses = std::find(used.begin(), used.end(), step.about.id) != used.end();
        if (uses) return true;
      }
      break;
    default:
      return false;
  }
  std::vector<std::string> used = usedBy(*described);
  return isBlocked(step, used, groups, steps, parts_.index, parts_.nodes.self().text());
}

// Nothing as long as it has not come.
std::optional<docker::CreateRequest> GlobalContainers::specOf(const GlobalMember& member) {
  std::optional<cluster::NodeId> owner = cluster::NodeId::parse(member.node);
  const cluster::Record* record =
      owner ? parts_.records.find(*owner, std::string(catalog::specRecords) + member.id) : nullptr;
  if (!record) return std::nullopt;
  docker::CreateRequest spec(record->value);
  if (!spec.isObject()) return std::nullopt;
  spec.dropPublishAddresses(parts_.scheduler.publishAddresses(member.node));
  return spec;
}

std::vector<std::string> GlobalContainers::usedBy(const GlobalMember& member) {
  std::optional<labels::Policy> policy = policyIn(specOf(member));
  return policy ? std::move(policy->containers) : std::vector<std::string>();
}

// What others are perhaps about to do is done only if they do not.
bool GlobalContainers::isTime(const GlobalStep& step, const std::string& group) {
  base::milliseconds after(0);
  if (step.what == What::startAgain) after = endedFor;
  if (step.what == What::removeOrphan) after = orphanedFor;
  Wait& wait = waits_[group];
  if (wait.what != step.what) wait = {step.what, parts_.loop.now()};
  if (parts_.loop.now() >= wait.since + after) return true;
  changed();
  return false;
}

// One step, beside those for other groups; then another look.
base::Task<> GlobalContainers::take(GlobalStep step, GlobalGroup group) {
  co_await parts_.loop.nextTurn();
  base::Status done;
  std::string id = group.id;
  What what = step.what;
  std::string name = step.name.empty() ? step.about.name : step.name;
  try {
    done = co_await perform(std::move(step), std::move(group));
  } catch (const std::exception& failed) {
    done = base::Status::failed(failed.what());
  }
  busy_.erase(id);
  if (done.ok()) {
    conditions_.erase(id);
    parts_.log.info("global container",
                    {{"container", name}, {"group", id}, {"what", wordFor(what)}});
    changed();
    co_return;
  }
  const std::string& why = done.why();
  Trouble& trouble = conditions_[id];
  bool isNew = trouble.why != why;
  base::milliseconds least = why == notToldYet ? pauseForRecords : minPause;
  trouble.pause = isNew ? least : std::min(trouble.pause * 2, maxPause);
  trouble.until = parts_.loop.now() + trouble.pause;
  trouble.why = why;
  if (isNew && why != notToldYet && why != isGoing)
    parts_.log.warn("global container: cannot update this node, retrying",
                    {{"container", name}, {"group", id}, {"reason", why}});
  lookBy(trouble.pause);
}

// At the latest.
void GlobalContainers::lookBy(base::milliseconds delay) {
  base::Time at = parts_.loop.now() + delay;
  if (at >= nextLook_) return;
  nextLook_ = at;
  later_.start(delay, [this] { look(); });
}

base::Task<base::Status> GlobalContainers::perform(GlobalStep step, GlobalGroup group) {
  base::Status done;
  switch (step.what) {
    case What::nothing:
      break;
    case What::make:
      done = co_await make(std::move(step), std::move(*group.original));
      break;
    case What::start:
      done = co_await startFirst(step.about.id);
      break;
    case What::startAgain:
      done = co_await start(step.about.id);
      break;
    case What::rename:
      done = co_await parts_.renames.renameLocal(step.about.id, step.name, std::string());
      break;
    case What::remove:
      done = co_await remove(std::move(step.about));
      break;
    case What::removeOrphan:
      done = co_await removeOrphan(std::move(step));
      break;
    case What::succeed:
      done = co_await succeed(std::move(step.about), std::move(step.name));
      break;
    case What::handOver:
      done = co_await handOver(std::move(step.about), std::move(*group.original));
      break;
  }
  co_return done;
}

base::Task<base::Status> GlobalContainers::make(GlobalStep step, GlobalMember original) {
  catalog::GlobalMark mark = original.mark;
  mark.group = original.group();
  mark.cluster = parts_.nodes.clusterId();
  mark.home = original.node;
  mark.suffix = step.name.substr(original.name.size());
  // Our own records may lag behind our engine, as after a restart.
  std::optional<bool> here = co_await isHere(mark.group, true);
  if (!here) co_return base::Status::failed("the engine did not list its containers");
  if (*here) co_return base::Status::failed(notToldYet);
  bool gone = co_await isGone(original);
  if (gone) co_return base::Status::failed(notToldYet);
  std::optional<docker::CreateRequest> spec = specOf(original);
  if (!spec || !useOwn(*spec)) co_return base::Status::failed(notToldYet);
  std::optional<labels::Policy> policy = policyIn(*spec);
  if (!policy || !spec->hasHostConfig())
    co_return base::Status::failed("its spec cannot be understood");
  catalog::makeCopy(*spec, mark);
  std::string name = std::move(step.name);
  // Each has volumes and sidekicks of its own of these names.
  policy->volumes.clear();
  policy->sidekicks.clear();
  if (!mark.beside.empty()) policy->identity = {};
  base::Status created = co_await create(std::move(*policy), std::move(*spec), std::move(name));
  co_return created;
}

// What this node has of the groups whose containers it uses. False if it lacks one.
bool GlobalContainers::useOwn(docker::CreateRequest& spec) {
  std::optional<labels::Policy> policy = policyIn(spec);
  if (!policy || policy->containers.empty()) return true;
  std::vector<GlobalGroup> all = groups();
  std::optional<std::map<std::string, std::string>> own =
      ownMembers(policy->containers, all, parts_.index, parts_.nodes.self().text());
  if (own) spec.replaceContainers(*own);
  return own.has_value();
}

// Whether our engine has a copy of the group, or a later original. Nothing if it does not tell.
base::Task<std::optional<bool>> GlobalContainers::isHere(std::string group, bool isCopy) {
  base::JsonWriter filters;
  filters.object().list("label").value("io.drover.global.of=" + group).endList().endObject();
  std::string target = "/containers/json?all=1&filters=" + base::encodeQueryValue(filters.text());
  cluster::Node here = catalog::NodeClient::here();
  catalog::NodeReply reply = co_await parts_.nodeClient.get(std::move(here), std::move(target));
  std::optional<std::vector<std::string_view>> entries = docker::jsonElements(reply.body);
  if (reply.status != 200 || !entries) co_return std::nullopt;
  bool found = false;
  std::string cluster = parts_.nodes.clustered() ? parts_.nodes.clusterId() : std::string();
  for (std::string_view each : *entries) {
    std::string id(base::text(base::parseJson(each), "Id"));
    std::optional<catalog::ContainerFacts> facts = catalog::containerFacts(id, each);
    if (!facts || facts->names.empty()) continue;
    std::optional<catalog::GlobalMark> mark =
        catalog::globalMark(facts->labels, facts->names.front());
    bool isOne = mark && mark->isCopy() == isCopy && (!isCopy || mark->cluster == cluster);
    if (isOne) found = true;
  }
  co_return std::optional<bool>(found);
}

// Whether its node says so: it may have been removed a moment ago, together with our copy.
base::Task<bool> GlobalContainers::isGone(GlobalMember original) {
  catalog::NodeReply reply = co_await inspect(std::move(original.node), std::move(original.id));
  co_return reply.status == 404;
}

// By the engine of its node, of which nothing comes if there is no such node.
base::Task<catalog::NodeReply> GlobalContainers::inspect(std::string node, std::string container) {
  std::optional<cluster::NodeId> id = cluster::NodeId::parse(node);
  std::optional<cluster::Node> home = id ? parts_.locator.node(*id) : std::nullopt;
  catalog::NodeReply reply;
  if (home) {
    reply = co_await parts_.nodeClient.inspect(std::move(*home), std::move(container));
  } else {
    reply.fault = "the node of its original is gone";
  }
  co_return reply;
}

base::Task<base::Status> GlobalContainers::removeOrphan(GlobalStep step) {
  catalog::NodeReply reply = co_await inspect(step.home, step.original);
  bool isKnown = parts_.index.find(step.original).entry != nullptr;
  if (reply.status == 200 && isKnown && !step.primary.empty())
    reply = co_await inspect(step.home, step.primary);
  if (reply.status == 404) {
    base::Status removed = co_await remove(std::move(step.about));
    co_return removed;
  }
  if (reply.status != 200) co_return base::Status::failed(reply.why());
  co_return base::Status::failed(notToldYet);
}

base::Task<base::Status> GlobalContainers::succeed(GlobalMember copy, std::string name) {
  std::optional<bool> here = co_await isHere(copy.mark.group, false);
  if (!here) co_return base::Status::failed("the engine did not list its containers");
  if (*here) co_return base::Status::failed(notToldYet);
  const cluster::Record* record =
      parts_.records.find(parts_.nodes.self(), std::string(catalog::specRecords) + copy.id);
  if (!record) co_return base::Status::failed("its spec is not known");
  docker::CreateRequest spec(record->value);
  bool isWhole = spec.isObject() && useOwn(spec);
  catalog::makeOriginal(spec, copy.mark);
  std::optional<labels::Policy> policy;
  if (isWhole) policy = policyIn(spec);
  if (!policy) co_return base::Status::failed("its spec is not known");
  policy->replaces = copy.id;
  base::Status created = co_await create(std::move(*policy), std::move(spec), std::move(name));
  co_return created;
}

base::Task<base::Status> GlobalContainers::create(labels::Policy policy,
                                                  docker::CreateRequest request, std::string name) {
  std::optional<cluster::Node> self = parts_.locator.node(parts_.nodes.self());
  if (!self) co_return base::Status::failed("this node is in no cluster");
  base::Result<std::string> made = co_await parts_.creation.createInternal(
      std::move(policy), std::move(request), std::move(name), std::move(*self));
  co_return made.status();
}

// Both may want the same ports, so one goes before the other comes.
base::Task<base::Status> GlobalContainers::handOver(GlobalMember copy, GlobalMember original) {
  std::optional<docker::CreateRequest> spec = specOf(original);
  bool restarts = spec && catalog::restartsAlways(*spec);
  if (copy.running) {
    base::Status swapped = co_await stop(copy.id);
    if (swapped.ok()) swapped = co_await start(original.id);
    if (!swapped.ok()) {
      // If it does not run either, the next look finds that out.
      [[maybe_unused]] base::Status again = co_await start(copy.id);
      co_return swapped;
    }
  } else if (copy.started && !copy.mark.beside.empty() && !restarts) {
    // What it was there for is missing where that is not in a volume with a name.
    base::Status started = co_await start(original.id);
    if (!started.ok()) co_return started;
  }
  base::Status removed = co_await remove(std::move(copy));
  co_return removed;
}

// What ends at once runs only once, though our records lag behind our engine.
base::Task<base::Status> GlobalContainers::startFirst(std::string id) {
  cluster::Node here = catalog::NodeClient::here();
  catalog::NodeReply reply = co_await parts_.nodeClient.inspect(std::move(here), id);
  if (reply.status == 0) co_return base::Status::failed(reply.why());
  rapidjson::Document container = base::parseJson(reply.body);
  const rapidjson::Value* state = base::member(container, "State");
  bool wasStarted = state && base::text(*state, "Status") != "created";
  if (reply.status == 200 && wasStarted) co_return base::Status::failed(notToldYet);
  base::Status started = co_await start(std::move(id));
  co_return started;
}

base::Task<base::Status> GlobalContainers::start(std::string id) {
  cluster::Node here = catalog::NodeClient::here();
  catalog::NodeReply reply = co_await parts_.nodeClient.start(std::move(here), std::move(id));
  co_return reply.outcome();
}

base::Task<base::Status> GlobalContainers::stop(std::string id) {
  cluster::Node here = catalog::NodeClient::here();
  catalog::NodeReply reply = co_await parts_.nodeClient.stop(std::move(here), std::move(id));
  co_return reply.outcome();
}

// Without its volumes: nobody asked for that.
base::Task<base::Status> GlobalContainers::remove(GlobalMember member) {
  cluster::Node here = catalog::NodeClient::here();
  catalog::NodeReply reply = co_await parts_.nodeClient.remove(std::move(here), member.id);
  if (reply.status == 409) co_return base::Status::failed(isGoing);
  if (!reply.done) co_return reply.outcome();
  parts_.names.removed(parts_.nodes.self(), member.id, {member.name});
  co_return base::Status();
}

}  // namespace orchestrator
