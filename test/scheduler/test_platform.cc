// What a node runs.

#include "scheduler/platform.h"

#include <criterion/criterion.h>

Test(platform, engines_and_images_spell_differently) {
  cr_expect_eq(scheduler::platformOf("linux", "x86_64"), "linux/amd64");
  cr_expect_eq(scheduler::platformOf("linux", "aarch64"), "linux/arm64");
  cr_expect_eq(scheduler::platformOf("linux", "armv7l"), "linux/arm/v7");
  cr_expect_eq(scheduler::platformOf("", ""), "");
  const struct {
    const char* node;
    const char* wanted;
    bool runs;
  } cases[] = {
      {"linux/amd64", "linux/amd64", true},    {"linux/amd64", "linux", true},
      {"linux/amd64", "amd64", true},          {"linux/amd64", "x86_64", true},
      {"linux/amd64", "linux/arm64", false},   {"linux/amd64", "windows/amd64", false},
      {"linux/arm64", "linux/arm64/v8", true}, {"linux/arm/v7", "linux/arm/v6", true},
      {"linux/arm/v6", "linux/arm/v7", false}, {"linux/arm/v7", "linux/arm", true},
      {"linux/amd64", "linux/386", true},
  };
  for (const auto& each : cases)
    cr_expect_eq(scheduler::runs(each.node, each.wanted), each.runs, "%s %s", each.node,
                 each.wanted);
}
