// What build arguments ask of the node that is to build.

#include <criterion/criterion.h>

#include "base/url.h"
#include "labels/decode.h"
#include "scheduler/build_placement.h"

using scheduler::buildAsCreate;

namespace {

std::string queryWith(std::string_view arguments) {
  return "t=app&buildargs=" + base::encodeQueryValue(arguments) + "&rm=1";
}

}  // namespace

Test(build_placement, build_arguments_ask_as_the_environment_does) {
  std::optional<std::string> body = buildAsCreate(
      queryWith("{\"constraint:node\":\"=db-1\",\"VERSION\":\"3\",\"affinity:image!\":\"=~old\"}"));
  cr_assert(body.has_value());
  labels::Decoded decoded = labels::decode(*body);
  cr_assert_not(decoded.problem.has_value());
  cr_expect_eq(decoded.policy.constraints.size(), 1);
  cr_expect_eq(decoded.policy.affinities.size(), 1);
  cr_expect_eq(body->find("VERSION"), std::string::npos);
}

Test(build_placement, what_asks_for_no_node_is_left_alone) {
  for (const char* arguments :
       {"", "{}", "{", "[]", "7", "{\"A\":\"b\"}", "{\"constraint:node\":null}",
        "{\"constraint:node\":5}", "{\"constraints\":\"=x\"}", "\"constraint:node==x\""})
    cr_expect_not(buildAsCreate(queryWith(arguments)).has_value(), "%s", arguments);
  cr_expect_not(buildAsCreate("").has_value());
  cr_expect_not(buildAsCreate("buildargs=%zz").has_value());
}

Test(build_placement, a_broken_expression_is_told_and_not_passed_over) {
  std::optional<std::string> body = buildAsCreate(queryWith("{\"constraint:node\":\"\"}"));
  cr_assert(body.has_value());
  cr_expect(labels::decode(*body).problem.has_value());
}
