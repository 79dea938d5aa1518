// The labels of Rancher 1.x. Where its documents and its program disagreed, a test with a comment
// says which of them we follow.

#include "test/scheduler/small_world.h"

#include "scheduler/global.h"

#include <string>

using labels::Policy;
using small::asking;
using small::best;
using small::nodesFor;

namespace {

const std::string affinity = "io.rancher.scheduler.affinity:";

// Nodes a, b, c; container "web" of the service shop/web on b.
scheduler::World world() {
  scheduler::World world = small::threeNodes();
  world.putContainer(small::container("web", "b",
                                      {{"com.docker.compose.project", "shop"},
                                       {"com.docker.compose.service", "web"},
                                       {"Tier", "Front"}}));
  return world;
}

}  // namespace

Test(rancher_labels, each_of_the_twelve_keys_places) {
  const struct {
    const char* key;
    const char* value;
    const char* nodes;  // on which it can run
    const char* first;  // of them, if one is preferred
  } cases[] = {
      {"host_label", "disk=ssd", "c", "c"},
      {"host_label", "zone=x,disk=hdd", "a b", ""},
      {"host_label", "zone=x,disk=ssd", "", ""},
      {"host_label", "gone=1", "", ""},
      {"host_label_ne", "disk=ssd", "a b", ""},
      {"host_label_ne", "disk=ssd,zone=x", "", ""},
      {"host_label_ne", "gone=1", "a b c", ""},
      {"host_label_soft", "disk=ssd", "a b c", "c"},
      {"host_label_soft", "gone=1", "a b c", ""},
      {"host_label_soft_ne", "disk=hdd", "a b c", "c"},
      {"container_label", "tier=front", "b", "b"},
      {"container_label", "tier=back", "", ""},
      {"container_label_ne", "tier=front", "a c", ""},
      {"container_label_ne", "tier=back", "a b c", ""},
      {"container_label_soft", "tier=front", "a b c", "b"},
      {"container_label_soft_ne", "tier=front", "a b c", ""},
      {"container", "web", "b", "b"},
      {"container", "web,db", "", ""},
      {"container_ne", "web", "a c", ""},
      {"container_ne", "db", "a b c", ""},
      {"container_soft", "web", "a b c", "b"},
      {"container_soft_ne", "web", "a b c", ""},
  };
  scheduler::World here = world();
  for (const auto& each : cases) {
    Policy policy = asking({{affinity + each.key, each.value}});
    std::string nodes = nodesFor(here, policy);
    cr_expect_eq(nodes, each.nodes, "%s: %s: %s", each.key, each.value, nodes.c_str());
    if (*each.first) cr_expect_eq(best(here, policy), each.first, "%s: %s", each.key, each.value);
  }
  for (const char* key : {"container_label_soft_ne", "container_soft_ne"}) {
    const char* value = key[10] == 'l' ? "tier=front" : "web";
    cr_expect_neq(best(here, asking({{affinity + key, value}})), "b", "%s", key);
  }
}

Test(rancher_labels, keys_and_values_compare_in_any_case) {
  cr_expect_eq(nodesFor(world(), asking({{affinity + "host_label", "DISK=SSD"}})), "c");
  cr_expect_eq(
      nodesFor(world(), asking({{"IO.Rancher.Scheduler.Affinity:Host_Label", "disk=ssd"}})), "c");
}

Test(rancher_labels, services_are_found_by_the_label_that_rancher_set) {
  for (const char* label : {"io.rancher.stack_service.name", "io.rancher.project_service.name"}) {
    Policy policy = asking({{affinity + "container_label", std::string(label) + "=shop/web"}});
    cr_expect_eq(nodesFor(world(), policy), "b", "%s", label);
  }
  // One alone is of the own stack.
  Policy other = asking({{affinity + "container_label", "io.rancher.stack_service.name=web"},
                         {"com.docker.compose.project", "shop"},
                         {"com.docker.compose.service", "db"}});
  cr_expect_eq(nodesFor(world(), other), "b");
  cr_expect_eq(
      nodesFor(world(), asking({{affinity + "container_label", "io.rancher.stack.name=shop"}})),
      "b");
}

Test(rancher_labels, macros_stand_for_stack_and_service) {
  const std::string value = "io.rancher.stack_service.name=${stack_name}/${service_name}";
  Policy policy = asking({{affinity + "container_label_ne", value},
                          {"com.docker.compose.project", "shop"},
                          {"com.docker.compose.service", "web"}});
  cr_expect_eq(nodesFor(world(), policy), "a c");
  // Not in containers that belong to no stack.
  cr_expect_eq(nodesFor(world(), asking({{affinity + "container_label_ne", value}})), "a b c");
}

