#include "catalog/publisher.h"

#include <algorithm>

#include "base/fault.h"
#include "base/offload.h"
#include "catalog/container_record.h"
#include "catalog/container_spec.h"
#include "catalog/node_client.h"
#include "catalog/node_facts.h"
#include "catalog/published.h"
#include "docker/engine_event.h"

namespace catalog {
namespace {

// Changes that come together are published together: what others may ask for by its id or name
// soon, and else, while they keep coming, not more often than this, since each time the engine is
// asked for all that changed within the last second.
constexpr base::milliseconds soon(10);
constexpr base::milliseconds pace(100);
// What need not be known at once waits for the records of containers to be on their way: together
// with them it would not fit into a datagram, and they would come later for it.
constexpr base::milliseconds trailing(200);
// The engine's list may lag behind its events for a second; and whatever happens, we compare now
// and then.
constexpr base::milliseconds settled(1'100);
constexpr base::milliseconds compareEvery(30'000);
constexpr base::milliseconds factsEvery(30'000);
constexpr base::milliseconds answerTimeout(10'000);
constexpr size_t manyContainers = 1000;

}  // namespace

Publisher::Publisher(base::Loop& loop, docker::Engine& engine, docker::EngineState& state,
                     docker::ContainerListCache& lists, const cluster::Nodes& nodes,
                     cluster::Records& records, cluster::OwnNode& ownNode,
                     catalog::ContainerIndex& index, const catalog::TagIndex& tags, base::Log& log,
                     Hooks hooks)
    : loop_(loop),
      engine_(engine),
      lists_(lists),
      nodes_(nodes),
      records_(records),
      ownNode_(ownNode),
      index_(index),
      log_(log),
      hooks_(std::move(hooks)),
      soon_(loop),
      later_(loop),
      trailing_(loop),
      objectPublisher_(loop, engine, nodes, records, tags, log, hooks_.isFetched,
                       [this] { finishReload(); }),
      tasks_(base::tellFaults(log, "records")) {
  lists_.onChange([this](docker::Effect effect) {
    // A build without a tag is told of by no event.
    if (effect == docker::Effect::containers) objectPublisher_.changed(docker::ObjectKind::image);
    publishSoon();
  });
  lists_.onInspection([this](std::string id, std::string json) {
    return inspected(std::move(id), std::move(json));
  });
  state.listen({[this] {
                  objectPublisher_.allChanged();
                  factsChanged();
                },
                [this](std::string_view event) {
                  if (docker::isReload(event)) factsChanged();
                  own_.event(event);
                  if (std::optional<std::string> id = docker::removedContainer(event)) forget(*id);
                  if (std::optional<std::string> name = docker::removedVolume(event))
                    records_.erase(std::string(docker::recordsOf(docker::ObjectKind::volume)) +
                                   *name);
                  if (docker::isNamed(event)) publishBy(loop_.now() + soon);
                  if (std::optional<docker::ObjectKind> kind = docker::objectChange(event))
                    objectPublisher_.changed(*kind);
                },
                nullptr});
}

Publisher::~Publisher() {
  lists_.onChange(nullptr);
  lists_.onInspection(nullptr);
}

void Publisher::follow(catalog::RecordFeed& feed) {
  feed.onMembership({[this](const cluster::Endpoint&) { entered(); }, [this] { exited(); }});
  objectPublisher_.follow(feed);
}

void Publisher::entered() {
  listed_ = reloaded_ = false;
  entered_++;
  own_.clear();
  factsAt_ = {};
  objectPublisher_.start();
  publishSoon();
}

void Publisher::exited() {
  objectPublisher_.stop();
  own_.clear();
  soon_.stop();
  publishAt_.reset();
  later_.stop();
  trailing_.stop();
  trailingSet_ = false;
}

// At once, so that nobody takes its name for held. What we ask the engine just now may show it
// still.
void Publisher::forget(const std::string& id) {
  if (!nodes_.clustered()) return;
  index_.remove(nodes_.self(), id);
  records_.erase(std::string(catalog::containerRecords) + id);
}

void Publisher::publishSoon() {
  settledAt_ = loop_.now() + settled;
  publishBy(std::max(loop_.now() + soon, begunAt_ + pace));
}

void Publisher::publishBy(base::Time time) {
  if (!nodes_.clustered() || (publishAt_ && *publishAt_ <= time)) return;
  publishAt_ = time;
  soon_.start(time - loop_.now(), [this] {
    publishAt_.reset();
    tasks_.spawn(publish());
  });
}

base::Task<> Publisher::published() {
  bool isOver = false;
  base::Timer deadline(loop_);
  deadline.start(cluster::catchUpLimit, [this, &isOver] {
    isOver = true;
    published_.fire();
    objectPublisher_.listRead().fire();
  });
  while ((publishAt_ || publishing_) && !isOver) co_await published_.wait();
  while (!objectPublisher_.settled() && !isOver) co_await objectPublisher_.listRead().wait();
}

base::Task<> Publisher::publish() {
  if (publishing_) {
    again_ = true;
    co_return;
  }
  publishing_ = true;
  do {
    again_ = false;
    begunAt_ = loop_.now();
    try {
      co_await publishContainers();
      if (loop_.now() >= factsAt_) co_await publishFacts();
    } catch (const std::exception& failed) {
      base::Level level = base::isForeseen(failed) ? base::Level::debug : base::Level::error;
      log_.line(level, "records not published, retrying", {{"reason", failed.what()}});
    }
  } while (again_);
  publishing_ = false;
  published_.fire();
  if (!nodes_.clustered()) co_return;
  bool settling = !reloaded_ || loop_.now() < settledAt_;
  later_.start(settling ? settled : compareEvery, [this] { tasks_.spawn(publish()); });
}

base::Task<> Publisher::publishContainers() {
  std::optional<std::vector<docker::ContainerTable::Plain>> entries = co_await lists_.entries();
  if (!nodes_.clustered()) co_return;
  ownNode_.setEngineError(entries ? "" : "its Docker Engine does not answer");
  if (!entries) co_return;
  uint64_t entered = entered_;
  size_t count = entries->size();
  co_await giveWay(count);
  // One that cannot be inspected now has a record of what is listed, and of what was known before.
  co_await lists_.inspect(own_.unknown(*entries));
  co_await giveWay(count);
  std::erase_if(*entries, [this](const auto& each) { return index_.wasRemoved(each.id); });
  catalog::LocalContainers::Made made = own_.make(std::move(*entries));
  co_await giveWay(count);
  std::function<bool()> goesOn = [=, this] { return nodes_.clustered() && entered_ == entered; };
  catalog::IsGone isGone = [this](const std::string& id) { return index_.wasRemoved(id); };
  if (goesOn())
    co_await catalog::publishAll(loop_, records_, catalog::containerRecords,
                                 std::move(made.records), goesOn, isGone);
  if (!goesOn()) co_return;
  hooks_.published();
  if (made.sums != sums_ || own_.hasSpecs()) trail();
  sums_ = made.sums;
  listed_ = true;
  finishReload();
}

// What is done of so many takes some milliseconds each.
base::Task<> Publisher::giveWay(size_t containers) {
  if (containers >= manyContainers) co_await loop_.nextTurn();
}

base::Task<> Publisher::inspected(std::string id, std::string json) {
  if (!nodes_.clustered()) co_return;
  std::optional<catalog::LocalContainers::Told> told;
  uint64_t events = own_.events();
  if (json.size() < docker::longAnswer) {
    told = catalog::LocalContainers::read(id, json);
  } else {
    auto work = [id, json = std::move(json)] { return catalog::LocalContainers::read(id, json); };
    told = co_await base::offload(loop_, std::move(work));
  }
  if (told) own_.inspected(id, std::move(*told), own_.events() != events);
}

// Once all that an earlier process may have published was published anew.
void Publisher::finishReload() {
  if (listed_ && objectPublisher_.known()) records_.put(std::string(cluster::completeKey), "{}");
  if (reloaded_ || !listed_ || !objectPublisher_.complete()) return;
  publishSpecs();
  ownNode_.finishReload();
  reloaded_ = true;
}

// The engine may be another version, or have other labels.
void Publisher::factsChanged() {
  factsAt_ = {};
  publishSoon();
}

base::Task<> Publisher::publishFacts() {
  base::HttpReply info =
      co_await engine_.call(base::httpGet("/info", answerTimeout, catalog::maxAnswer));
  base::HttpReply version =
      co_await engine_.call(base::httpGet("/version", answerTimeout, catalog::maxAnswer));
  base::HttpReply plugins =
      co_await engine_.call(base::httpGet("/plugins", answerTimeout, catalog::maxAnswer));
  if (info.status != 200 || version.status != 200) co_return;
  std::optional<cluster::NodeRecord> facts =
      catalog::nodeFacts(info.body, version.body, plugins.body);
  if (!facts || !nodes_.clustered()) co_return;
  facts_ = std::move(facts);
  std::optional<double> load =
      catalog::loadPerCpu(hooks_.loadavg ? hooks_.loadavg() : "", facts_->cpus);
  if (load) facts_->load = load_.take(*load);
  putFacts();
  factsAt_ = loop_.now() + factsEvery;
}

void Publisher::trail() {
  if (trailingSet_) return;
  trailingSet_ = true;
  trailing_.start(trailing, [this] {
    trailingSet_ = false;
    publishSpecs();
    putFacts();
  });
}

// Those that changed, and none of containers that are gone.
void Publisher::publishSpecs() {
  if (!nodes_.clustered()) return;
  std::vector<std::string> gone;
  records_.eachOfOurs(catalog::specRecords, [&](const std::string& key, const cluster::Record&) {
    if (!own_.lists(key.substr(catalog::specRecords.size()))) gone.push_back(key);
  });
  for (auto& [id, spec] : own_.takeSpecs()) {
    std::string key = std::string(catalog::specRecords) + id;
    if (spec.empty()) {
      log_.warn("a container's spec is too large to be published",
                {{"container", id}, {"limit", catalog::maxSpecSize}});
      gone.push_back(std::move(key));
    } else {
      records_.put(key, spec, true);
    }
  }
  for (const std::string& key : gone) records_.erase(key);
}

// Our node's record, with the sums of what its containers reserve.
void Publisher::putFacts() {
  if (!nodes_.clustered() || !facts_) return;
  facts_->reservedNanoCpus = sums_.nanoCpus;
  facts_->reservedMemory = sums_.memory;
  facts_->containers = sums_.containers;
  facts_->running = sums_.running;
  ownNode_.setFacts(*facts_);
}

}  // namespace catalog
