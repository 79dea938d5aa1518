// What the disk does not take is kept, and written when it does.

#include "cluster/agent/saving.h"

#include <criterion/criterion.h>
#include <sys/resource.h>

#include <csignal>
#include <string>

#include "test/stage.h"

using namespace cluster;

namespace {

NodeId node(char letter) {
  return *NodeId::parse(std::string(NodeId::length, letter));
}

// While it lives no file grows above 128 KB.
struct FullDisk {
  FullDisk() {
    std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before);
    rlimit small = before;
    small.rlim_cur = 128 * 1024;
    ::setrlimit(RLIMIT_FSIZE, &small);
  }
  ~FullDisk() { ::setrlimit(RLIMIT_FSIZE, &before); }
  rlimit before{};
};

}  // namespace

Test(saving, writes_at_once_when_it_can) {
  test::TempDir directory;
  Store store(directory / "state");
  Saving saving(store);
  saving.save({.config = "one"});
  saving.reserveAbove(100);
  cr_expect_eq(saving.why(), "");
  cr_expect_eq(store.load().config, "one");
  cr_expect_geq(store.reserve(1), 101);
}

Test(saving, keeps_the_last_of_each_until_the_disk_takes_it) {
  test::TempDir directory;
  Store store(directory / "state");
  Saving saving(store);
  saving.save({.config = "one"});
  {
    FullDisk full;
    saving.save({.config = test::pattern(1'000'000)});
    cr_expect_neq(saving.why(), "");
    saving.save({.removed = {{node('x')}}});
    saving.reserveAbove(7'000);
    saving.reserveAbove(5'000);
    saving.tryAgain();
    cr_expect_neq(saving.why(), "");
    cr_expect_eq(store.load().config, "one");
    cr_expect(store.load().removed.empty());
  }
  saving.save({.config = "two"});
  cr_expect_eq(saving.why(), "");
  cr_expect_eq(store.load().config, "two", "the large one is no longer wanted");
  cr_expect_eq(store.load().removed.size(), 1);
  cr_expect_eq(store.reserve(1), 7'001);
}

Test(saving, what_is_forgotten_is_not_written) {
  test::TempDir directory;
  Store store(directory / "state");
  Saving saving(store);
  {
    FullDisk full;
    saving.save({.config = test::pattern(1'000'000)});
  }
  saving.forget();
  cr_expect_eq(saving.why(), "");
  saving.tryAgain();
  cr_expect_eq(store.load().config, "");
}
