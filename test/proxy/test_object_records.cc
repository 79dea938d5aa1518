// Records of networks, volumes and images, made of the engine's lists.

#include <criterion/criterion.h>

#include <string>

#include "catalog/image_record.h"
#include "catalog/network_record.h"
#include "catalog/volume_record.h"

using namespace catalog;

namespace {

std::string networkList(const std::string& more = "") {
  return R"([{"Name":"bridge","Id":"1","Driver":"bridge"},{"Name":"host","Id":"2"},)"
         R"({"Name":"none","Id":"3"},{"Name":"back","Id":"4f","Created":"2026-01-02T03:04:05Z",)"
         R"("Scope":"local","Driver":"bridge","EnableIPv6":false,"IPAM":{"Driver":"default",)"
         R"("Options":{"secret":"x"},"Config":[{"Subnet":"172.18.0.0/16"}]},"Internal":true,)"
         R"("Attachable":false,"ConfigFrom":{"Network":""},"Containers":{},"Options":{"key":"x"},)"
         R"("Labels":{"a":"b"})" +
         more + "}]\n";
}

}  // namespace

Test(network_record, holds_what_the_list_says_but_options_and_the_built_in_ones) {
  std::optional<Records> records = networkRecords(networkList());
  cr_assert(records.has_value());
  cr_assert_eq(records->size(), 1);
  const std::string& record = records->at("4f");
  cr_expect_eq(record,
               R"({"Name":"back","Created":"2026-01-02T03:04:05Z","Scope":"local",)"
               R"("Driver":"bridge","IPAM":{"Config":[{"Subnet":"172.18.0.0/16"}]},)"
               R"("Internal":true,"Labels":{"a":"b"}})",
               "%s", record.c_str());
  cr_expect_eq(networkFacts(record).value_or(NetworkFacts()).name, "back");
  std::string listed = listedNetwork("4f", record);
  cr_expect_eq(listed,
               R"({"Name":"back","Created":"2026-01-02T03:04:05Z","Scope":"local",)"
               R"("Driver":"bridge","IPAM":{"Config":[{"Subnet":"172.18.0.0/16"}]},)"
               R"("Internal":true,"Labels":{"a":"b"},"Id":"4f","EnableIPv6":false,)"
               R"("Attachable":false,"Ingress":false,"ConfigOnly":false,"Containers":{},)"
               R"("Options":{},"ConfigFrom":{"Network":""}})",
               "%s", listed.c_str());
}

Test(network_record, is_small_whatever_the_labels_are) {
  std::string label = ",\"Labels\":{\"long\":\"" + std::string(100'000, 'x') + "\"}";
  std::optional<Records> records = networkRecords(networkList(label));
  cr_assert(records.has_value());
  cr_expect_leq(records->at("4f").size(), maxObjectRecord);
  cr_expect_eq(networkFacts(records->at("4f")).value_or(NetworkFacts()).name, "back");
  cr_expect_eq(networkRecords("[{\"Id\":\"" + std::string(5000, 'a') + "\"}]")->size(), 0);
}

Test(network_record, what_is_no_list_gives_no_records) {
  for (const char* wrong :
       {"", "{}", "null", "[1]", "[{}]", "[{\"Id\":5}]", "[{\"Id\":\"1\"}", "{\"message\":\"x\"}"})
    cr_expect_not(networkRecords(wrong).has_value(), "%s", wrong);
  cr_expect_eq(networkRecords("[]")->size(), 0);
  for (const char* wrong : {"", "[]", "{}", "{\"Name\":5}", "{\"Name\":\"\"}", "{\"Name\":\"a\""})
    cr_expect_not(networkFacts(wrong).has_value(), "%s", wrong);
  cr_expect_not(
      networkFacts("{\"Name\":\"a\",\"x\":\"" + std::string(5000, 'x') + "\"}").has_value());
  cr_expect_eq(listedNetwork("1", "[]"), "{}");
}

Test(volume_record, holds_what_the_list_says_but_options) {
  std::optional<Records> records = volumeRecords(
      R"({"Volumes":[{"CreatedAt":"2026-01-02T03:04:05Z","Driver":"local","Labels":null,)"
      R"("Mountpoint":"/var/x","Name":"data","Options":{"o":"password=x"},"Scope":"local"},)"
      R"({"Name":"a\"b","Driver":"nfs","Labels":{"k":"v"},"Scope":"global"}],"Warnings":null})");
  cr_assert(records.has_value());
  cr_assert_eq(records->size(), 2);
  cr_expect_eq(records->at("data"),
               R"({"CreatedAt":"2026-01-02T03:04:05Z","Driver":"local","Scope":"local"})");
  cr_expect_eq(records->at("a\"b"), R"({"Driver":"nfs","Scope":"global","Labels":{"k":"v"}})");
  std::string listed = listedVolume("a\"b", records->at("a\"b"));
  cr_expect_eq(listed,
               R"({"Driver":"nfs","Scope":"global","Labels":{"k":"v"},"Name":"a\"b",)"
               R"("Mountpoint":"","Options":null,"Status":{"Node":"down"}})",
               "%s", listed.c_str());
}

