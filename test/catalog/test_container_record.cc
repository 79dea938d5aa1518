// Records of containers: made of list and inspection by their owner, read by all.

#include "catalog/container_record.h"

#include <criterion/criterion.h>

#include <string>

#include "catalog/local_containers.h"

using namespace docker;
using namespace catalog;

namespace {

const std::string entry =
    R"({"Id":"c1","Names":["/web","/db/alias"],"Image":"app:1","ImageID":"sha256:aa","Created":7,)"
    R"("Ports":[{"IP":"0.0.0.0","PrivatePort":80,"PublicPort":8080,"Type":"tcp"},)"
    R"({"PrivatePort":81,"Type":"tcp"}],"Labels":{"b":"2","a":"1"},"State":"running","Status":"",)"
    R"("Mounts":[{"Type":"volume","Name":"data","Source":"/x"},{"Type":"bind","Source":"/etc"},)"
    R"({"Type":"tmpfs"}]})";

std::string replaced(std::string text, const std::string& old, const std::string& fresh) {
  return text.replace(text.find(old), old.size(), fresh);
}

ContainerFacts facts(const std::string& record) {
  std::optional<ContainerFacts> understood = containerFacts("c1", record);
  cr_assert(understood.has_value(), "%s", record.c_str());
  return *understood;
}

LocalContainers::Sums sums(uint64_t nanoCpus, uint64_t memory, uint64_t containers,
                           uint64_t running) {
  return {nanoCpus, memory, containers, running};
}

std::string inspection(const std::string& hostConfig) {
  return "{\"Id\":\"c1\",\"HostConfig\":{" + hostConfig + "}}";
}

void inspect(LocalContainers& own, const std::string& id, std::string_view json) {
  if (std::optional<LocalContainers::Told> told = LocalContainers::read(id, json))
    own.inspected(id, std::move(*told));
}

}  // namespace

Test(container_record, tells_what_placement_asks) {
  ContainerFacts all = facts(containerRecord(entry, R"({"NanoCpus":5,"Ports":[":8080/tcp"]})"));
  cr_expect(all.names == std::vector<std::string>({"web"}));
  cr_expect_eq(all.created, 7);
  cr_expect_eq(all.image, "app:1");
  cr_expect_eq(all.imageId, "sha256:aa");
  cr_assert_eq(all.labels.size(), 2);
  cr_expect_eq(all.labels[0].first + all.labels[0].second, "a1");
  cr_expect(all.running);
  cr_expect(all.ports == std::vector<HostPort>({{"0.0.0.0", 8080, "tcp"}}));
  cr_expect(all.volumes == std::vector<std::string>({"data"}));
  cr_expect(all.binds == std::vector<std::string>({"/etc"}));
  cr_expect_eq(all.reserves.nanoCpus, 5);
  cr_expect_eq(all.reserves.ports.size(), 1);
}

Test(container_record, ports_count_while_it_runs_and_reservations_until_it_is_dead) {
  const struct {
    const char* state;
    size_t ports;
    uint64_t nanoCpus;
  } cases[] = {{"created", 0, 5}, {"running", 1, 5}, {"paused", 1, 5},  {"restarting", 1, 5},
               {"exited", 0, 5},  {"dead", 0, 0},    {"removing", 0, 5}};
  for (const auto& each : cases) {
    std::string listed = replaced(entry, "\"running\"", "\"" + std::string(each.state) + "\"");
    ContainerFacts all = facts(containerRecord(listed, R"({"NanoCpus":5})"));
    cr_expect_eq(all.ports.size(), each.ports, "%s", each.state);
    cr_expect_eq(all.reserves.nanoCpus, each.nanoCpus, "%s", each.state);
  }
  std::string between = replaced(entry, "\"running\"", "\"restarting\"");
  between = replaced(between, ",\"PublicPort\":8080", "");
  ContainerFacts all = facts(containerRecord(between, R"({"Ports":[":80/tcp"]})"));
  cr_expect(all.ports == std::vector<HostPort>({{"", 80, "tcp"}}), "it will take them again");
  std::string before = replaced(between, "\"restarting\"", "\"created\"");
  all = facts(containerRecord(before, R"({"Ports":[":80/tcp"]})"));
  cr_expect(all.ports == std::vector<HostPort>({{"", 80, "tcp"}}), "it is about to take them");
}

Test(container_record, on_the_host_s_network_ports_are_those_it_exposes_while_it_runs) {
  for (auto [state, ports] : {std::pair("created", 1u), {"running", 1u}, {"exited", 0u}}) {
    std::string listed = "{\"Id\":\"" + std::string(64, 'a') + "\",\"State\":\"" + state +
                         "\",\"HostConfig\":{\"NetworkMode\":\"host\"}}";
    std::optional<ContainerFacts> all =
        containerFacts(std::string(64, 'a'), containerRecord(listed, R"({"Ports":[":80/tcp"]})"));
    cr_assert(all.has_value());
    cr_expect_eq(all->ports.size(), ports, "%s", state);
  }
}

Test(container_record, stands_for_the_entry_of_the_list) {
  cr_expect_eq(containerRecord(entry, ""), entry);
  cr_expect_eq(listedContainer(entry), entry);
  cr_expect_eq(listedContainer(containerRecord(entry, R"({"Memory":1})")), entry);
  cr_expect_eq(containerRecord("", R"({"Memory":1})"), "");
  cr_expect_eq(listedContainer("[]"), "[]");
}

