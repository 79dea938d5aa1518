// Inspections that an engine gives, withholds and gives again.

#include "docker/inspections.h"

#include <criterion/criterion.h>

#include <set>
#include <string>
#include <vector>

#include "test/house.h"
#include "test/lively_docker.h"

using namespace test;
using docker::Inspections;

namespace {

struct Asked {
  Asked() {
    house.docker.answerWith([this](const std::string& line) {
      asked++;
      for (const std::string& each : withheld) {
        if (line.find(each) != std::string::npos) return std::string();
      }
      return answerOf(R"({"Created":"2024-01-01T00:00:00Z","State":{}})" + padding);
    });
    inspections.onHeard([this](std::string id, std::string) { return hear(std::move(id)); });
    inspections.onRecovered([this](const std::string& id) { recovered += id + " "; });
  }

  base::Task<> hear(std::string id) {
    heard += id + " ";
    co_return;
  }

  size_t of(std::vector<std::string> ids) {
    base::Time began = house.stage.loop.now();
    Inspections::Times times = house.stage.run(inspections.of(std::move(ids)));
    took = house.stage.loop.now() - began;
    return times.size();
  }

  House house;
  Inspections inspections{house.stage.loop, house.engine, 2 * docker::longAnswer};
  std::set<std::string> withheld;
  std::string heard, recovered, padding;
  size_t asked = 0;
  base::milliseconds took{0};
};

}  // namespace

Test(inspections, long_ones_are_read_as_short_ones_are) {
  Asked asked;
  asked.padding.assign(docker::longAnswer, ' ');
  cr_expect_eq(asked.of({"a", "b"}), 2);
  cr_expect(asked.heard == "a b " || asked.heard == "b a ", "%s", asked.heard.c_str());
}

Test(inspections, one_that_is_withheld_costs_a_second_once_and_comes_back) {
  Asked asked;
  asked.withheld = {"b"};
  cr_expect_eq(asked.of({"a", "b", "c"}), 2);
  cr_expect_lt(asked.took.count(), 1'500);
  cr_expect_eq(asked.heard, "a c ");
  for (int again = 0; again < 3; again++) {
    cr_expect_eq(asked.of({"b", "c"}), 1);
    cr_expect_lt(asked.took.count(), 500);
  }
  asked.withheld.clear();
  asked.house.stage.until([&] { return asked.recovered == "b "; });
  cr_expect_eq(asked.of({"b"}), 1);
}

Test(inspections, many_that_are_withheld_cost_no_more_than_one) {
  Asked asked;
  std::vector<std::string> ids;
  for (int i = 0; i < 100; i++) ids.push_back("x" + std::to_string(i));
  asked.withheld = {"x"};
  cr_expect_eq(asked.of(ids), 0);
  cr_expect_lt(asked.took.count(), 1'900);
  cr_expect_eq(asked.asked, 16);
}

Test(inspections, an_engine_that_is_away_is_told) {
  Asked asked;
  asked.house.docker.stopListening();
  std::string why = asked.house.stage.faultOf(asked.inspections.of({"a"}));
  cr_expect_neq(why.find("Cannot connect"), std::string::npos, "%s", why.c_str());
}
