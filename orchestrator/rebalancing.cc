#include "orchestrator/rebalancing.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/fault.h"
#include "base/json.h"
#include "catalog/container_spec.h"
#include "labels/decode.h"
#include "orchestrator/moving_name.h"

namespace orchestrator {
namespace {

constexpr base::milliseconds passedOnTimeout(24 * 3600 * 1000);
// Of one call, and of one look of our own.
constexpr size_t maxMoves = 100;
constexpr size_t maxAttempts = 1000;
// Containers that are looked at for one move: enough to find a good one on the fullest nodes, and
// few enough for others not to wait.
constexpr size_t maxCandidates = 300;
// What could not be moved is not tried again by itself for so long.
constexpr base::milliseconds failedFor(10 * 60 * 1000);
constexpr base::milliseconds recordWait(5'000);

// As far as its record tells: whether it could be made again elsewhere at all.
bool isMovable(const catalog::ContainerFacts& facts) {
  const std::string* once = catalog::findLabel(facts.labels, "com.docker.compose.oneoff");
  return facts.state == "running" && facts.volumes.empty() && facts.binds.empty() &&
         facts.names.size() == 1 && !parseMovingName(facts.names.front()) &&
         !(once && *once == "True");
}

// Somebody is at its terminal, or it goes as soon as it ends: moving would break that.
bool isInteractive(const docker::CreateRequest& spec) {
  return spec.opensStdin() || spec.removesItself();
}

}  // namespace

Rebalancing::Rebalancing(Parts parts, base::milliseconds every)
    : parts_(parts),
      every_(every),
      later_(parts.loop),
      tasks_(base::tellFaults(parts.log, "rebalancing")) {
  lookLater();
}

void Rebalancing::lookLater() {
  if (every_.count() == 0) return;
  later_.start(every_, [this] {
    tasks_.spawn(look());
    lookLater();
  });
}

std::optional<cluster::Node> Rebalancing::driver() const {
  for (cluster::Node& each : parts_.nodes.nodes()) {
    if (each.up) return std::move(each);
  }
  return std::nullopt;
}

// Who comes to drive waits for one turn: the one before may still be at it.
base::Task<> Rebalancing::look() {
  std::optional<cluster::Node> drives;
  if (parts_.nodes.clustered()) drives = driver();
  bool drove = std::exchange(drives_, drives && drives->self);
  if (!drove || !drives_ || busy_) co_return;
  co_await parts_.loop.nextTurn();
  try {
    std::vector<Moved> moved = co_await evenOut(scheduler::Movers::asking);
  } catch (const std::exception& failed) {
    base::Level level = base::isForeseen(failed) ? base::Level::debug : base::Level::error;
    parts_.log.line(level, "rebalancing failed, retrying", {{"reason", failed.what()}});
  }
}

base::Task<base::HttpReply> Rebalancing::run(std::string& upstream) {
  std::optional<cluster::Node> drives = driver();
  base::HttpReply reply;
  if (!drives || drives->self) {
    reply.status = 200;
    reply.body = co_await runAll();
    co_return reply;
  }
  upstream = drives->http->name();
  catalog::NodeReply told = co_await catalog::postToPeer(
      parts_.causality, std::move(*drives), "/drover/v1/rebalance", std::string(), passedOnTimeout);
  told.throwFault();
  reply = {told.status, std::move(told.head), std::move(told.body)};
  co_return reply;
}

base::Task<std::string> Rebalancing::runAll() {
  std::vector<Moved> moved = co_await evenOut(scheduler::Movers::all);
  base::JsonWriter json;
  json.object().list("Moved");
  for (const Moved& each : moved) {
    if (each.newId.empty()) continue;
    json.object().member("Name", each.name).member("Id", each.newId).member("OldId", each.id);
    json.member("From", each.from).member("To", each.to).member("Reason", each.why).endObject();
  }
  json.endList().list("Failed");
  for (const Moved& each : moved) {
    if (each.failed.empty()) continue;
    json.object().member("Name", each.name).member("Id", each.id).member("From", each.from);
    json.member("To", each.to).member("Reason", each.failed).endObject();
  }
  co_return json.endList().endObject().text();
}

// One after the other, until no move helps. Whoever comes meanwhile waits.
base::Task<std::vector<Rebalancing::Moved>> Rebalancing::evenOut(scheduler::Movers movers) {
  while (busy_) co_await freed_.wait();
  busy_ = true;
  struct Busy {
    Rebalancing& owner;
    ~Busy() {
      owner.busy_ = false;
      owner.freed_.fire();
    }
  } busy{*this};
  // On demand is now.
  if (movers == scheduler::Movers::all) failedUntil_.clear();
  std::erase_if(failedUntil_, [&](const auto& each) { return parts_.loop.now() >= each.second; });
  co_await parts_.moves.settle();
  std::vector<Moved> all;
  while (all.size() < maxMoves && parts_.nodes.clustered()) {
    std::optional<Moved> moved = co_await moveOne(movers);
    if (!moved) break;
    all.push_back(std::move(*moved));
  }
  co_return all;
}

// The move that helps most. Nothing if none does.
base::Task<std::optional<Rebalancing::Moved>> Rebalancing::moveOne(scheduler::Movers movers) {
  std::set<std::string> stay, unwell, well;
  for (size_t attempt = 0; attempt < maxAttempts; attempt++) {
    Candidates found = candidates(movers, stay);
    for (scheduler::Movable& each : found.movables) each.healthy = !unwell.contains(each.id);
    std::optional<scheduler::Move> move = parts_.scheduler.rebalance(found.movables, movers);
    if (!move) break;
    const catalog::ContainerIndex::Entry* known = parts_.index.find(move->container).entry;
    const scheduler::Container* chosen = parts_.scheduler.container(move->container);
    if (!known || !chosen || isDependedOn(*known)) {
      stay.insert(move->container);
      continue;
    }
    // What records do not tell: whether all of its service are healthy.
    std::string service = scheduler::serviceOf(*chosen);
    std::vector<std::string> together;
    for (const scheduler::Movable& each : found.movables) {
      const scheduler::Container* other = parts_.scheduler.container(each.id);
      if (other && scheduler::serviceOf(*other) == service) together.push_back(each.id);
    }
    bool allWell = true;
    for (const std::string& each : together) {
      if (well.contains(each)) continue;
      bool isOne = co_await isWell(each);
      (isOne ? well : unwell).insert(each);
      allWell = allWell && isOne;
    }
    if (!allWell) continue;

    known = parts_.index.find(move->container).entry;
    std::optional<cluster::NodeId> fromId = cluster::NodeId::parse(move->from);
    std::optional<cluster::NodeId> toId = cluster::NodeId::parse(move->to);
    std::optional<cluster::Node> from = fromId ? parts_.locator.node(*fromId) : std::nullopt;
    std::optional<cluster::Node> to = toId ? parts_.locator.node(*toId) : std::nullopt;
    if (!known || !from || !to || !from->up || !to->up) {
      stay.insert(move->container);
      continue;
    }
    Moved moved;
    moved.name = known->second.names.empty() ? std::string() : known->second.names.front();
    moved.id = move->container;
    moved.from = from->name;
    moved.to = to->name;
    moved.why = std::move(move->why);
    std::vector<cluster::Node> both = {*from, *to};
    base::Result<std::string> outcome =
        co_await parts_.moves.run(moved.id, std::move(*from), std::move(*to));
    if (outcome.ok()) {
      moved.newId = std::move(outcome.value());
      parts_.log.info("container moved", {{"container", moved.id},
                                          {"name", moved.name},
                                          {"from", moved.from},
                                          {"to", moved.to},
                                          {"why", moved.why}});
      co_await awaitRecords(std::move(both), moved.id, moved.newId);
    } else {
      moved.failed = outcome.why();
      failedUntil_[moved.id] = parts_.loop.now() + failedFor;
      parts_.log.warn("container not moved", {{"container", moved.id},
                                              {"name", moved.name},
                                              {"from", moved.from},
                                              {"to", moved.to},
                                              {"reason", moved.failed}});
    }
    co_return std::optional<Moved>(std::move(moved));
  }
  co_return std::nullopt;
}

// Those that may be moved, and what is of a service with one of them.
Rebalancing::Candidates Rebalancing::candidates(scheduler::Movers movers,
                                                const std::set<std::string>& stay) const {
  static const labels::Policy none;
  Candidates found;
  std::set<std::string> services, taken;
  auto take = [&](const catalog::ContainerIndex::Entry& known) {
    const auto& [id, entry] = known;
    bool asks = catalog::findLabel(entry.labels, "io.drover.rebalance") != nullptr;
    bool isMeant = asks || movers == scheduler::Movers::all;
    if (!isMeant || entry.version == 0 || !isMovable(entry)) return;
    if (parts_.index.globals().contains(id) || stay.contains(id) || failedUntil_.contains(id))
      return;
    const scheduler::Container* container = parts_.scheduler.container(id);
    std::unique_ptr<labels::Policy> policy = policyOf(known);
    if (!policy || !container || (asks && !policy->rebalance)) return;
    services.insert(scheduler::serviceOf(*container));
    taken.insert(id);
    found.movables.push_back({id, policy.get()});
    found.policies.push_back(std::move(policy));
  };
  std::set<cluster::NodeId> up;
  for (const cluster::Node& each : parts_.nodes.nodes()) {
    if (each.up) up.insert(each.id);
  }
  for (const std::string& each : parts_.scheduler.fullestFirst()) {
    std::optional<cluster::NodeId> node = cluster::NodeId::parse(each);
    if (!node || !up.contains(*node)) continue;
    for (const auto& [id, known] : parts_.index.of(*node)) {
      if (taken.size() < maxCandidates) take(*known);
    }
  }
  if (services.empty()) return found;
  parts_.scheduler.eachContainer([&](const scheduler::Container& each) {
    if (taken.contains(each.id) || !services.contains(scheduler::serviceOf(each))) return;
    scheduler::Movable other{each.id, &none};
    other.stays = true;
    found.movables.push_back(std::move(other));
  });
  return found;
}

// Nothing if it cannot be made again as it is.
std::unique_ptr<labels::Policy> Rebalancing::policyOf(
    const catalog::ContainerIndex::Entry& known) const {
  const cluster::NodeId& owner = known.second.owner;
  const cluster::Record* record =
      parts_.records.find(owner, std::string(catalog::specRecords) + known.first);
  if (!record) return nullptr;
  docker::CreateRequest spec(record->value);
  if (isInteractive(spec)) return nullptr;
  spec.dropPublishAddresses(parts_.scheduler.publishAddresses(std::string(owner.text())));
  labels::Decoded asked = labels::decode(spec);
  if (asked.problem) return nullptr;
  return std::make_unique<labels::Policy>(std::move(asked.policy));
}

// Whether another one on its node uses its namespaces, its volumes or a link to it.
bool Rebalancing::isDependedOn(const catalog::ContainerIndex::Entry& known) const {
  const std::string& id = known.first;  // clang 14 cannot capture a structured binding
  const catalog::ContainerIndex::Container& entry = known.second;
  bool found = false;
  auto isIt = [&](std::string_view object) {
    if (object.starts_with('/')) object.remove_prefix(1);
    bool isName = std::find(entry.names.begin(), entry.names.end(), object) != entry.names.end();
    return isName || (!object.empty() && id.starts_with(object));
  };
  parts_.records.eachOf(entry.owner, catalog::specRecords,
                        [&](const std::string& key, const cluster::Record& record) {
                          if (found || key.ends_with(id)) return;
                          std::vector<std::string> used =
                              docker::CreateRequest(record.value).containers();
                          found = std::any_of(used.begin(), used.end(), isIt);
                        });
  return found;
}

// By the word of its engine.
base::Task<bool> Rebalancing::isWell(std::string container) {
  const catalog::ContainerIndex::Entry* known = parts_.index.find(container).entry;
  std::optional<cluster::Node> node;
  if (known) node = parts_.locator.node(known->second.owner);
  if (!node || !node->up) co_return false;
  catalog::NodeReply reply =
      co_await parts_.nodeClient.inspect(std::move(*node), std::move(container));
  co_return reply.status == 200 && isHealthy(reply.body);
}

// So that the next choice is made of what is so now.
base::Task<> Rebalancing::awaitRecords(std::vector<cluster::Node> both, std::string gone,
                                       std::string come) {
  co_await parts_.catchUp.with(std::move(both));
  std::function<bool()> isDone = [this, &gone, &come] {
    const catalog::ContainerIndex::Entry* known = parts_.index.find(come).entry;
    bool hasCome = known && known->second.running && known->second.names.size() == 1 &&
                   !parseMovingName(known->second.names.front());
    return hasCome && !parts_.scheduler.knows(gone);
  };
  co_await parts_.causality.untilRecords(std::move(isDone), recordWait);
}

}  // namespace orchestrator
