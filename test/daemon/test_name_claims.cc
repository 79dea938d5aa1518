// Names of containers: to whom one is granted, until when it is kept, and when it is free again.

#include "orchestrator/name_claims.h"

#include <criterion/criterion.h>

#include <string>

#include "test/cluster_checks.h"

using namespace test;
using docker::Refusal;
using orchestrator::NameClaims;

namespace {

Refusal take(Hosts& hosts, NameClaims::Claim& claim, const std::string& name,
             const std::string& holder = "") {
  return hosts.stage.run(claim.take(name, holder));
}

base::Task<> taken(NameClaims::Claim& claim, std::string name, std::optional<Refusal>& refusal) {
  refusal = co_await claim.take(std::move(name));
}

}  // namespace

Test(name_claims, an_empty_name_is_never_refused) {
  Hosts hosts(1);
  NameClaims::Claim first(hosts.one().droverd->names), second(hosts.one().droverd->names);
  cr_expect_eq(take(hosts, first, "").status, 0);
  cr_expect_eq(take(hosts, second, "").status, 0);
  cr_expect_eq(first.name(), "");
}

Test(name_claims, a_name_that_another_create_holds_is_refused_and_its_holder_may_ask_again) {
  Hosts hosts(2);
  NameClaims::Claim first(hosts.one().droverd->names), again(hosts.two().droverd->names);
  NameClaims::Claim other(hosts.two().droverd->names);
  cr_expect_eq(take(hosts, first, "web", "holder").status, 0);
  cr_expect_eq(first.name(), "web");
  cr_expect_eq(take(hosts, again, "web", "holder").status, 0);
  Refusal refusal = take(hosts, other, "web");
  cr_expect_eq(refusal.status, 409);
  cr_expect(holds(refusal.message, "\"/web\" is already in use by a container that is being made"),
            "%s", refusal.message.c_str());
  cr_expect_eq(other.name(), "");
}

Test(name_claims, who_waits_gets_a_name_as_soon_as_it_is_given_back) {
  Hosts hosts(2);
  std::optional<NameClaims::Claim> first(std::in_place, hosts.one().droverd->names);
  NameClaims::Claim second(hosts.two().droverd->names);
  cr_expect_eq(take(hosts, *first, "web").status, 0);
  std::optional<Refusal> refusal;
  hosts.stage.start(taken(second, "web", refusal));
  hosts.stage.until([&] { return hosts.one().engine.count("GET /containers/web/json") > 0; });
  cr_expect_not(refusal.has_value());
  first.reset();
  hosts.stage.until([&] { return refusal.has_value(); });
  cr_expect_eq(refusal->status, 0, "%s", refusal->message.c_str());
}

Test(name_claims, a_name_is_refused_with_the_id_of_the_container_that_has_it) {
  Hosts hosts(2);
  hosts.two().engine.run("web");
  hosts.knows(hosts.one(), "web");
  NameClaims::Claim claim(hosts.one().droverd->names);
  Refusal refusal = take(hosts, claim, "web");
  cr_expect_eq(refusal.status, 409);
  cr_expect(holds(refusal.message, "container \"" + hosts.two().engine.idFor("web") + "\""), "%s",
            refusal.message.c_str());
}

Test(name_claims, a_container_of_a_node_that_is_down_keeps_its_name) {
  Hosts hosts(3);
  hosts.two().engine.run("web");
  for (Host* each : {&hosts.one(), &hosts.three()}) hosts.knows(*each, "web");
  hosts.settle();
  hosts.two().kill();
  for (Host* each : {&hosts.one(), &hosts.three()})
    hosts.sees(*each, "host-2", cluster::Status::failed);
  NameClaims::Claim claim(hosts.one().droverd->names);
  Refusal refusal = take(hosts, claim, "web");
  cr_expect_eq(refusal.status, 409);
  cr_expect(holds(refusal.message, hosts.two().engine.idFor("web")), "%s", refusal.message.c_str());
  cr_expect_eq(take(hosts, claim, "db").status, 0);
}

Test(name_claims, without_a_majority_a_name_is_given_all_the_same_and_the_log_says_so) {
  Hosts hosts(2);
  hosts.two().kill();
  hosts.sees(hosts.one(), "host-2", cluster::Status::failed);
  NameClaims::Claim claim(hosts.one().droverd->names);
  cr_expect_eq(take(hosts, claim, "web").status, 0);
  cr_expect(holds(hosts.one().logged(), "name granted without a majority"), "%s",
            hosts.one().logged().c_str());
}

Test(name_claims, the_name_of_a_create_that_failed_is_free) {
  Hosts hosts(2);
  const std::string target = "/containers/create?name=web";
  expectRefused(hosts.one().ask("POST", target, create("app")), 404, "No such image");
  for (const std::unique_ptr<Host>& each : hosts.hosts) each->engine.images = {"app"};
  cr_expect_eq(hosts.two().ask("POST", target, create("app")).status, 201);
}

Test(name_claims, the_name_of_a_container_that_was_made_stays_its_own_before_its_record_comes) {
  Hosts hosts(2);
  for (const std::unique_ptr<Host>& each : hosts.hosts) each->engine.images = {"app"};
  base::HttpReply made = hosts.one().ask("POST", "/containers/create?name=web", create("app"));
  cr_assert_eq(made.status, 201, "%s", made.body.c_str());
  std::string id(base::text(base::parseJson(made.body), "Id"));
  NameClaims::Claim claim(hosts.two().droverd->names);
  Refusal refusal = take(hosts, claim, "web");
  cr_expect_eq(refusal.status, 409);
  cr_expect(holds(refusal.message, id), "%s", refusal.message.c_str());
}

Test(name_claims, a_name_is_kept_while_nobody_knows_what_came_of_its_create) {
  Hosts hosts(2);
  hosts.one().engine.images = {"app"};
  hosts.one().engine.first = [](const std::string& asked) {
    bool isCreate = asked.starts_with("POST /containers/create");
    return isCreate ? answerOf("{\"message\":\"broken off\"}\n", "503 Service Unavailable")
                    : std::string();
  };
  const std::string target = "/containers/create?name=web";
  expectRefused(
      hosts.one().ask("POST", target, create("app", R"("Labels":{"io.drover.node":"host-1"})")),
      503, "broken off");
  NameClaims::Claim claim(hosts.two().droverd->names);
  Refusal refusal = take(hosts, claim, "web");
  cr_expect_eq(refusal.status, 409);
  cr_expect(holds(refusal.message, "being made"), "%s", refusal.message.c_str());
}
