// Who may hold a place without having shown a certificate, and what the bodies of requests may
// take.

#include "proxy/newcomers.h"

#include <criterion/criterion.h>

#include <string>
#include <vector>

#include "proxy/http/body_budget.h"
#include "proxy/quiet_log.h"
#include "test/house.h"

using proxy::BodyBudget;
using proxy::Connection;
using proxy::Newcomers;

namespace {

// Connections that are nothing but an address in memory.
struct Crowd {
  Connection* operator[](size_t i) { return reinterpret_cast<Connection*>(&places[i]); }
  std::vector<long> places = std::vector<long>(10'000);
};

}  // namespace

Test(newcomers, of_one_address_the_oldest_goes) {
  Crowd crowd;
  Newcomers newcomers(100, 3);
  for (size_t i = 0; i < 3; i++) cr_expect_null(newcomers.enter(crowd[i], "10.0.0.1", false));
  cr_expect_null(newcomers.enter(crowd[10], "10.0.0.2", false));
  cr_expect_eq(newcomers.enter(crowd[3], "10.0.0.1", false), crowd[0]);
  newcomers.leave(crowd[1]);
  newcomers.leave(crowd[0]);
  cr_expect_null(newcomers.enter(crowd[4], "10.0.0.1", false), "one had left");
  cr_expect_eq(newcomers.enter(crowd[5], "10.0.0.1", false), crowd[2]);
  cr_expect_eq(newcomers.count(), 4);
}

Test(newcomers, nodes_may_all_come_at_once_from_one_address) {
  Crowd crowd;
  Newcomers newcomers(100, 3);
  for (size_t i = 0; i < 100; i++) cr_expect_null(newcomers.enter(crowd[i], "10.0.0.1", true));
  cr_expect_eq(newcomers.enter(crowd[100], "10.0.0.1", true), crowd[0]);
}

Test(newcomers, a_crowd_makes_room_for_whoever_comes) {
  Crowd crowd;
  Newcomers newcomers(100, 40);
  for (size_t i = 0; i < 5000; i++)
    newcomers.enter(crowd[i], "10.0.0." + std::to_string(i % 4), false);
  cr_expect_eq(newcomers.count(), 100);
  // Each of these comes in, and stays as long as it is one of few.
  for (size_t i = 0; i < 5; i++) {
    Connection* gone = newcomers.enter(crowd[9000 + i], "10.9.9.9", false);
    cr_expect(gone != nullptr && gone < crowd[9000]);
  }
  for (size_t i = 5000; i < 5060; i++) {
    Connection* gone = newcomers.enter(crowd[i], "10.0.0.1", false);
    cr_expect(gone != nullptr && gone < crowd[9000]);
  }
  for (size_t i = 0; i < crowd.places.size(); i++) newcomers.leave(crowd[i]);
  cr_expect_eq(newcomers.count(), 0);
}

Test(newcomers, bodies_share_one_budget) {
  BodyBudget budget(100);
  BodyBudget::Share one(budget);
  {
    BodyBudget::Share two(budget);
    cr_expect(one.resize(60));
    cr_expect(two.resize(40));
    cr_expect_not(two.resize(41));
    cr_expect_not(one.resize(SIZE_MAX));
    cr_expect_eq(budget.held(), 100);
    cr_expect(one.resize(50));
    cr_expect(two.resize(50));
  }
  cr_expect_eq(budget.held(), 50);
  one.release();
  cr_expect_eq(budget.held(), 0);
}

Test(newcomers, lines_about_them_are_summed_up) {
  test::House house;
  for (int i = 0; i < 5000; i++)
    house.quiet.line(base::Level::warn, "connection lost", {{"client", i}});
  house.quiet.line(base::Level::trace, "nothing", {});
  std::string log = house.logged();
  cr_expect_eq(std::count(log.begin(), log.end(), '\n'), 100);
}
