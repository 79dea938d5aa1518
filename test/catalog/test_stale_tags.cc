// A node's list of images without the tags that mean other images.

#include "catalog/stale_tags.h"

#include <criterion/criterion.h>

#include <string>

using namespace catalog;

Test(stale_tags, an_image_is_listed_without_the_tags_that_mean_another_one) {
  NodeAnswer answer{"n1", "one", "10.0.0.1",
                    R"([{"Id":"sha256:a","RepoTags":["t:1","t:2"],"RepoDigests":null,"Size":1},)"
                    R"({"Id":"sha256:b","RepoTags":["u:1"],"RepoDigests":[]},)"
                    R"({"Id":"sha256:c","RepoTags":["v:1"],"RepoDigests":["v@sha256:d"]}])"};
  auto isStale = [](std::string_view node, std::string_view tag, std::string_view image) {
    cr_expect_eq(node, "n1");
    return tag == "t:1" || (tag == "u:1" && image == "sha256:b") || tag == "v:1";
  };
  cr_expect_eq(withoutStaleTags(answer, isStale, false),
               R"([{"Id":"sha256:a","RepoTags":["t:2"],"RepoDigests":null,"Size":1},)"
               R"({"Id":"sha256:b","RepoTags":["<none>:<none>"],"RepoDigests":["<none>@<none>"]},)"
               R"({"Id":"sha256:c","RepoTags":null,"RepoDigests":["v@sha256:d"]}])");
  cr_expect_eq(withoutStaleTags(answer, isStale, true),
               R"([{"Id":"sha256:a","RepoTags":["t:2"],"RepoDigests":null,"Size":1}])");
  auto never = [](std::string_view, std::string_view, std::string_view) { return false; };
  cr_expect_eq(withoutStaleTags(answer, never, true), answer.body);
}
