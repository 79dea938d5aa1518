#include "cluster/agent/store.h"

#include <criterion/criterion.h>
#include <sched.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <limits>
#include <set>
#include <string>

#include "test/stage.h"

using namespace cluster;

namespace {

struct NodeAddresses {
  test::TempDir parent;
  std::string directory = parent / "state";
  std::string file = directory + "/drover.db";
};

NodeId node(char letter) {
  return *NodeId::parse(std::string(NodeId::length, letter));
}

Seed seed(char letter, const char* host) {
  return {node(letter), std::string("host-") + letter, *Endpoint::parse(host, 7946), 2377};
}

std::string whyNot(const std::string& directory) {
  try {
    Store store(directory);
    store.load();
  } catch (const StoreError& wrong) {
    return wrong.what();
  }
  return "";
}

void expectRefused(const NodeAddresses& addresses, const std::string& part) {
  std::string why = whyNot(addresses.directory);
  cr_expect(why.find(part) != std::string::npos && why.find(addresses.file) != std::string::npos,
            "\"%s\" instead of \"%s\"", why.c_str(), part.c_str());
}

void execute(const std::string& file, const std::string& sql) {
  sqlite3* database = nullptr;
  cr_assert_eq(sqlite3_open(file.c_str(), &database), SQLITE_OK);
  cr_assert_eq(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK, "%s: %s",
               sql.c_str(), sqlite3_errmsg(database));
  sqlite3_close(database);
}

std::string bytesOf(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

unsigned modeOf(const std::string& path) {
  struct stat found {};
  ::stat(path.c_str(), &found);
  return found.st_mode & 0777;
}

void saveAll(Store& store) {
  Secret key(std::string_view("node key\0\xff", 10));
  store.save({.node = node('a'),
              .addresses = "place",
              .config = R"({"authorityKey":"authority key"})",
              .certificate = "certificate",
              .key = &key,
              .availability = "drain",
              .labels = {{{"a", "1"}, {"empty", ""}}},
              .members = {{seed('c', "fd00::3"), seed('b', "10.0.0.2")}},
              .removed = {{node('y'), node('x')}}});
}

void expectAll(const Saved& saved) {
  const std::map<std::string, std::string> labels = {{"a", "1"}, {"empty", ""}};
  const std::vector<Seed> members = {seed('b', "10.0.0.2"), seed('c', "fd00::3")};
  const std::vector<NodeId> removed = {node('x'), node('y')};
  cr_expect(saved.node == node('a'));
  cr_expect_eq(saved.addresses, "place");
  cr_expect_eq(saved.config, R"({"authorityKey":"authority key"})");
  cr_expect_eq(saved.certificate, "certificate");
  cr_expect_eq(saved.key.reveal(), std::string_view("node key\0\xff", 10));
  cr_expect_eq(saved.availability, "drain");
  cr_expect(saved.labels == labels);
  cr_expect(saved.members == members);
  cr_expect(saved.removed == removed);
}

void expectNothing(const Saved& saved) {
  cr_expect(saved.node == NodeId());
  cr_expect(saved.addresses.empty() && saved.config.empty());
  cr_expect(saved.certificate.empty() && saved.key.empty());
  cr_expect(saved.labels.empty() && saved.members.empty() && saved.removed.empty());
}

}  // namespace

Test(store, keeps_everything_over_a_restart) {
  NodeAddresses addresses;
  {
    Store store(addresses.directory);
    expectNothing(store.load());
    saveAll(store);
    expectAll(store.load());
  }
  Store store(addresses.directory);
  expectAll(store.load());
}

Test(store, a_change_touches_only_what_it_names) {
  NodeAddresses addresses;
  Store store(addresses.directory);
  saveAll(store);
  store.save({});
  expectAll(store.load());
  store.save({.addresses = "moved", .labels = std::map<std::string, std::string>()});
  Saved saved = store.load();
  cr_expect_eq(saved.addresses, "moved");
  cr_expect(saved.labels.empty());
  store.save({.addresses = "place", .labels = {{{"a", "1"}, {"empty", ""}}}});
  expectAll(store.load());
}

Test(store, files_are_for_their_owner_only) {
  NodeAddresses addresses;
  std::filesystem::create_directory(addresses.directory);
  ::chmod(addresses.directory.c_str(), 0755);
  ::umask(0);
  Store store(addresses.directory);
  saveAll(store);
  cr_expect_eq(modeOf(addresses.directory), 0700);
  for (const auto& each : std::filesystem::directory_iterator(addresses.directory)) {
    cr_expect_eq(modeOf(each.path()), 0600, "%s", each.path().c_str());
  }
}

Test(store, what_was_saved_survives_a_kill) {
  NodeAddresses addresses;
  pid_t child = ::fork();
  if (child == 0) {
    Store store(addresses.directory);
    saveAll(store);
    store.reserve(10);
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  cr_assert_eq(::waitpid(child, &status, 0), child);
  cr_assert(WIFSIGNALED(status));
  Store store(addresses.directory);
  expectAll(store.load());
  cr_expect_eq(store.reserve(1), 11);
}

Test(store, numbers_are_reserved_once) {
  NodeAddresses addresses;
  uint64_t first = 0;
  {
    Store store(addresses.directory);
    first = store.reserve(1000);
    cr_expect_geq(first, 1);
    cr_expect_eq(store.reserve(5), first + 1000);
  }
  Store store(addresses.directory);
  cr_expect_eq(store.reserve(1), first + 1005);
  store.reserveAbove(5'000'000);
  store.reserveAbove(3);
  cr_expect_eq(store.reserve(1), 5'000'001);
  for (uint64_t block : {std::numeric_limits<uint64_t>::max(), uint64_t{1} << 63}) {
    try {
      store.reserve(block);
      cr_expect(false, "reserved %lu", block);
    } catch (const StoreError&) {
    }
  }
  cr_expect_eq(store.reserve(1), 5'000'002);
}

Test(store, sessions_ascend_and_copies_of_a_directory_get_different_ones) {
  NodeAddresses addresses, copy;
  uint64_t first = Store(addresses.directory).beginSession();
  std::filesystem::copy(addresses.directory, copy.directory);
  uint64_t second = Store(addresses.directory).beginSession();
  uint64_t cloned = Store(copy.directory).beginSession();
  cr_expect_gt(second, first);
  cr_expect_eq(first >> 32, 1);
  cr_expect_eq(second >> 32, 2);
  cr_expect_eq(cloned >> 32, 2);
  cr_expect_neq(second, cloned);
}

Test(store, a_second_process_is_refused) {
  NodeAddresses addresses;
  Store store(addresses.directory);
  expectRefused(addresses, "in use by another process");
  pid_t child = ::fork();
  if (child == 0) {
    std::string why = whyNot(addresses.directory);
    ::_exit(why.find("in use by another process") == std::string::npos ? 1 : 0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  cr_expect_eq(status, 0, "another process was let in");
  saveAll(store);
  expectAll(store.load());
}

Test(store, forget_erases_everything_from_the_disk_too) {
  NodeAddresses addresses;
  Store store(addresses.directory);
  saveAll(store);
  store.reserve(100);
  auto holds = [&](const std::string& text) {
    return bytesOf(addresses.file).find(text) != std::string::npos ||
           bytesOf(addresses.file + "-wal").find(text) != std::string::npos;
  };
  cr_assert(holds("authority key"));
  store.forget();
  expectNothing(store.load());
  cr_expect_not(holds("authority key"));
  cr_expect_not(holds("node key"));
  cr_expect_eq(store.reserve(1), 1);
  saveAll(store);
  expectAll(store.load());
}

Test(store, what_is_not_ours_or_not_for_us_is_refused_and_left_alone) {
  NodeAddresses foreign, newer, garbage, cut;
  std::filesystem::create_directory(foreign.directory);
  execute(foreign.file, "CREATE TABLE bookmarks (url TEXT)");
  expectRefused(foreign, "another program");

  { Store made(newer.directory); }
  execute(newer.file, "PRAGMA user_version=2");
  expectRefused(newer, "written by a newer drover: it has version 2 of the state format");

  std::filesystem::create_directory(garbage.directory);
  std::ofstream(garbage.file) << test::pattern(10'000);
  expectRefused(garbage, "is not a database");
  cr_expect(bytesOf(garbage.file) == test::pattern(10'000));

  {
    Store store(cut.directory);
    saveAll(store);
  }
  std::filesystem::resize_file(cut.file, 3 * 4096);
  expectRefused(cut, "is damaged");
}

Test(store, damage_is_found_when_it_is_opened) {
  NodeAddresses addresses;
  {
    Store store(addresses.directory);
    saveAll(store);
  }
  // The last page: a table that is read late, if at all.
  std::string bytes = bytesOf(addresses.file);
  bytes.replace(bytes.size() - 4096, 4096, test::pattern(4096));
  std::ofstream(addresses.file, std::ios::binary) << bytes;
  std::string why;
  try {
    Store store(addresses.directory);
  } catch (const StoreError& wrong) {
    why = wrong.what();
  }
  cr_expect(why.find("is damaged") != std::string::npos, "%s", why.c_str());
}

Test(store, values_that_cannot_be_are_refused) {
  const char* changes[] = {
      "UPDATE member SET id = 'x'",
      "UPDATE member SET ip = 'example.org'",
      "UPDATE member SET gossip_port = 70000",
      "UPDATE member SET api_port = -1",
      "INSERT INTO removed_member VALUES ('')",
      "UPDATE setting SET value = x'00' WHERE name = 'node'",
  };
  for (const char* change : changes) {
    NodeAddresses addresses;
    {
      Store store(addresses.directory);
      store.save({.node = node('a'), .members = {{seed('b', "10.0.0.2")}}});
    }
    execute(addresses.file, change);
    expectRefused(addresses, "is damaged");
  }
}

Test(store, a_write_that_fails_changes_nothing) {
  NodeAddresses addresses;
  Store store(addresses.directory);
  saveAll(store);
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{}, small{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  small.rlim_max = before.rlim_max;
  small.rlim_cur = 128 * 1024;
  ::setrlimit(RLIMIT_FSIZE, &small);
  std::string why;
  try {
    store.save({.addresses = "half", .config = test::pattern(1'000'000)});
  } catch (const StoreError& wrong) {
    why = wrong.what();
  }
  ::setrlimit(RLIMIT_FSIZE, &before);
  cr_expect(why.find(addresses.file) != std::string::npos, "%s", why.c_str());
  expectAll(store.load());
  store.save({.config = test::pattern(1'000'000)});
  cr_expect(store.load().config == test::pattern(1'000'000));
}

// On a disk of 300 KB of its own, where the system lets us make one.
Test(store, a_full_disk_is_told_and_nothing_is_half_written) {
  NodeAddresses addresses;
  std::filesystem::create_directory(addresses.directory);
  if (::unshare(CLONE_NEWNS) != 0 || ::mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount("tmpfs", addresses.directory.c_str(), "tmpfs", 0, "size=300k") != 0)
    cr_skip_test("no mounts here");
  {
    Store store(addresses.directory);
    saveAll(store);
    std::string why;
    try {
      store.save({.addresses = "half", .config = test::pattern(400'000)});
    } catch (const StoreError& wrong) {
      why = wrong.what();
    }
    cr_expect_eq(why, "cannot write " + addresses.file + ": the disk is full");
    expectAll(store.load());
    store.save({.addresses = "small"});
    cr_expect_eq(store.load().addresses, "small");
  }
  Store again(addresses.directory);
  cr_expect_eq(again.load().addresses, "small");
  ::umount2(addresses.directory.c_str(), MNT_DETACH);
}

Test(store, a_directory_that_cannot_be_is_named) {
  test::TempDir parent;
  std::ofstream(parent / "file") << "x";
  std::string why = whyNot(parent / "file/state");
  cr_expect(why.starts_with("cannot create the state directory " + (parent / "file/state")), "%s",
            why.c_str());
}

// Read-only, where the system lets us have a disk of our own.
Test(store, what_cannot_be_written_now_is_opened_later_and_lost_by_nobody) {
  NodeAddresses addresses;
  std::filesystem::create_directory(addresses.directory);
  if (::unshare(CLONE_NEWNS) != 0 || ::mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount("tmpfs", addresses.directory.c_str(), "tmpfs", 0, "size=1m") != 0)
    cr_skip_test("no mounts here");
  {
    Store store(addresses.directory);
    saveAll(store);
  }
  auto remount = [&](unsigned long flags) {
    return ::mount("tmpfs", addresses.directory.c_str(), "tmpfs", MS_REMOUNT | flags, "size=1m");
  };
  cr_assert_eq(remount(MS_RDONLY), 0);
  {
    Store store(addresses.directory);
    for (int i = 0; i < 2; i++) {
      std::string why;
      try {
        store.load();
      } catch (const StoreUnwritable& wrong) {
        why = wrong.what();
      }
      cr_expect(why.find("Read-only file system") != std::string::npos, "%s", why.c_str());
    }
    cr_assert_eq(remount(0), 0);
    expectAll(store.load());
    store.save({.addresses = "small"});
  }
  // As full as can be, from the first byte on.
  std::filesystem::remove_all(addresses.file);
  std::ofstream(addresses.directory + "/ballast") << test::pattern(2'000'000);
  {
    Store store(addresses.directory);
    cr_expect_throw(store.load(), StoreUnwritable);
    std::filesystem::remove(addresses.directory + "/ballast");
    expectNothing(store.load());
    saveAll(store);
  }
  Store again(addresses.directory);
  expectAll(again.load());
  ::umount2(addresses.directory.c_str(), MNT_DETACH);
}
