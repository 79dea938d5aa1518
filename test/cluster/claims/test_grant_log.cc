// The file of what was granted, from one life of a member to the next.

#include "cluster/claims/grant_log.h"

#include <criterion/criterion.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "test/cluster/state_stage.h"
#include "test/stage.h"

using cluster::GrantLog;
using cluster::KeptGrant;
using cluster::Time;
using test::nodeId;

namespace {

const KeptGrant web = {"name/web", "secret", nodeId(1), Time(5'000)};
const KeptGrant data = {"volume/data", "other", nodeId(2), Time(9'000)};

std::string contentOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

bool isNear(Time one, Time other) {
  return one - other < Time(500) && other - one < Time(500);
}

}  // namespace

Test(grant_log, tells_the_next_life_what_stands) {
  test::TempDir folder;
  GrantLog log(folder.path());
  cr_assert_not(log.load(nodeId(0), Time(0)));
  log.begin(nodeId(0), Time(1'000), {data});
  log.granted(Time(1'000), web);
  log.granted(Time(1'000), {"name/gone", "holder", nodeId(1), Time(4'000)});
  log.dropped("name/gone");

  // The next one's clock stands elsewhere.
  auto kept = GrantLog(folder.path()).load(nodeId(0), Time(71'000));
  cr_assert(kept);
  cr_assert_eq(kept->size(), 2);
  cr_assert_eq((*kept)[0].key, "name/web");
  cr_assert_eq((*kept)[0].holder, "secret");
  cr_assert_eq((*kept)[0].asker, nodeId(1));
  cr_assert(isNear((*kept)[0].until, Time(75'000)));
  cr_assert_eq((*kept)[1].key, "volume/data");
  cr_assert(isNear((*kept)[1].until, Time(79'000)));
}

Test(grant_log, is_not_believed_after_a_reboot_or_by_another_node) {
  test::TempDir folder;
  GrantLog log(folder.path());
  log.begin(nodeId(0), Time(0), {web});
  cr_assert_not(log.load(nodeId(1), Time(0)));
  std::string content = contentOf(folder.path() + "/grants");
  cr_assert(cluster::readGrants(content, cluster::bootId(), nodeId(0), Time(0), Time(0)));
  cr_assert_not(cluster::readGrants(content, "another boot", nodeId(0), Time(0), Time(0)));
  cr_assert_not(cluster::readGrants(content, "", nodeId(0), Time(0), Time(0)));
  cr_assert_not(cluster::readGrants("", cluster::bootId(), nodeId(0), Time(0), Time(0)));
  log.remove();
  cr_assert_not(std::filesystem::exists(folder.path() + "/grants"));
}

Test(grant_log, does_without_the_end_that_was_cut_off) {
  test::TempDir folder;
  GrantLog log(folder.path());
  log.begin(nodeId(0), Time(0), {});
  size_t whole = contentOf(folder.path() + "/grants").size();
  log.granted(Time(0), web);
  std::string content = contentOf(folder.path() + "/grants");
  for (size_t length = 0; length <= content.size(); length++) {
    std::string_view part(content.data(), length);
    auto kept = cluster::readGrants(part, cluster::bootId(), nodeId(0), Time(0), Time(0));
    cr_assert_eq(kept.has_value(), length >= whole);
    if (kept) cr_assert_eq(kept->size(), length == content.size() ? 1 : 0);
  }
}

Test(grant_log, leaves_no_file_where_it_cannot_write) {
  test::TempDir folder;
  GrantLog log(folder.path() + "/missing");
  log.begin(nodeId(0), Time(0), {web});
  log.granted(Time(0), data);
  cr_assert_not(log.load(nodeId(0), Time(0)));
}
