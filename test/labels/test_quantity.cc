// Versions, numbers and sizes.

#include "labels/quantity.h"

#include <criterion/criterion.h>

#include <string>

namespace {

// <, =, > or ? if they do not compare.
char order(const char* one, const char* other) {
  auto result = labels::compareVersions(one, other);
  if (!result) return '?';
  return *result < 0 ? '<' : *result > 0 ? '>' : '=';
}

}  // namespace

Test(quantity, versions_compare_number_by_number) {
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
  };
  for (const auto& each : cases)
    cr_expect_eq(order(each.one, each.other), each.order, "%s %s", each.one, each.other);
}

Test(quantity, sizes_have_units_of_1024s) {
  const struct {
    const char* text;
    double number;
  } cases[] = {{"4", 4},
               {"0.5", 0.5},
               {"1k", 1024},
               {"512m", 512 * 1048576.0},
               {"16GiB", 17179869184.0},
               {"2 GB", 2147483648.0},
               {"1t", 1099511627776.0},
               {" 7 ", 7},
               {"7b", 7}};
  for (const auto& each : cases) {
    auto number = labels::parseNumber(each.text);
    cr_assert(number, "%s", each.text);
    cr_expect_eq(*number, each.number, "%s", each.text);
  }
  for (const char* text : {"", "x", "1x", "1e5", "inf", "nan", "0x10", "1kk", "m"})
    cr_expect_not(labels::parseNumber(text), "%s", text);
}

Test(quantity, counts_are_whole) {
  cr_expect_eq(*labels::parseCount(" 12 "), 12u);
  for (const char* text : {"", "-1", "1.5", "1a", "99999999999999999999999"})
    cr_expect_not(labels::parseCount(text), "%s", text);
}