Test(container_record, what_is_none_of_that_container_tells_nothing) {
  for (const char* wrong : {"", "[]", "{}", "{\"Id\":5}", "{\"Id\":\"c2\"}", "{\"Id\":\"c1\""})
    cr_expect_not(containerFacts("c1", wrong).has_value(), "%s", wrong);
  ContainerFacts odd = facts(
      R"({"Id":"c1","Names":5,"Ports":[{"PublicPort":70000},5],"Mounts":[5,{"Type":"volume"}],)"
      R"("Labels":{"a":5},"State":5,"Drover":[]})");
  cr_expect(odd.names.empty() && odd.ports.empty() && odd.volumes.empty() && odd.labels.empty());
  std::string ports;
  for (int i = 1; i < 6000; i++)
    ports += std::string(i > 1 ? "," : "") + "{\"PublicPort\":" + std::to_string(i) + "}";
  cr_expect_eq(facts(R"({"Id":"c1","State":"running","Ports":[)" + ports + "]}").ports.size(),
               4096);
}

Test(container_record, what_is_pending_has_a_record_of_its_own) {
  const std::string body =
      R"({"Image":"app","Labels":{"b":"2","a":"\"1\""},)"
      R"("HostConfig":{"Memory":5,"PortBindings":{"80/tcp":[{"HostPort":"8080"}]}}})";
  const std::string record =
      pendingRecord("pending/n/0", "web", requestedFacts(docker::CreateRequest(body)), "m/7");
  std::optional<ContainerFacts> read = containerFacts("pending/n/0", record);
  cr_assert(read.has_value());
  cr_expect(read->names == std::vector<std::string>{"web"});
  cr_expect(read->labels == LabelList({{"a", "\"1\""}, {"b", "2"}}));
  cr_expect_eq(read->image, "app");
  cr_expect_eq(read->reserves.memory, 5);
  cr_expect(read->ports == std::vector<HostPort>({{"", 8080, "tcp"}}));
  cr_expect_eq(reservationOf(record), "m/7");
  const std::string plain = pendingRecord("pending/n/1", "", ContainerFacts(), "");
  cr_expect(containerFacts("pending/n/1", plain)->names.empty());
  cr_expect_eq(reservationOf(plain), "");
  for (const char* wrong : {"", "[]", "{\"Reservation\":5}"})
    cr_expect_eq(reservationOf(wrong), "");
}

Test(container_record, a_request_tells_of_its_container_before_there_is_a_record) {
  ContainerFacts all = requestedFacts(
      docker::CreateRequest(R"({"Image":"app","Labels":{"a":"1"},"HostConfig":{"Memory":5}})"));
  cr_expect_eq(all.image, "app");
  cr_expect_eq(all.labels.size(), 1);
  cr_expect_eq(all.reserves.memory, 5);
  cr_expect_eq(requestedFacts(docker::CreateRequest("[")).image, "");
}

Test(own_containers, need_one_inspection_until_something_may_have_changed) {
  LocalContainers own;
  std::vector<ContainerTable::Plain> listed = {{"c1", entry, true, false}};
  cr_expect_eq(own.unknown(listed).size(), 1);
  inspect(own, "c1", "senseless");
  cr_expect_eq(own.unknown(listed).size(), 1);
  inspect(own, "c1", inspection(R"("Memory":5)"));
  cr_expect_eq(own.unknown(listed).size(), 0);
  for (const char* silent : {R"({"Type":"container","Action":"start","Actor":{"ID":"c1"}})", "",
                             "[]", R"({"Type":"container","Action":"update","Actor":{"ID":"c2"}})",
                             R"({"Type":"network","Action":"create","Actor":{"ID":"c1"}})"}) {
    own.event(silent);
    cr_expect_eq(own.unknown(listed).size(), 0, "%s", silent);
  }
  for (const char* telling :
       {R"({"Type":"container","Action":"update","Actor":{"ID":"c1"}})",
        R"({"Type":"container","Action":"rename","Actor":{"ID":"c1"}})",
        R"({"Type":"network","Action":"connect","Actor":{"Attributes":{"container":"c1"}}})"}) {
    own.event(telling);
    cr_expect_eq(own.unknown(listed).size(), 1, "%s", telling);
    inspect(own, "c1", inspection(R"("Memory":5)"));
    cr_expect_eq(own.unknown(listed).size(), 0, "%s", telling);
  }
  own.inspected("c1", {}, true);
  cr_expect_eq(own.unknown(listed).size(), 1, "an event came while it was read");
}

Test(own_containers, sums_are_of_those_that_exist_and_are_not_dead) {
  LocalContainers own;
  inspect(own, "c1", inspection(R"("Memory":5,"NanoCpus":1)"));
  inspect(own, "c2", inspection(R"("Memory":6,"NanoCpus":2)"));
  inspect(own, "c3", inspection(R"("Memory":7)"));
  LocalContainers::Made made = own.make({{"c1", "{\"Id\":\"c1\"}", true, false},
                                         {"c2", "{\"Id\":\"c2\"}", false, false},
                                         {"c3", "{\"Id\":\"c3\"}", false, true},
                                         {"c4", "{\"Id\":\"c4\"}", false, false}});
  cr_expect(made.sums == sums(3, 11, 4, 1));
  cr_expect_eq(made.records.at("c1"), R"({"Id":"c1","Drover":{"NanoCpus":1,"Memory":5}})");
  cr_expect_eq(made.records.at("c4"), "{\"Id\":\"c4\"}", "gone before it could be inspected");
  made = own.make({{"c1", "{\"Id\":\"c1\"}", false, false}});
  cr_expect(made.sums == sums(1, 5, 1, 0));
  std::vector<ContainerTable::Plain> again = {{"c2", "{}", false, false}};
  cr_expect_eq(own.unknown(again).size(), 1, "what is not listed is forgotten");
}
