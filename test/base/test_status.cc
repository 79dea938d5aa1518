// What was done or had, or why not.

#include "base/status.h"

#include <criterion/criterion.h>

#include <memory>

using base::Result;
using base::Status;

Test(status, is_done_unless_it_failed) {
  Status done;
  cr_expect(done.ok());
  cr_expect_eq(done.why(), "");
  Status failed = Status::failed("disk full");
  cr_expect_not(failed.ok());
  cr_expect_eq(failed.why(), "disk full");
  failed = Status();
  cr_expect(failed.ok());
  cr_expect_eq(failed.why(), "");
}

Test(status, has_failed_also_if_nobody_says_why) {
  cr_expect_not(Status::failed("").ok());
  cr_expect(Status::failed("") != Status());
}

Test(status, equals_one_that_says_the_same) {
  cr_expect(Status() == Status());
  cr_expect(Status::failed("a") == Status::failed("a"));
  cr_expect(Status::failed("a") != Status::failed("b"));
}

Test(result, is_a_value_or_why_there_is_none) {
  Result<std::string> had = std::string("id");
  cr_expect(had.ok() && had.status().ok());
  cr_expect_eq(had.value(), "id");
  Result<std::string> missing = Status::failed("no such image");
  cr_expect_not(missing.ok());
  cr_expect_eq(missing.why(), "no such image");
  cr_expect(missing.status() == Status::failed("no such image"));
}

Test(result, hands_on_what_can_only_be_moved) {
  Result<std::unique_ptr<int>> had = std::make_unique<int>(7);
  std::unique_ptr<int> taken = std::move(had.value());
  cr_expect_eq(*taken, 7);
}
