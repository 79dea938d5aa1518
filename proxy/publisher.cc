#include "proxy/publisher.h"

#include <algorithm>
#include <tuple>

#include "base/json.h"
#include "proxy/list_query.h"

namespace proxy {
namespace {

// Changes that come together are published together.
constexpr base::milliseconds soon(10);
// The engine's list may lag behind its events for a second; and whatever happens, we compare now
// and then.
constexpr uint64_t settled = 1'100;
constexpr uint64_t compareEvery = 30'000;
constexpr uint64_t factsEvery = 30'000;
constexpr base::milliseconds answerTimeout(10'000);
constexpr size_t answerMost = 4 * 1024 * 1024;
constexpr std::string_view containerRecords = "container/";
constexpr std::string_view nameClaims = "name/";

std::map<std::string, std::string> labelsOf(const std::vector<std::string>& pairs) {
  std::map<std::string, std::string> labels;
  for (const std::string& each : pairs) {
    size_t equals = each.find('=');
    labels[each.substr(0, equals)] =
        equals == std::string::npos ? std::string() : each.substr(equals + 1);
  }
  return labels;
}

}  // namespace

Publisher::Publisher(base::Loop& loop, Engine& engine, ContainerLists& lists, cluster::Agent& agent,
                     ContainerIndex& index, Placements& placements, base::Log& log, Hooks hooks)
    : loop_(loop),
      engine_(engine),
      lists_(lists),
      agent_(agent),
      index_(index),
      placements_(placements),
      log_(log),
      hooks_(std::move(hooks)),
      soon_(loop),
      later_(loop),
      tasks_([](std::exception_ptr) {}) {
  lists_.onChange([this] { publishSoon(); });
}

void Publisher::entered(const cluster::Endpoint& listen) {
  published_.clear();
  reloaded_ = false;
  factsAt_ = 0;
  hooks_.entered(listen);
  publishSoon();
}

void Publisher::exited() {
  index_.clear();
  placements_.clear();
  soon_.stop();
  soonSet_ = false;
  later_.stop();
  hooks_.exited();
}

void Publisher::publishSoon() {
  if (!agent_.clustered()) return;
  settledAt_ = loop_.now() + settled;
  if (soonSet_) return;
  soonSet_ = true;
  soon_.start(soon, [this] {
    soonSet_ = false;
    tasks_.spawn(publish());
  });
}

base::Task<> Publisher::publish() {
  if (publishing_) {
    again_ = true;
    co_return;
  }
  publishing_ = true;
  do {
    again_ = false;
    try {
      co_await publishContainers();
      if (loop_.now() >= factsAt_) co_await publishFacts();
    } catch (const std::exception& failed) {
      log_.debug("nothing published for now", {{"reason", failed.what()}});
    }
  } while (again_);
  publishing_ = false;
  if (!agent_.clustered()) co_return;
  bool settling = !reloaded_ || loop_.now() < settledAt_;
  later_.start(base::milliseconds(settling ? settled : compareEvery),
               [this] { tasks_.spawn(publish()); });
}

base::Task<> Publisher::publishContainers() {
  std::optional<std::vector<ContainerCache::Plain>> entries = co_await lists_.entries();
  if (!agent_.clustered()) co_return;
  agent_.setEngineError(entries ? "" : "its Docker Engine does not answer");
  if (!entries) co_return;
  std::map<std::string, std::string> fresh;
  for (ContainerCache::Plain& each : *entries) fresh[each.id] = std::move(each.json);
  for (const auto& [id, json] : published_) {
    if (!fresh.contains(id)) agent_.erase(std::string(containerRecords) + id);
  }
  for (const auto& [id, json] : fresh) {
    auto before = published_.find(id);
    if (before == published_.end() || before->second != json)
      agent_.put(std::string(containerRecords) + id, json);
  }
  published_ = std::move(fresh);
  if (!reloaded_) agent_.finishReload();
  reloaded_ = true;
}

base::Task<> Publisher::publishFacts() {
  base::HttpReply info = co_await engine_.call(base::httpGet("/info", answerTimeout, answerMost));
  base::HttpReply version =
      co_await engine_.call(base::httpGet("/version", answerTimeout, answerMost));
  if (info.status != 200 || version.status != 200) co_return;
  rapidjson::Document facts = base::parseJson(info.body);
  rapidjson::Document versions = base::parseJson(version.body);
  cluster::NodeRecord record;
  record.hostname = base::text(facts, "Name");
  record.os = base::text(facts, "OSType");
  record.architecture = base::text(facts, "Architecture");
  record.operatingSystem = base::text(facts, "OperatingSystem");
  record.kernel = base::text(facts, "KernelVersion");
  record.storageDriver = base::text(facts, "Driver");
  record.engineId = base::text(facts, "ID");
  record.engineVersion = base::text(facts, "ServerVersion");
  record.engineLabels = labelsOf(base::texts(facts, "Labels"));
  record.apiVersion = base::text(versions, "ApiVersion");
  record.minApiVersion = base::text(versions, "MinAPIVersion");
  record.cpus = base::number(facts, "NCPU");
  record.memory = base::number(facts, "MemTotal");
  record.containers = base::number(facts, "Containers");
  record.running = base::number(facts, "ContainersRunning");
  agent_.setFacts(std::move(record));
  factsAt_ = loop_.now() + factsEvery;
}

void Publisher::recordChanged(const cluster::NodeId& owner, const std::string& key,
                              const cluster::Record& record) {
  if (!key.starts_with(containerRecords)) return;
  std::string id = key.substr(containerRecords.size());
  if (!index_.put(owner, id, record.value, record.version)) return;
  placements_.containerChanged(owner, id, record.value);
  if (const ContainerIndex::Place* place = index_.find(id).place) settleNames(place->second.names);
}

void Publisher::recordErased(const cluster::NodeId& owner, const std::string& key) {
  if (!key.starts_with(containerRecords)) return;
  std::string id = key.substr(containerRecords.size());
  index_.erase(owner, id);
  placements_.containerErased(owner, id);
}

std::optional<cluster::Holding> Publisher::holding(const std::string& key) const {
  if (!key.starts_with(nameClaims)) return std::nullopt;
  std::vector<const ContainerIndex::Place*> places =
      index_.named(std::string_view(key).substr(nameClaims.size()));
  // One that is only expected is held by the claim of whoever expects it.
  auto recorded =
      std::find_if(places.begin(), places.end(),
                   [](const ContainerIndex::Place* place) { return place->second.version > 0; });
  if (recorded == places.end()) return std::nullopt;
  const auto& [id, entry] = **recorded;
  return cluster::Holding{id, entry.owner, entry.version};
}

// A name that two containers have, after a split healed or because an engine drew it: the one that
// was created first keeps it, of equal ones the one with the lesser id. Every node sees it so; the
// owner of the other one renames it.
void Publisher::settleNames(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    std::vector<const ContainerIndex::Place*> places = index_.named(name);
    if (places.size() < 2) continue;
    auto older = [](const ContainerIndex::Place* a, const ContainerIndex::Place* b) {
      return std::tie(a->second.created, a->first) < std::tie(b->second.created, b->first);
    };
    const ContainerIndex::Place* keeper = *std::min_element(places.begin(), places.end(), older);
    for (const ContainerIndex::Place* each : places) {
      if (each == keeper || each->second.owner != agent_.self()) continue;
      tasks_.spawn(giveWay(each->first, name));
    }
  }
}

base::Task<> Publisher::giveWay(std::string id, std::string name) {
  std::string other = name + "_" + id.substr(0, 12);
  base::HttpCall call;
  call.method = "POST";
  call.target = "/containers/" + id + "/rename?name=" + encodeQueryValue(other);
  call.mayRepeat = false;
  try {
    base::HttpReply reply = co_await engine_.call(std::move(call));
    log_.warn("two containers had one name; renamed the younger one",
              {{"name", name}, {"container", id}, {"renamed", other}, {"status", reply.status}});
  } catch (const std::exception& failed) {
    log_.warn("a name that two containers have could not be settled",
              {{"name", name}, {"reason", failed.what()}});
  }
}

}  // namespace proxy
