// Volumes of one name on several nodes: which of them are one too many.

#include "orchestrator/volume_conflicts.h"

#include <criterion/criterion.h>

#include <string>

#include "test/cluster_house.h"
#include "test/container_records.h"

using namespace test;

Test(volume_conflicts, tells_of_those_that_are_not_meant_to_be_several) {
  Hosts hosts(2);
  catalog::RecordFeed feed;
  catalog::ObjectIndex objects;
  objects.follow(feed);
  catalog::ContainerIndex index;
  cluster::NodeId one = hosts.one().agent().self(), two = hosts.two().agent().self();
  auto names = [&] {
    std::string all;
    for (const orchestrator::VolumeConflict& each :
         orchestrator::volumeConflicts(objects, hosts.one().agent(), index))
      all += each.name + " " + std::to_string(each.nodes.size()) + ";";
    return all;
  };
  feed.recordChanged(one, "volume/data", {"{}", 1});
  feed.recordChanged(one, "volume/alone", {"{}", 1});
  cr_expect_eq(names(), "");
  feed.recordChanged(two, "volume/data", {"{}", 1});
  cr_expect_eq(names(), "data 2;");
  // Each copy of a global container has its own.
  const std::string global =
      R"({"Id":"g","Names":["/g"],"Labels":{"io.drover.global":"true"},"Mounts":[{"Type":"volume","Name":"data"}]})";
  cr_expect(test::putRecord(index, one, "g", global, 1));
  cr_expect_eq(names(), "");
  index.erase(one, "g");
  // A driver that shows its volumes on every node has each of them once.
  for (Host* each : {&hosts.one(), &hosts.two()})
    each->agent().put("volume/data", R"({"Driver":"cloud","Scope":"global"})");
  hosts.settle();
  cr_expect_eq(names(), "");
}
