// Versions of APIs, engines and kernels.

#include "docker/version.h"

#include <criterion/criterion.h>

#include <string>
#include <string_view>
#include <utility>

using namespace docker;

namespace {

// <, =, > or ? if they do not compare.
char order(std::string_view one, std::string_view other) {
  auto result = compareVersions(one, other);
  if (!result) return '?';
  return *result < 0 ? '<' : *result > 0 ? '>' : '=';
}

}  // namespace

Test(version, versions_compare_number_by_number) {
  const struct {
    const char* one;
    const char* other;
    char order;
  } cases[] = {
      {"5.10", "5.9", '>'},    {"5.10.0-18-amd64", "5.10", '='},
      {"5.10.1", "5.10", '>'}, {"4.19", "5", '<'},
      {"v1.2", "1.2", '='},    {"20.10.24+dfsg1", "20.10.23", '>'},
      {"5", "5.0.0", '='},     {"linux", "5", '?'},
      {"5", "", '?'},          {"64", "8", '>'},
      {"1..2", "1.0", '='},    {"99999999999999999999999", "1", '>'},
      {" 1.2 ", "1.2", '='},   {"1.2.", "1.2", '='},
      {"-1", "1", '?'},        {"vv1", "1", '?'},
      {"1.9", "1.41", '<'},    {"01.041", "1.41", '='},
      {"v", "v1", '?'},        {".1", "1", '?'},
  };
  for (const auto& each : cases)
    cr_expect_eq(order(each.one, each.other), each.order, "%s %s", each.one, each.other);
}

Test(version, what_is_no_version_is_less_than_all_others) {
  const struct {
    const char* less;
    const char* more;
  } pairs[] = {{"1.9", "1.41"}, {"1.41", "1.41.1"}, {"1.41", "2.0"}, {"", "1.0"}, {"x", "1.0"}};
  for (const auto& [less, more] : pairs) {
    cr_expect(isOlderVersion(less, more), "%s < %s", less, more);
    cr_expect_not(isOlderVersion(more, less), "%s < %s", more, less);
  }
  const std::pair<const char*, const char*> equals[] = {
      {"1.41", "1.41"}, {"1", "1.0"}, {"x", ""}, {"", ""}};
  for (const auto& [one, other] : equals) {
    cr_expect_not(isOlderVersion(one, other), "%s < %s", one, other);
    cr_expect_not(isOlderVersion(other, one), "%s < %s", other, one);
  }
}

Test(version, long_ones_are_compared_to_their_end) {
  std::string zeros = "1", one = "1";
  for (int i = 0; i < 100'000; i++) zeros += ".0";
  cr_expect_eq(order(zeros, one), '=');
  cr_expect_eq(order(zeros + ".1", one), '>');
  cr_expect_eq(order(std::string(1 << 20, '9'), "1"), '>');
}