Test(rancher_labels, the_spread_idiom_spreads) {
  scheduler::World here = small::threeNodes();
  const small::Pairs web = {{affinity + "container_label_soft_ne",
                             "io.rancher.stack_service.name=${stack_name}/${service_name}"},
                            {"com.docker.compose.project", "shop"},
                            {"com.docker.compose.service", "web"}};
  Policy policy = asking(web);
  std::string nodes[6];
  for (int i = 0; i < 6; i++) {
    nodes[i] = best(here, policy);
    here.putContainer(small::container("web" + std::to_string(i), nodes[i], web, "nginx"));
  }
  // Also when no node is left without one.
  for (int round : {0, 3}) {
    std::set<std::string> used(nodes + round, nodes + round + 3);
    cr_expect_eq(used.size(), 3u);
  }
}

Test(rancher_labels, whoever_wants_to_be_near_its_own_kind_can_be_the_first) {
  // Rancher never placed the first one; nobody can have relied on that.
  const small::Pairs web = {{affinity + "container_label", "role=cache"}, {"role", "cache"}};
  scheduler::World here = world();
  cr_expect_eq(nodesFor(here, asking(web)), "a b c");
  here.putContainer(small::container("first", "c", web));
  cr_expect_eq(nodesFor(here, asking(web)), "c");
}

Test(rancher_labels, blanks_in_lists_do_not_count) {
  // Rancher looked for a key that begins with the blank, which no host has.
  cr_expect_eq(nodesFor(world(), asking({{affinity + "host_label", " zone=x , disk=hdd "}})),
               "a b");
}

Test(rancher_labels, a_value_is_what_follows_the_first_equals_sign) {
  // Rancher dropped what came after a second one.
  scheduler::World here = world();
  here.putNode(small::node("d", {{"opt", "a=b"}}));
  cr_expect_eq(nodesFor(here, asking({{affinity + "host_label", "opt=a=b"}})), "d");
}

Test(rancher_labels, what_rancher_could_not_parse_is_refused) {
  const std::pair<const char*, const char*> cases[] = {
      {"zone=", "at 6: a value is missing"},
      {"zone=x,=y", "at 8: a label's key is missing"},
      {"zone", "at 1: \"zone\" is not key=value"},
  };
  for (const auto& [value, message] : cases)
    cr_expect_eq(small::problemOf(affinity + "host_label", value),
                 affinity + "host_label: " + message);
}

Test(rancher_labels, misspelt_scheduling_labels_are_told_and_passed_over) {
  labels::Decoded decoded =
      labels::decode(small::body({{"io.rancher.scheduler.affinity:host_labels", "a=b"}}));
  cr_expect_not(decoded.problem);
  cr_assert_eq(decoded.warnings.size(), 1u);
  cr_expect_neq(decoded.warnings[0].find("did you mean io.rancher.scheduler.affinity:host_label?"),
                std::string::npos);
}

Test(rancher_labels, global_takes_any_case_and_ignores_what_containers_say) {
  Policy policy = asking({{"io.rancher.scheduler.global", "TRUE"},
                          {affinity + "host_label", "disk=hdd"},
                          {affinity + "container_label_ne", "tier=front"}});
  cr_expect(policy.global);
  std::vector<std::string> ids = scheduler::globalNodes(policy, world(), {});
  cr_expect_eq(ids.size(), 2u);
  cr_expect_eq(ids[0] + " " + ids[1], "id-a id-b");
}

Test(rancher_labels, wishes_do_not_restrict_global_containers) {
  // As its documents said; its program took them as demands.
  Policy policy =
      asking({{"io.rancher.scheduler.global", "true"}, {affinity + "host_label_soft", "disk=ssd"}});
  cr_expect_eq(scheduler::globalNodes(policy, world(), {}).size(), 3u);
}

Test(rancher_labels, dns_never_changes_the_search_domains) {
  // As its documents said; in its program the label's presence dropped the domains of a service.
  Policy policy = asking({{"io.rancher.container.dns", "true"}});
  cr_expect(policy.clusterDns == true);
  cr_expect_not(policy.dnsPriority);
  cr_expect(asking({{"io.rancher.container.dns", "false"}}).clusterDns == false);
  cr_expect_not(asking({{"io.rancher.container.dns", "maybe"}}).clusterDns);
}

Test(rancher_labels, selectors_have_the_whole_grammar_for_every_use) {
  // As its documents said; its load balancer understood k=v only.
  Policy policy = asking({{"io.rancher.service.selector.link", "tier in (front, back), app != db"},
                          {"io.rancher.service.selector.container", "adopt"}});
  cr_expect(labels::selects(policy.linkSelector, {{"tier", "front"}, {"app", "web"}}));
  cr_expect_not(labels::selects(policy.linkSelector, {{"tier", "front"}, {"app", "db"}}));
  cr_expect(labels::selects(policy.containerSelector, {{"adopt", ""}}));
}

