// Two containers of one name on two hosts: one gives way, but not to one that is merely not known
// yet to be gone.

#include "orchestrator/name_conflicts.h"

#include <criterion/criterion.h>

#include <string>

#include "test/cluster_house.h"

using namespace test;

namespace {

constexpr int64_t early = 1'700'000'000, late = early + 5;

size_t renames(Host& host) {
  return host.engine.count("/rename?name=");
}

}  // namespace

Test(name_conflicts, the_younger_one_is_renamed_once_by_its_own_node) {
  Hosts hosts(2);
  hosts.one().engine.run("web", early);
  hosts.two().engine.run("web", late);
  hosts.stage.until([&] { return renames(hosts.two()) > 0; });
  std::string id = hosts.two().engine.idFor("web");
  cr_expect_eq(
      hosts.two().engine.count("POST /containers/" + id + "/rename?name=web_" + id.substr(0, 12)),
      1);
  cr_expect_eq(renames(hosts.one()), 0);
}

Test(name_conflicts, nobody_gives_way_to_one_that_goes_within_a_moment) {
  Hosts hosts(2);
  hosts.one().engine.run("web", early);
  hosts.knows(hosts.two(), "web");
  hosts.two().engine.run("web", late);
  hosts.stage.until([&] { return hosts.two().droverd->index.named("web").size() == 2; });
  hosts.one().engine.remove("web");
  hosts.stage.until([&] { return hosts.two().droverd->index.named("web").size() == 1; });
  base::Timer past(hosts.stage.loop);
  bool over = false;
  past.start(base::milliseconds(1'300), [&] { over = true; });
  hosts.stage.until([&] { return over; });
  cr_expect_eq(renames(hosts.two()), 0);
}
