// How busy this host is, as it is told to others.

#include "catalog/node_load.h"

#include <criterion/criterion.h>

#include <vector>

using namespace catalog;

Test(node_load, is_the_last_minute_s_for_each_processor) {
  cr_expect_eq(loadPerCpu("0.50 0.30 0.20 1/123 4567\n", 2).value(), 0.25);
  cr_expect_eq(loadPerCpu("12", 4).value(), 3);
  for (const char* wrong : {"", " 0.5", "x 0.5", "-1 0 0", "nan 0 0", "inf", "0.5x 1", "1e999 0"})
    cr_expect_not(loadPerCpu(wrong, 2).has_value(), "%s", wrong);
  cr_expect_not(loadPerCpu("0.50 0.30", 0).has_value());
}

Test(node_load, changes_in_steps_and_not_at_every_sample) {
  SteadyLoad load;
  const std::vector<std::pair<double, uint64_t>> samples = {
      {0.10, 0},  {0.16, 0},  {0.18, 25}, {0.10, 25}, {0.09, 25},  {0.07, 0}, {0.55, 50},
      {0.66, 50}, {0.34, 50}, {0.9, 100}, {7, 100},   {0.84, 100}, {-1, 0}};
  for (const auto& [sample, expected] : samples)
    cr_expect_eq(load.take(sample), expected, "%g", sample);
  SteadyLoad busy;
  cr_expect_eq(busy.take(0.62), 50, "the first is taken as it is");
}