Test(rancher_labels, how_a_container_is_run) {
  Policy policy = asking({{"io.rancher.container.pull_image", "always"},
                          {"io.rancher.container.start_once", "true"},
                          {"io.rancher.container.hostname_override", "container_name"},
                          {"io.rancher.container.requested_ip", "10.42.0.5, fd00::5"},
                          {"io.rancher.container.dns.priority", "service_last"},
                          {"io.rancher.container.volume_cleanup_strategy", "all"},
                          {"io.rancher.sidekicks", "logs, data"}});
  cr_expect(policy.pullAlways && policy.startOnce && policy.hostnameFromName);
  cr_expect_eq(policy.requestedIps.size(), 2u);
  cr_expect(policy.dnsPriority == labels::DnsPriority::serviceLast);
  cr_expect(asking({{"io.rancher.container.dns.priority", "None"}}).dnsPriority ==
            labels::DnsPriority::none);
  cr_expect(policy.volumeCleanup == labels::VolumeCleanup::all);
  cr_expect_eq(policy.sidekicks[1], "data");
  // In any case, as our reference says.
  policy = asking({{"io.rancher.container.pull_image", "Always"},
                   {"io.rancher.container.start_once", "True"},
                   {"io.rancher.container.hostname_override", "Container_Name"},
                   {"io.rancher.container.dns", "False"},
                   {"io.rancher.container.dns.priority", "Service_Last"},
                   {"io.rancher.container.volume_cleanup_strategy", "None"},
                   {"io.rancher.scheduler.global", "TRUE"}});
  cr_expect(policy.pullAlways && policy.startOnce && policy.hostnameFromName && policy.global);
  cr_expect(policy.clusterDns == false);
  cr_expect(policy.dnsPriority == labels::DnsPriority::serviceLast);
  cr_expect(policy.volumeCleanup == labels::VolumeCleanup::none);
  // Values that mean nothing were passed over.
  cr_expect_not(asking({{"io.rancher.container.pull_image", "never"}}).pullAlways);
  // Rancher's API refused these.
  cr_expect_neq(small::problemOf("io.rancher.container.volume_cleanup_strategy", "some"), "");
  cr_expect_neq(small::problemOf("io.rancher.container.requested_ip", "10.42.0.x"), "");
}

Test(rancher_labels, empty_parts_of_lists_are_passed_over) {
  scheduler::World here = world();
  cr_expect_eq(nodesFor(here, asking({{affinity + "host_label", "zone=y,"}})),
               nodesFor(here, asking({{affinity + "host_label", "zone=y"}})));
  cr_expect_eq(nodesFor(here, asking({{affinity + "host_label_ne", ",zone=y, ,"}})),
               nodesFor(here, asking({{affinity + "host_label_ne", "zone=y"}})));
  Policy policy = asking({{"io.rancher.sidekicks", "a, ,b,"},
                          {affinity + "container_ne", "web,"},
                          {affinity + "container_label_soft", ","},
                          {affinity + "volumes", "v,"},
                          {"io.rancher.container.requested_ip", "10.42.0.5,"}});
  cr_expect_eq(policy.sidekicks.size(), 2u);
  cr_expect_eq(policy.affinities.size(), 1u);
  cr_expect_eq(policy.boundVolumes.size(), 1u);
  cr_expect_eq(policy.requestedIps.size(), 1u);
}

Test(rancher_labels, volumes_pin_to_their_host) {
  scheduler::World here = world();
  here.setVolumes("id-c", {{"data", true}});
  cr_expect_eq(nodesFor(here, asking({{affinity + "volumes", "data"}})), "c");
  cr_expect_eq(nodesFor(here, asking({{affinity + "volumes", "data,none"}})), "");
}

Test(rancher_labels, hosts_can_require_labels_and_choose_addresses) {
  scheduler::World here = world();
  here.putNode(small::node("d", {{"io.rancher.scheduler.require_any", "gpu, role=batch"},
                                 {"io.rancher.scheduler.ips", "10.1.0.1,10.1.0.2"}}));
  cr_expect_eq(nodesFor(here, asking({})), "a b c");
  cr_expect_eq(nodesFor(here, asking({{"gpu", "any"}})), "a b c d");
  cr_expect_eq(nodesFor(here, asking({{"role", "batch"}})), "a b c d");
  cr_expect_eq(nodesFor(here, asking({{"role", "web"}})), "a b c");

  const std::string ports = R"("HostConfig":{"PortBindings":{"80/tcp":[{"HostPort":"80"}],)"
                            R"("81/tcp":[{"HostPort":"81"}]}})";
  Policy policy = asking({{"gpu", ""}, {"io.drover.node", "d"}}, ports);
  scheduler::Container other = small::container("other", "d");
  other.ports = {{81, labels::Protocol::tcp, "10.1.0.1"}};
  here.putContainer(other);
  // All ports of a container on one address.
  scheduler::Placement placement = scheduler::place(policy, here, {});
  cr_assert_eq(placement.candidates.size(), 1u);
  cr_expect_eq(placement.candidates[0].publishAddress, "10.1.0.2");
  other.ports.push_back({80, labels::Protocol::tcp, "10.1.0.2"});
  here.putContainer(other);
  cr_expect_eq(nodesFor(here, policy), "");
}
