// Memory that only a start needed is given back, and everything still works.

#include "base/resident_memory.h"

#include <criterion/criterion.h>

#include <cstdlib>
#include <fstream>
#include <string>

namespace {

// Kilobytes, of a line in /proc/self/status.
long resident(const std::string& kind) {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.starts_with(kind + ":")) return std::atol(line.c_str() + kind.size() + 1);
  }
  return -1;
}

}  // namespace

Test(resident_memory, pages_of_files_are_given_back_and_come_again_when_needed) {
  const std::string text = "kept";
  static int counter = 41;
  counter++;
  long before = resident("RssFile");
  base::releaseStartUpMemory();
  long after = resident("RssFile");
  cr_expect_gt(before, 0);
  cr_expect_lt(after, before * 3 / 4, "%ld KB of %ld KB are left", after, before);
  cr_expect_eq(text + std::to_string(counter), "kept42", "what was written is kept");
  base::releaseStartUpMemory();
}
