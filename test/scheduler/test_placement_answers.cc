// What clients are told about a placement.

#include "scheduler/placement_answers.h"

#include <criterion/criterion.h>

#include <string>

#include "labels/decode.h"

using namespace scheduler;

Test(placement_answers, warnings_are_added_to_those_of_the_engine) {
  cr_expect_eq(withWarnings(R"({"Id":"a","Warnings":["x"]})", {"say \"y\"", "z"}),
               R"({"Id":"a","Warnings":["x","say \"y\"","z"]})");
  cr_expect_eq(withWarnings(R"({"Id":"a","Warnings":null})", {"y"}),
               R"({"Id":"a","Warnings":["y"]})");
  cr_expect_eq(withWarnings(R"({"Id":"a"})", {"y"}), R"({"Id":"a","Warnings":["y"]})");
  cr_expect_eq(withWarnings(R"({"Id":"a"})", {}), R"({"Id":"a"})");
  cr_expect_eq(withWarnings("nonsense", {"y"}), "nonsense");
}

Test(placement_answers, what_has_no_effect_yet_is_named) {
  auto warned = [](const std::string& labels) {
    return unheeded(labels::decode("{\"Labels\":{" + labels + "}}").policy, "");
  };
  cr_expect(warned("").empty());
  cr_expect(warned(R"("io.drover.strategy":"binpack")").empty());
  cr_expect(warned(R"("io.rancher.scheduler.global":"true")").empty());
  cr_expect(warned(R"("io.drover.rebalance":"true")").empty());
  std::vector<std::string> alone = unheeded(labels::Policy(), "data");
  cr_assert_eq(alone.size(), 1);
  cr_expect(alone[0].find("(data)") != alone[0].npos, "%s", alone[0].c_str());
  std::vector<std::string> heals = warned(R"("io.drover.reschedule":"on-node-failure")");
  cr_assert_eq(heals.size(), 1);
  cr_expect(heals[0].starts_with("io.drover.reschedule"), "%s", heals[0].c_str());
  cr_expect_eq(
      warned(R"("io.drover.reschedule":"on-node-failure","io.rancher.container.dns":"true")")
          .size(),
      2);
}

Test(placement_answers, an_explanation_has_candidates_and_who_was_left_out) {
  scheduler::Placement placement;
  placement.candidates.push_back({"1", "one", {}, "empty", ""});
  placement.rejected.push_back({"2", "two", "port", "80/tcp is taken"});
  cr_expect_eq(explanation(placement, {"w"}),
               R"({"Candidates":[{"NodeID":"1","Node":"one","Reason":"empty"}],)"
               R"("Rejected":[{"NodeID":"2","Node":"two","Filter":"port",)"
               R"("Reason":"80/tcp is taken"}],"Warnings":["w"]})");
}
