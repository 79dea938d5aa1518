// Where a container's directories were, for a while.

#include "docker/removed_binds.h"

#include <criterion/criterion.h>

using docker::RemovedBinds;

namespace {

base::Time at(int milliseconds) {
  return base::Time(base::milliseconds(milliseconds));
}

}  // namespace

Test(removed_binds, a_container_that_is_made_again_has_a_home_for_a_minute) {
  RemovedBinds removed;
  removed.removed("web", {"id-b", "b", {"/srv/web/", "/etc/x"}}, at(1'000));
  cr_assert(removed.find("web", at(60'999)));
  cr_expect_eq(removed.find("web", at(60'999))->node, "id-b");
  cr_expect_not(removed.find("web", at(61'000)));
  cr_expect_not(removed.find("db", at(2'000)));
  cr_expect(removed.find("web", {"/etc/x", "/srv/web", "/etc/x"}, at(2'000)));
  cr_expect_not(removed.find("web", {"/srv/web"}, at(2'000)));
}

Test(removed_binds, the_last_one_of_a_name_counts_and_those_without_directories_do_not) {
  RemovedBinds removed;
  removed.removed("web", {"id-b", "b", {"/srv"}}, at(1'000));
  removed.removed("web", {"id-c", "c", {}}, at(2'000));
  cr_expect_eq(removed.find("web", at(3'000))->node, "id-b");
  removed.removed("web", {"id-c", "c", {"/srv"}}, at(3'000));
  cr_expect_eq(removed.find("web", at(4'000))->node, "id-c");
}

Test(removed_binds, what_is_kept_is_bounded) {
  RemovedBinds removed;
  for (int i = 0; i < 5'000; i++)
    removed.removed(std::to_string(i), {"id-b", "b", {"/srv"}}, at(1'000));
  int kept = 0;
  for (int i = 0; i < 5'000; i++) kept += removed.find(std::to_string(i), at(2'000)) != nullptr;
  cr_expect_leq(kept, 1'000);
}