Test(volume_record, is_small_and_there_are_not_too_many) {
  std::string list;
  for (size_t i = 0; i < maxObjectRecords + 5; i++)
    list += (i ? "," : "") + std::string("{\"Name\":\"v") + std::to_string(i) + "\"}";
  list += ",{\"Name\":\"last\",\"Labels\":{\"a\":\"" + std::string(9000, 'x') + "\"}}";
  cr_expect_eq(volumeRecords("{\"Volumes\":[" + list + "]}")->size(), maxObjectRecords);
  std::string large = list.substr(list.rfind("{\"Name\""));
  cr_expect_eq(volumeRecords("{\"Volumes\":[" + large + "]}")->at("last"), "{}");
}

Test(volume_record, what_is_no_list_gives_no_records) {
  for (const char* wrong : {"", "[]", "null", "{\"Volumes\":5}", "{\"Volumes\":[1]}",
                            "{\"Volumes\":[{}]}", "{\"Volumes\":[{\"Name\":\"a\"}"})
    cr_expect_not(volumeRecords(wrong).has_value(), "%s", wrong);
  for (const char* none : {"{}", "{\"Volumes\":null}", "{\"Volumes\":[]}"})
    cr_expect_eq(volumeRecords(none)->size(), 0, "%s", none);
  cr_expect_eq(listedVolume("a", "5"), "{}");
}

Test(image_record, holds_the_names) {
  std::optional<Records> records = imageRecords(
      R"([{"Id":"sha256:aa","RepoTags":["a:1","b:2"],"RepoDigests":["a@sha256:dd"],"Created":5},)"
      R"({"Id":"sha256:bb","RepoTags":["<none>:<none>"],"RepoDigests":["<none>@<none>"]},)"
      R"({"Id":"sha256:cc","RepoTags":null,"RepoDigests":["c@sha256:ee"]}])");
  cr_assert(records.has_value());
  cr_assert_eq(records->size(), 3);
  cr_expect_eq(records->at("sha256:aa"),
               R"({"RepoTags":["a:1","b:2"],"RepoDigests":["a@sha256:dd"],"Created":5})");
  cr_expect_eq(records->at("sha256:bb"), "{}");
  cr_expect_eq(records->at("sha256:cc"), R"({"RepoDigests":["c@sha256:ee"]})");
  cr_expect(imageFacts(records->at("sha256:aa"))->names ==
            std::vector<std::string>({"a:1", "b:2", "a@sha256:dd"}));
  cr_expect(imageFacts("{}")->names.empty());
}

Test(image_record, is_small_however_many_names_there_are) {
  std::string tags;
  for (int i = 0; i < 1000; i++)
    tags += (i ? ",\"" : "\"") + std::string(60, 'x') + ":" + std::to_string(i) + "\"";
  std::optional<Records> records =
      imageRecords("[{\"Id\":\"sha256:aa\",\"RepoTags\":[" + tags + "],\"RepoDigests\":[]}]");
  const std::string& record = records->at("sha256:aa");
  cr_expect_leq(record.size(), maxObjectRecord);
  cr_expect_gt(imageFacts(record)->names.size(), 50);
}

Test(image_record, what_is_no_list_gives_no_records) {
  for (const char* wrong : {"", "{}", "[5]", "[{}]", "[{\"Id\":\"a\"}"})
    cr_expect_not(imageRecords(wrong).has_value(), "%s", wrong);
  for (const char* wrong : {"", "[]", "{\"RepoTags\":5}", "{\"RepoTags\":[5,\"\",null]}", "{"})
    cr_expect(imageFacts(wrong)->names.empty(), "%s", wrong);
}
