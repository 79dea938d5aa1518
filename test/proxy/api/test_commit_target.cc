// Images that are made of containers.

#include "proxy/api/commit_target.h"

#include <criterion/criterion.h>

using namespace catalog;
using namespace proxy;

Test(commit_target, what_was_asked_for_the_container_is_not_asked_for_the_image) {
  LabelList labels = {{"a", "b"}, {"com.docker.swarm.constraints", "[\"node==a\"]"}};
  std::string target = commitTarget("/v1.41/commit?container=web&repo=x", labels);
  cr_expect_eq(target,
               "/v1.41/commit?container=web&repo=x&changes="
               "LABEL%20com.docker.swarm.constraints%3D%5B%5D",
               "%s", target.c_str());
  cr_expect_eq(commitTarget("/commit?container=web", {{"a", "b"}}), "/commit?container=web");
  cr_expect_eq(commitTarget("/commit?container=web", {{"io.drover.image", "w@sha256:d"}}),
               "/commit?container=web&changes=LABEL%20io.drover.image%3D");
}
