// Records of what engines have are frozen: they are written as they were, and what was written then
// is read.

#include <criterion/criterion.h>

#include <string>

#include "catalog/container_record.h"
#include "catalog/container_spec.h"
#include "catalog/image_record.h"
#include "catalog/network_record.h"
#include "catalog/tag_index.h"
#include "catalog/volume_record.h"
#include "docker/create_request.h"
#include "docker/object_kind.h"
#include "test/golden.h"

using namespace catalog;

namespace {

std::string then(const std::string& name) {
  std::string text = test::golden(name);
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

void expectLine(const std::string& name, const std::string& today) {
  test::expectGolden(name, today + "\n");
}

ResourceRequest reserves() {
  ResourceRequest reserves;
  reserves.nanoCpus = 500'000'000;
  reserves.memory = 268'435'456;
  reserves.pids = 100;
  reserves.ports = {{"127.0.0.1", 80, "tcp"}, {"", 53, "udp"}};
  reserves.devices = {{"nvidia", -1, {"0"}, {{"gpu"}}}};
  return reserves;
}

// As engines answer.
constexpr const char* entry =
    R"({"Id":"c1","Names":["/web","/other/db"],"Image":"app:1","ImageID":"sha256:9a1f",)"
    R"("Command":"sh","Created":1700000000,"Ports":[{"IP":"0.0.0.0","PrivatePort":80,)"
    R"("PublicPort":8080,"Type":"tcp"}],"Labels":{"a":"b"},"State":"running","Status":"",)"
    R"("HostConfig":{"NetworkMode":"default"},"Mounts":[{"Type":"volume","Name":"data"}]})";

constexpr const char* inspection =
    R"({"Id":"c1","Name":"/web","Config":{"Hostname":"web","Env":["A=b"],"Image":"app:1"},)"
    R"("HostConfig":{"Binds":["data:/data"],"NetworkMode":"default"},)"
    R"("NetworkSettings":{"Networks":{"bridge":{"Aliases":["a"]}}}})";

constexpr const char* networks =
    R"([{"Name":"back","Id":"n1","Created":"2026-01-02T03:04:05Z","Scope":"local",)"
    R"("Driver":"bridge","EnableIPv6":false,"IPAM":{"Driver":"default","Config":)"
    R"([{"Subnet":"172.18.0.0/16"}]},"Internal":true,"Options":{"o":"p"},"Labels":{"a":"b"}}])";

constexpr const char* volumes =
    R"({"Volumes":[{"CreatedAt":"2026-01-02T03:04:05Z","Driver":"local","Name":"data",)"
    R"("Mountpoint":"/x","Options":{"o":"p"},"Scope":"local","Labels":{"a":"b"}}]})";

constexpr const char* images =
    R"([{"Id":"sha256:9a1f","RepoTags":["app:1"],"RepoDigests":["app@sha256:3fbc"],)"
    R"("Created":1668473634,"Size":5}])";

}  // namespace

Test(records_format, they_have_the_keys_of_then) {
  cr_expect_eq(containerRecords, "container/");
  cr_expect_eq(specRecords, "spec/");
  cr_expect_eq(pendingRecords, "pending/");
  cr_expect_eq(tagRecords, "tag/");
  cr_expect_eq(docker::recordsOf(docker::ObjectKind::network), "network/");
  cr_expect_eq(docker::recordsOf(docker::ObjectKind::volume), "volume/");
  cr_expect_eq(docker::recordsOf(docker::ObjectKind::image), "image/");
}

Test(records_format, a_container) {
  expectLine("record_container.json", containerRecord(entry, encode(reserves())));
  std::optional<ContainerFacts> read = containerFacts("c1", then("record_container.json"));
  cr_assert(read);
  cr_expect_eq(read->names.at(0), "web");
  cr_expect_eq(read->links.at(0), "other/db");
  cr_expect_eq(read->image, "app:1");
  cr_expect_eq(read->ports.at(0).port, 8080);
  cr_expect_eq(read->volumes.at(0), "data");
  cr_expect(read->reserves == reserves());
  cr_expect_eq(listedContainer(then("record_container.json")), std::string(entry));
}

Test(records_format, a_pending_container) {
  ContainerFacts asked;
  asked.image = "app:1";
  asked.labels = {{"a", "b"}};
  asked.reserves = reserves();
  const std::string id = "pending/n/0";
  expectLine("record_pending.json", pendingRecord(id, "web", asked, "m/7"));
  std::string record = then("record_pending.json");
  std::optional<ContainerFacts> read = containerFacts(id, record);
  cr_assert(read);
  cr_expect_eq(read->names.at(0), "web");
  cr_expect_eq(read->state, "created");
  cr_expect(read->labels == asked.labels && read->reserves == reserves());
  cr_expect_eq(reservationOf(record), "m/7");
}

Test(records_format, a_containers_spec) {
  expectLine("record_spec.json", specOf("c1", inspection).value_or(""));
  ContainerFacts read = requestedFacts(docker::CreateRequest(then("record_spec.json")));
  cr_expect_eq(read.image, "app:1");
}

Test(records_format, a_network) {
  expectLine("record_network.json", networkRecords(networks).value()["n1"]);
  cr_expect_eq(networkFacts(then("record_network.json")).value_or(NetworkFacts()).name, "back");
}

Test(records_format, a_volume) {
  expectLine("record_volume.json", volumeRecords(volumes).value()["data"]);
  std::string listed = listedVolume("data", then("record_volume.json"));
  cr_expect(listed.find(R"("Labels":{"a":"b"})") != std::string::npos, "%s", listed.c_str());
}

Test(records_format, an_image) {
  expectLine("record_image.json", imageRecords(images).value()["sha256:9a1f"]);
  std::vector<std::string> names = {"app:1", "app@sha256:3fbc"};
  cr_expect(imageFacts(then("record_image.json"))->names == names);
}

Test(records_format, a_tag) {
  cluster::NodeId writer = *cluster::NodeId::parse(std::string(cluster::NodeId::length, 'w'));
  expectLine("record_tag.json", tagRecord({"sha256:9a1f", 7, writer}));
  std::optional<TagMeaning> read = parseTagRecord(then("record_tag.json"));
  cr_assert(read);
  cr_expect_eq(read->image, "sha256:9a1f");
  cr_expect_eq(read->serial, 7);
  cr_expect(read->writer == writer);
}

// What a newer node adds without a new version.
Test(records_format, unknown_members_are_passed_over) {
  std::string record = then("record_container.json");
  record.insert(1, R"("New":{"x":[1]},)");
  std::optional<ContainerFacts> read = containerFacts("c1", record);
  cr_assert(read);
  cr_expect(read->reserves == reserves());
  cr_expect(parseTagRecord(R"({"new":1,)" + then("record_tag.json").substr(1)).has_value());
}
