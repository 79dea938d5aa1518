// The state directory's database is frozen: one of then is read, and one of now is made like it.

#include <criterion/criterion.h>
#include <sqlite3.h>

#include <filesystem>
#include <string>

#include "cluster/agent/store.h"
#include "test/golden.h"
#include "test/stage.h"

using namespace cluster;

namespace {

const std::string golden = DROVER_SOURCE_DIR "/test/golden/drover.db";

NodeId node(char letter) {
  return *NodeId::parse(std::string(NodeId::length, letter));
}

Seed seed(char letter, const char* ip) {
  return {node(letter), std::string("host-") + letter, *Endpoint::parse(ip, 7946), 2377};
}

void writeAll(const std::string& directory) {
  Store store(directory);
  Secret key("key");
  store.save({.node = node('a'),
              .addresses = R"({"listen":"0.0.0.0"})",
              .config = R"({"id":"c"})",
              .certificate = "certificate",
              .key = &key,
              .availability = "drain",
              .labels = {{{"zone", "east"}}},
              .members = {{seed('b', "10.0.0.2"), seed('c', "fd00::3")}},
              .removed = {{node('x')}}});
  store.reserve(1'000'000);
  store.beginSession();
}

// The first column of the first row, or of all rows with `all`, a line each.
std::string ask(const std::string& file, const std::string& sql) {
  sqlite3* database = nullptr;
  std::string found;
  cr_assert_eq(sqlite3_open(file.c_str(), &database), SQLITE_OK);
  auto add = [](void* out, int, char** values, char**) {
    static_cast<std::string*>(out)->append(values[0] ? values[0] : "").append("\n");
    return 0;
  };
  cr_assert_eq(sqlite3_exec(database, sql.c_str(), add, &found, nullptr), SQLITE_OK);
  sqlite3_close(database);
  return found;
}

struct CopyOfThen {
  test::TempDir parent;
  std::string directory = parent / "state";
  std::string file = directory + "/drover.db";

  CopyOfThen() {
    if (test::writesGolden()) {
      writeAll(directory);
      std::filesystem::copy_file(file, golden, std::filesystem::copy_options::overwrite_existing);
    }
    std::filesystem::create_directory(directory);
    std::filesystem::copy_file(golden, file, std::filesystem::copy_options::overwrite_existing);
  }
};

constexpr const char* schemaOf = "SELECT sql FROM sqlite_schema ORDER BY name";

}  // namespace

Test(store_format, what_was_saved_then_is_read) {
  CopyOfThen then;
  Store store(then.directory);
  Saved saved = store.load();
  cr_expect(saved.node == node('a'));
  cr_expect_eq(saved.addresses, R"({"listen":"0.0.0.0"})");
  cr_expect_eq(saved.config, R"({"id":"c"})");
  cr_expect_eq(saved.certificate, "certificate");
  cr_expect(saved.key.equals("key"));
  cr_expect_eq(saved.availability, "drain");
  cr_expect_eq(saved.labels.at("zone"), "east");
  std::vector<Seed> members = {seed('b', "10.0.0.2"), seed('c', "fd00::3")};
  cr_expect(saved.members == members);
  cr_expect(saved.removed == std::vector<NodeId>{node('x')});
  cr_expect_eq(store.reserve(1), 1'000'001, "numbers go on");
  cr_expect_eq(store.beginSession() >> 32, 2, "so do the starts");
}

Test(store_format, tables_and_their_version_are_as_they_were) {
  CopyOfThen then;
  test::TempDir parent;
  writeAll(parent / "state");
  std::string now = parent / "state/drover.db";
  std::string today = ask(now, schemaOf), before = ask(then.file, schemaOf);
  cr_expect_eq(today, before, "%s instead of %s", today.c_str(), before.c_str());
  for (const char* number : {"PRAGMA user_version", "PRAGMA application_id"})
    cr_expect_eq(ask(now, number), ask(then.file, number), "%s", number);
  cr_expect_eq(ask(now, "PRAGMA user_version"), "1\n");
  // Names of settings and counters are part of it.
  for (const char* names :
       {"SELECT name FROM setting ORDER BY 1", "SELECT name FROM counter ORDER BY 1"})
    cr_expect_eq(ask(now, names), ask(then.file, names), "%s", names);
}

Test(store_format, one_of_a_newer_version_is_refused_and_left_as_it_is) {
  CopyOfThen then;
  ask(then.file, "PRAGMA user_version=2; CREATE TABLE news (id TEXT)");
  std::string why;
  try {
    Store store(then.directory);
  } catch (const StoreError& refused) {
    why = refused.what();
  }
  for (const std::string& part :
       {then.file, std::string("version 2"), std::string("version 1"),
        std::string("install that release again"), std::string("move the file away and join")})
    cr_expect(why.find(part) != std::string::npos, "\"%s\" is not in \"%s\"", part.c_str(),
              why.c_str());
  cr_expect_eq(ask(then.file, "SELECT count(*) FROM news"), "0\n");
}
