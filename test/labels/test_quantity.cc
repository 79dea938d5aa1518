// Numbers and sizes.

#include "labels/quantity.h"

#include <criterion/criterion.h>

#include <string>

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
