// Which volumes may be moved as long as nobody has used them.

#include "orchestrator/volume_move.h"

#include <criterion/criterion.h>

#include <string>

#include "test/cluster_house.h"

using namespace orchestrator;

namespace {

std::string inspected(const std::string& more, const std::string& driver = "local") {
  return R"({"Name":"v","Driver":")" + driver +
         R"(","Mountpoint":"/var/lib/docker/volumes/v/_data","Scope":"local")" + more + "}";
}

// What a node that asks for this is told.
base::Task<int> statusOf(VolumeMove& volumes, std::string request) {
  int status = 200;
  try {
    co_await volumes.move(std::move(request));
  } catch (const cluster::AgentError& refused) {
    status = refused.status();
  }
  co_return status;
}

}  // namespace

Test(volume_move, plain_local_volumes_may_be_moved) {
  for (const char* more : {"", R"(,"Labels":null,"Options":null)", R"(,"Labels":{},"Options":{})",
                           R"(,"Labels":{"a":"b"})"})
    cr_expect_eq(movableContent(inspected(more)).value_or("-"), "/var/lib/docker/volumes/v/_data",
                 "%s", more);
}

Test(volume_move, what_is_bound_to_its_node_may_not) {
  const std::string others[] = {
      inspected(R"(,"Options":{"type":"nfs"})"),
      inspected(R"(,"Labels":{"io.drover.node":"db-1"})"),
      inspected("", "rexray"),
      R"({"Name":"v","Driver":"local"})",
      "[]",
      "",
  };
  for (const std::string& each : others)
    cr_expect_not(movableContent(each).has_value(), "%s", each.c_str());
}

Test(volume_move, what_makes_no_sense_is_refused) {
  test::Hosts hosts(1);
  for (const char* request : {"", "[]", "{}", R"({"name":"v"})", R"({"name":"v","to":"x"})"}) {
    int status = hosts.stage.run(statusOf(hosts.one().droverd->volumeMove, request));
    cr_expect_eq(status, 400, "%s: %d", request, status);
  }
}
