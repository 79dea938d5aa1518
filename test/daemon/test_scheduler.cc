// What placement knows of a cluster, from records and from creates that are under way; and that the
// chosen node has the last word.

#include "scheduler/scheduler.h"

#include <criterion/criterion.h>

#include <string>

#include "labels/decode.h"
#include "test/cluster_house.h"

using namespace test;
using scheduler::Scheduler;

namespace {

std::string idOf(char letter) {
  return std::string(64, letter);
}

// A container's record.
std::string record(char letter, const std::string& name, const std::string& more = "") {
  return "{\"Id\":\"" + idOf(letter) + "\",\"Names\":[\"/" + name +
         "\"],\"Image\":\"app\",\"State\":\"running\",\"Created\":5" + more + "}";
}

labels::Policy asking(const std::string& members) {
  labels::Decoded asked = labels::decode("{\"Image\":\"app\"," + members + "}");
  cr_assert_not(asked.problem.has_value());
  return asked.policy;
}

const labels::Policy port80 =
    asking(R"("HostConfig":{"PortBindings":{"80/tcp":[{"HostPort":"80"}]}})");

// One node, in a cluster of its own.
struct Alone {
  Hosts hosts{1};
  cluster::Agent& agent = hosts.one().agent();
  catalog::RecordFeed feed;
  catalog::ContainerIndex index;
  Scheduler scheduler{hosts.stage.loop, agent, agent, {}};
  cluster::NodeId self = agent.self();

  Alone() { scheduler.follow(feed, index); }
  // A record of a container of ours, or of another node's.
  void put(char letter, const std::string& value) { put(self, letter, value); }
  void put(const cluster::NodeId& owner, char letter, const std::string& value) {
    feed.recordChanged(owner, "container/" + idOf(letter), {value, 1});
  }

  bool fits(const labels::Policy& policy) {
    return !scheduler.place(policy, "x").candidates.empty();
  }
};

const labels::Policy onSecond =
    asking(R"("Labels":{"io.drover.node":"host-2"},)"
           R"("HostConfig":{"PortBindings":{"80/tcp":[{"HostPort":"80"}]}})");

// Two nodes; of the first we see what it knows of the second.
struct Pair {
  Hosts hosts{2};
  Scheduler& one = hosts.one().droverd->scheduler;
  Scheduler& two = hosts.two().droverd->scheduler;
  std::string second{hosts.two().agent().self().text()};

  Scheduler::Admission admit(const labels::Policy& policy, const std::string& name,
                             const std::string& token) {
    Scheduler::Admission admitted = two.admit(policy, name);
    cr_assert_eq(admitted.refusedBy, "", "%s", admitted.why.c_str());
    bool hasPort = !policy.ports.empty();
    catalog::ContainerFacts facts = catalog::requestedFacts(docker::CreateRequest(
        hasPort ? R"({"HostConfig":{"PortBindings":{"80/tcp":[{"HostPort":"80"}]}}})" : "{}"));
    two.announce(admitted.reservation, name, facts, token);
    return admitted;
  }
  // Whether the second has the port free.
  bool fits() { return !one.place(onSecond, "x").candidates.empty(); }
  size_t known() const {
    size_t count = 0;
    one.eachContainer([&](const scheduler::Container&) { count++; });
    return count;
  }
};

}  // namespace

Test(scheduler, what_is_reserved_counts_until_it_goes) {
  Alone alone;
  Scheduler& scheduler = alone.scheduler;
  cr_expect(alone.fits(port80));
  {
    Scheduler::Admission first = scheduler.admit(port80, "web");
    cr_expect_eq(first.refusedBy, "", "%s", first.why.c_str());
    Scheduler::Admission second = scheduler.admit(port80, "web2");
    cr_expect_eq(second.refusedBy, "port");
    cr_expect(second.why.find("80/tcp") != std::string::npos, "%s", second.why.c_str());
    cr_expect_not(alone.fits(port80));
  }
  cr_expect(alone.fits(port80), "a create that was given up frees its port");
}

Test(scheduler, what_was_made_counts_until_its_record_tells) {
  Alone alone;
  Scheduler& scheduler = alone.scheduler;
  {
    Scheduler::Admission made = scheduler.admit(port80, "web");
    made.reservation.commit(idOf('a'));
  }
  cr_expect(scheduler.knows("web") && scheduler.knows(idOf('a').substr(0, 5)));
  cr_expect_not(alone.fits(port80));
  // The record says that it has no port after all.
  alone.put('a', record('a', "web"));
  cr_expect(alone.fits(port80));
  scheduler.forget(idOf('a'));
  cr_expect(scheduler.knows("web"), "what has a record is not forgotten");
  alone.feed.recordErased(alone.self, "container/" + idOf('a'));
  cr_expect_not(scheduler.knows("web"));
}

Test(scheduler, what_was_made_and_has_no_record_is_forgotten) {
  Alone alone;
  Scheduler::Admission made = alone.scheduler.admit(port80, "web");
  made.reservation.commit(idOf('a'));
  alone.scheduler.forget(idOf('a'));
  cr_expect_not(alone.scheduler.knows("web"));
  cr_expect(alone.fits(port80));
}

Test(scheduler, a_record_may_come_before_its_reservation_ends) {
  Alone alone;
  Scheduler::Admission made = alone.scheduler.admit(port80, "web");
  alone.put('a', record('a', "web"));
  cr_expect(alone.fits(port80), "the record counts, and only that");
  made.reservation.commit(idOf('a'));
  cr_expect(alone.fits(port80));
}

