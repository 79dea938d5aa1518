// Which volumes go with a container.

#include "orchestrator/container_removal.h"

#include <criterion/criterion.h>

using namespace orchestrator;
using labels::VolumeCleanup;

Test(container_removal, the_label_says_which_volumes_go) {
  const std::string key = "io.rancher.container.volume_cleanup_strategy";
  auto said = [&](const std::string& name, const std::string& value) {
    return volumeCleanup({{"other", "all"}, {name, value}});
  };
  cr_expect(said(key, "none") == VolumeCleanup::none);
  cr_expect(said(key, "unnamed") == VolumeCleanup::unnamed);
  cr_expect(said("IO.Rancher.container.volume_cleanup_strategy", "all") == VolumeCleanup::all);
  cr_expect_not(said(key, "some").has_value());
  cr_expect_not(said("volume_cleanup_strategy", "all").has_value());
  cr_expect(volumeCleanup("{\"Config\":{\"Labels\":{\"" + key + "\":\"all\"}}}") ==
            VolumeCleanup::all);
  for (const char* nothing : {"", "{", "[]", "{}", "{\"Config\":5}", "{\"Config\":{\"Labels\":[]}}",
                              "{\"Config\":{\"Labels\":{\"a\":5}}}"})
    cr_expect_not(volumeCleanup(std::string_view(nothing)).has_value(), "%s", nothing);
}

Test(container_removal, the_engine_is_asked_to_remove_volumes_or_not_to) {
  const struct {
    const char* target;
    VolumeCleanup cleanup;
    const char* expected;
  } cases[] = {
      {"/containers/web", VolumeCleanup::unnamed, "/containers/web?v=1"},
      {"/v1.41/containers/web?", VolumeCleanup::all, "/v1.41/containers/web?v=1"},
      {"/containers/web?v=1&force=1", VolumeCleanup::none, "/containers/web?force=1&v=0"},
      {"/containers/web?v=0&force=true&v=0", VolumeCleanup::all, "/containers/web?force=true&v=1"},
      {"/containers/web?force=%zz", VolumeCleanup::all, "/containers/web?force=%zz"},
  };
  for (const auto& each : cases)
    cr_expect_eq(removalTarget(each.target, each.cleanup), each.expected, "%s: %s", each.target,
                 removalTarget(each.target, each.cleanup).c_str());
}

Test(container_removal, volumes_of_this_node_are_told_from_others) {
  std::vector<std::string> expected = {"data", "anonymous"};
  cr_expect(localVolumes(R"({"Mounts":[{"Type":"volume","Name":"data","Driver":"local"},
      {"Type":"bind","Source":"/etc"},{"Type":"volume","Name":"shared","Driver":"nfs"},
      {"Type":"volume","Driver":"local"},5,{"Type":"volume","Name":"anonymous","Driver":"local"}]})") ==
            expected);
  for (const char* nothing : {"", "{}", "{\"Mounts\":5}", "{\"Mounts\":[[]]}"})
    cr_expect(localVolumes(nothing).empty(), "%s", nothing);
}

Test(container_removal, only_a_flag_that_dockerd_takes_for_true_removes_a_link) {
  cr_expect(orchestrator::removesLink("link=1&v=0"));
  cr_expect(orchestrator::removesLink("v=1&link=True"));
  for (const char* query : {"", "v=1", "link=", "link=0", "link=False", "v=True&link=false"})
    cr_expect_not(orchestrator::removesLink(query), "%s", query);
}
