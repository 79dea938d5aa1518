// A call that returned is visible to whoever acts on it next, by way of any node. Nothing is pushed
// here, and nothing compared but when a node joins: what a node knows of others' records in these
// tests it has asked for.

#include "cluster/causality.h"

#include <criterion/criterion.h>

#include <string>

#include "test/cluster_house.h"

using namespace test;

namespace {

cluster::StateOptions silent() {
  cluster::StateOptions options;
  options.syncInterval = options.pushInterval = cluster::Time(3600 * 1000);
  return options;
}

// Three nodes who know all of each other that there is.
struct Trio {
  Trio() {
    hosts.form();
    bool goesOn = true;
    hosts.stage.start(exchange(hosts, goesOn));
    hosts.settle();
    goesOn = false;
    hosts.stage.finish();
  }
  static base::Task<> exchange(Hosts& hosts, const bool& goesOn) {
    while (goesOn) {
      for (const std::unique_ptr<Host>& asks : hosts.hosts) {
        for (const std::unique_ptr<Host>& tells : hosts.hosts) {
          cluster::Agent& told = tells->agent();
          co_await asks->agent().catchUp(told.self(), told.published());
        }
      }
      co_await base::sleepFor(hosts.stage.loop, milliseconds(5));
    }
  }

  base::HttpReply create(Host& host, const std::string& name, const std::string& members) {
    return host.ask("POST", "/containers/create?name=" + name,
                    "{\"Image\":\"app\"" + members + "}");
  }
  // Whether `host` knows of the record that `owner` put there under its name.
  bool knows(Host& host, Host& owner) {
    return host.agent().state().find(owner.agent().self(), "test") != nullptr;
  }

  Hosts hosts{3, false, silent()};
  Host& one = hosts.one();
  Host& two = hosts.two();
  Host& three = hosts.three();
};

base::Task<> awaitRecord(Trio& trio, bool& isThere) {
  std::function<bool()> isKnown = [&trio] { return trio.knows(trio.two, trio.one); };
  isThere = co_await trio.two.agent().untilRecords(std::move(isKnown), milliseconds(5'000));
}

// On the third node.
std::string onThree(const std::string& more = "") {
  return ",\"Labels\":{\"io.drover.node\":\"host-3\"" + more + "}";
}

}  // namespace

Test(causality, records_are_pulled_from_who_has_seen_them) {
  Trio trio;
  cluster::Agent& one = trio.one.agent();
  one.put("test", "1");
  std::string seen = one.published();
  cr_expect_not(trio.knows(trio.two, trio.one));
  cr_expect(trio.hosts.stage.run(trio.two.agent().catchUp(one.self(), seen)));
  cr_expect(trio.knows(trio.two, trio.one));
  // By way of one who has seen it.
  cr_expect(trio.hosts.stage.run(trio.three.agent().catchUp(trio.two.agent().self(), seen)));
  cr_expect(trio.knows(trio.three, trio.one));
}

Test(causality, what_nobody_has_is_waited_for_no_longer_than_the_limit) {
  Trio trio;
  cluster::Agent& one = trio.one.agent();
  base::Time began = trio.hosts.stage.loop.now();
  std::string seen = std::string(one.self().text()) + "=1000000000000";
  cr_expect_not(trio.hosts.stage.run(trio.two.agent().catchUp(one.self(), seen)));
  cr_expect(trio.hosts.stage.loop.now() - began >= cluster::catchUpLimit);
  cr_expect_not(trio.hosts.stage.run(trio.two.agent().catchUp(one.self(), "nonsense")));
}

Test(causality, who_waits_for_records_is_told_when_they_come) {
  Trio trio;
  cluster::Agent& one = trio.one.agent();
  cluster::Agent& two = trio.two.agent();
  bool isThere = false;
  trio.hosts.stage.start(awaitRecord(trio, isThere));
  one.put("test", "1");
  trio.hosts.stage.run(two.catchUp(one.self(), one.published()));
  trio.hosts.stage.until([&] { return isThere; });
  cr_expect(trio.knows(trio.two, trio.one));
}

Test(causality, the_chosen_node_has_seen_what_the_asked_one_has) {
  Trio trio;
  trio.three.engine.images = {"app"};
  trio.one.agent().put("test", "1");
  cr_expect_not(trio.knows(trio.three, trio.one));
  base::HttpReply reply = trio.create(trio.one, "web", onThree());
  cr_assert_eq(reply.status, 201, "%s", reply.body.c_str());
  cr_expect(trio.knows(trio.three, trio.one));
  cr_expect_not(trio.knows(trio.two, trio.one));
}

Test(causality, a_create_sees_a_removal_by_way_of_another_node) {
  Trio trio;
  trio.three.engine.images = {"app"};
  std::string apart = onThree(R"(,"io.drover.affinity":"container != old")");
  cr_assert_eq(trio.create(trio.two, "old", onThree()).status, 201);
  base::HttpReply reply = trio.create(trio.two, "web", apart);
  cr_expect_eq(reply.status, 409, "%s", reply.body.c_str());
  cr_assert_eq(trio.one.ask("DELETE", "/containers/old").status, 200);
  reply = trio.create(trio.two, "web", apart);
  cr_expect_eq(reply.status, 201, "%s", reply.body.c_str());
}

Test(causality, a_create_finds_the_node_of_what_was_made_by_way_of_another) {
  Trio trio;
  for (Host* each : {&trio.one, &trio.two, &trio.three}) each->engine.images = {"app"};
  cr_assert_eq(trio.create(trio.one, "first", onThree()).status, 201);
  base::HttpReply reply =
      trio.create(trio.two, "near", R"(,"Labels":{"io.drover.affinity":"container == first"})");
  cr_expect_eq(reply.status, 201, "%s", reply.body.c_str());
  cr_expect_eq(trio.three.engine.count("create?name=near"), 1);
}

Test(causality, a_create_finds_the_node_of_what_it_depends_on) {
  Trio trio;
  for (Host* each : {&trio.one, &trio.two, &trio.three}) each->engine.images = {"app"};
  cr_assert_eq(trio.create(trio.one, "first", onThree()).status, 201);
  base::HttpReply reply =
      trio.create(trio.two, "inside", R"(,"HostConfig":{"NetworkMode":"container:first"})");
  cr_expect_eq(reply.status, 201, "%s", reply.body.c_str());
  cr_expect_eq(trio.three.engine.count("create?name=inside"), 1);
}

Test(causality, of_a_node_that_is_down_nothing_is_waited_for) {
  Trio trio;
  trio.two.engine.images = {"app"};
  trio.three.kill();
  trio.hosts.sees(trio.two, "host-3", cluster::Status::failed);
  base::Time began = trio.hosts.stage.loop.now();
  base::HttpReply reply =
      trio.create(trio.two, "web", R"(,"Labels":{"io.drover.constraint":"node.name == nowhere"})");
  cr_expect_eq(reply.status, 409, "%s", reply.body.c_str());
  cr_expect(trio.hosts.stage.loop.now() - began < milliseconds(2'000));
}
