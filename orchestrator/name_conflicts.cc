#include "orchestrator/name_conflicts.h"

#include <algorithm>
#include <tuple>

#include "base/fault.h"
#include "base/url.h"

namespace orchestrator {
namespace {

constexpr base::milliseconds patience(1'000);

}  // namespace

NameConflicts::NameConflicts(base::Loop& loop, docker::Engine& engine, const cluster::Agent& agent,
                             const catalog::ContainerIndex& index, base::Log& log)
    : loop_(loop),
      engine_(engine),
      agent_(agent),
      index_(index),
      log_(log),
      tasks_(base::tellFaults(log, "names given twice")) {}

// Those of ours that have to give way.
std::vector<std::string> NameConflicts::younger(const std::string& name) const {
  std::vector<std::string> ids;
  std::vector<const catalog::ContainerIndex::Place*> places = index_.named(name);
  if (places.size() < 2) return ids;
  auto older = [](const catalog::ContainerIndex::Place* a,
                  const catalog::ContainerIndex::Place* b) {
    return std::tie(a->second.created, a->first) < std::tie(b->second.created, b->first);
  };
  const catalog::ContainerIndex::Place* keeper =
      *std::min_element(places.begin(), places.end(), older);
  for (const catalog::ContainerIndex::Place* each : places) {
    if (each != keeper && each->second.owner == agent_.self()) ids.push_back(each->first);
  }
  return ids;
}

void NameConflicts::settle(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (younger(name).empty() || !settling_.insert(name).second) continue;
    tasks_.spawn(settleLater(name));
  }
}

base::Task<> NameConflicts::settleLater(std::string name) {
  co_await base::sleepFor(loop_, patience);
  settling_.erase(name);
  for (const std::string& id : younger(name)) co_await giveWay(id, name);
}

base::Task<> NameConflicts::giveWay(std::string id, std::string name) {
  std::string other = name + "_" + id.substr(0, 12);
  base::HttpCall call;
  call.method = "POST";
  call.target = "/containers/" + id + "/rename?name=" + base::encodeQueryValue(other);
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

}  // namespace orchestrator