Test(scheduler, a_record_of_another_container_leaves_a_reservation_alone) {
  Alone alone;
  alone.put('b', record('b', "web"));
  {
    Scheduler::Admission made = alone.scheduler.admit(port80, "web");
    alone.put('b', record('b', "web", ",\"Status\":\"Up\""));
    alone.put('c', record('c', "db"));
    cr_expect_not(alone.fits(port80), "neither is what is being made");
  }
  cr_expect(alone.fits(port80));
}

Test(scheduler, ports_and_reservations_are_those_of_the_record) {
  Alone alone;
  const std::string more =
      R"(,"Ports":[{"IP":"0.0.0.0","PrivatePort":80,"PublicPort":80,"Type":"tcp"}],)"
      R"("Labels":{"io.drover.reserve":"tuner=1, memory=600k"},"Drover":{"Memory":900000})";
  alone.put('a', record('a', "web", more));
  cr_expect_not(alone.fits(port80));
  // The node has a million bytes and no tuner.
  cr_expect_not(alone.fits(asking(R"("HostConfig":{"Memory":500000})")));
  cr_expect(alone.fits(asking(R"("HostConfig":{"Memory":400000})")), "the label counts");
  cr_expect_not(alone.fits(asking(R"("Labels":{"io.drover.reserve":"tuner=1"})")));
}

Test(scheduler, what_is_pending_on_a_node_counts_on_all_nodes_before_it_is_made) {
  Pair pair;
  for (const char* name : {"", "web"}) {
    cr_expect(pair.fits());
    {
      // The node that asks has it reserved, until what is pending on the other one takes the place
      // of that.
      Scheduler::Reservation reserved = pair.one.reserve(pair.second, onSecond, name);
      Scheduler::Admission admitted = pair.admit(port80, name, reserved.token());
      pair.hosts.stage.until([&] { return pair.one.knows("pending/" + pair.second + "/0"); });
      cr_expect_eq(pair.known(), 1, "it counts once");
      cr_expect_not(pair.fits());
      reserved = Scheduler::Reservation();
      cr_expect_not(pair.fits(), "what is pending counts without it");
    }
    pair.hosts.stage.until([&] { return pair.fits(); });
  }
}

Test(scheduler, what_came_of_a_pending_one_counts_until_it_is_recorded_or_known_not_to_come) {
  Pair pair;
  Scheduler::Admission admitted = pair.admit(port80, "web", "");
  admitted.reservation.commit(idOf('a'));
  pair.hosts.stage.until([&] { return pair.one.knows("web"); });
  pair.two.published();
  pair.hosts.settle();
  cr_expect_not(pair.fits());
  pair.two.forget(idOf('a'));
  pair.hosts.stage.until([&] { return pair.fits(); });
}

Test(scheduler, a_pending_one_that_comes_after_the_answer_to_its_create_counts_no_more) {
  Pair pair;
  Scheduler::Reservation reserved = pair.one.reserve(pair.second, onSecond, "");
  const std::string token = reserved.token();
  reserved.commit(idOf('a'));
  Scheduler::Admission admitted = pair.admit(port80, "", token);
  Scheduler::Admission after = pair.admit(asking(R"("Labels":{})"), "later", "");
  pair.hosts.stage.until([&] { return pair.one.knows("later"); });
  cr_expect_eq(pair.known(), 2);
}

Test(scheduler, what_engines_say_they_have_counts_until_records_tell) {
  Hosts hosts(2);
  Host& one = hosts.one();
  catalog::RecordFeed feed;
  catalog::ContainerIndex index;
  Scheduler scheduler(hosts.stage.loop, one.agent(), one.agent(), {});
  scheduler.follow(feed, index);
  const cluster::NodeId two = hosts.two().agent().self();
  labels::Policy data = asking(R"("HostConfig":{"Binds":["data:/d"]})");
  auto candidates = [&] { return scheduler.place(data, "x").candidates; };
  std::vector<cluster::Node> nodes = one.agent().nodes();
  std::erase_if(nodes, [&](const cluster::Node& node) { return node.id != two; });

  cr_expect_eq(candidates().size(), 2);
  scheduler.found(catalog::Kind::volume, "data", nodes);
  cr_assert_eq(candidates().size(), 1);
  cr_expect_eq(candidates()[0].id, two.text());
  scheduler.missing(catalog::Kind::volume, "data");
  cr_expect_eq(candidates().size(), 2);

  feed.recordChanged(two, "volume/data", {R"({"Driver":"local"})", 1});
  scheduler.found(catalog::Kind::volume, "data", nodes);
  feed.recordChanged(two, "volume/other", {R"({"Driver":"local"})", 1});
  cr_expect_eq(candidates().size(), 1, "what has a record stays");
  feed.recordErased(two, "volume/data");
  cr_expect_eq(candidates().size(), 2);
}

Test(scheduler, records_may_come_before_their_node_is_known) {
  Alone alone;
  cluster::NodeId stranger = *cluster::NodeId::parse(std::string(cluster::NodeId::length, 'z'));
  alone.put(stranger, 'a', record('a', "web"));
  alone.feed.recordChanged(stranger, "image/sha256:a", {R"({"RepoTags":["app:latest"]})", 1});
  cr_expect_not(alone.scheduler.knows("web"));
  alone.feed.recordErased(stranger, "container/" + idOf('a'));
  cr_expect_eq(alone.scheduler.place(asking(R"("Labels":{})"), "x").candidates.size(), 1);
  alone.feed.exited();
  cr_expect_eq(alone.scheduler.place(asking(R"("Labels":{})"), "x").candidates.size(), 1);
}
