#include "orchestrator/name_conflicts.h"

#include <algorithm>
#include <tuple>

#include "base/fault.h"

namespace orchestrator {
namespace {

constexpr base::milliseconds patience(1'000);

}  // namespace

NameConflicts::NameConflicts(base::Loop& loop, catalog::NodeClient nodeClient,
                             const cluster::Nodes& nodes, const catalog::ContainerIndex& index,
                             base::Log& log)
    : loop_(loop),
      nodeClient_(nodeClient),
      nodes_(nodes),
      index_(index),
      log_(log),
      tasks_(base::tellFaults(log, "name conflicts")) {}

// Those of ours that have to give way.
std::vector<std::string> NameConflicts::younger(const std::string& name) const {
  std::vector<std::string> ids;
  std::vector<const catalog::ContainerIndex::Entry*> places = index_.named(name);
  if (places.size() < 2) return ids;
  auto older = [](const catalog::ContainerIndex::Entry* a,
                  const catalog::ContainerIndex::Entry* b) {
    return std::tie(a->second.created, a->first) < std::tie(b->second.created, b->first);
  };
  const catalog::ContainerIndex::Entry* keeper =
      *std::min_element(places.begin(), places.end(), older);
  for (const catalog::ContainerIndex::Entry* each : places) {
    if (each != keeper && each->second.owner == nodes_.self()) ids.push_back(each->first);
  }
  return ids;
}

void NameConflicts::follow(catalog::RecordFeed& feed) {
  feed.on(catalog::containerKind,
          {[this](const catalog::FedRecord<catalog::ContainerFacts>& record) {
            if (index_.wasRemoved(record.name)) return;
            if (const catalog::ContainerIndex::Entry* entry = index_.find(record.name).entry)
              settle(entry->second.names);
          }});
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
  cluster::Node here = catalog::NodeClient::here();
  catalog::NodeReply reply = co_await nodeClient_.rename(std::move(here), id, other);
  if (reply.done) {
    log_.warn("two containers had the same name, renamed the newer one",
              {{"name", name}, {"container", id}, {"renamed", other}});
  } else {
    log_.warn("cannot resolve a name conflict of two containers",
              {{"name", name}, {"container", id}, {"reason", reply.why()}});
  }
}

}  // namespace orchestrator
