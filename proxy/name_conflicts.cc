#include "proxy/name_conflicts.h"

#include <algorithm>
#include <tuple>

#include "proxy/list_query.h"

namespace proxy {

NameConflicts::NameConflicts(Engine& engine, const cluster::Agent& agent,
                             const ContainerIndex& index, base::Log& log)
    : engine_(engine), agent_(agent), index_(index), log_(log), tasks_([](std::exception_ptr) {}) {}

void NameConflicts::settle(const std::vector<std::string>& names) {
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

base::Task<> NameConflicts::giveWay(std::string id, std::string name) {
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
