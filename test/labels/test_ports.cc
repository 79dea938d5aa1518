// Ports that go together, and ports that do not.

#include "labels/ports.h"

#include <criterion/criterion.h>

#include <algorithm>
#include <string>

using labels::PortUse;
using labels::PortWish;
using labels::Protocol;

namespace {

using Wishes = std::vector<PortWish>;
using Uses = std::vector<PortUse>;

PortWish wish(uint16_t first, uint16_t last = 0, const char* ip = "",
              Protocol protocol = Protocol::tcp) {
  return {first, last ? last : first, protocol, ip};
}

bool fit(Wishes wishes, Uses taken, const char* ip = "") {
  labels::sortForMeeting(wishes);
  return !labels::unmetPort(wishes, labels::TakenPorts(taken), ip);
}

}  // namespace

Test(ports, protocol_and_address_tell_ports_apart) {
  cr_expect(fit({wish(80)}, {}));
  cr_expect_not(fit({wish(80)}, {{80, Protocol::tcp, ""}}));
  cr_expect(fit({wish(80)}, {{80, Protocol::udp, ""}}));
  cr_expect(fit({wish(80)}, {{81, Protocol::tcp, ""}}));
  cr_expect(fit({wish(80, 0, "10.0.0.1")}, {{80, Protocol::tcp, "10.0.0.2"}}));
  cr_expect_not(fit({wish(80, 0, "10.0.0.1")}, {{80, Protocol::tcp, "10.0.0.1"}}));
  cr_expect_not(fit({wish(80, 0, "10.0.0.1")}, {{80, Protocol::tcp, "0.0.0.0"}}));
  cr_expect_not(fit({wish(80)}, {{80, Protocol::tcp, "10.0.0.1"}}));
  cr_expect(fit({wish(80, 0, "::1")}, {{80, Protocol::tcp, "0.0.0.0"}}));
  cr_expect_not(fit({wish(80, 0, "::1")}, {{80, Protocol::tcp, "::"}}));
}

Test(ports, a_range_takes_what_is_free_of_it) {
  cr_expect(fit({wish(80, 82)}, {{80, Protocol::tcp, ""}, {81, Protocol::tcp, ""}}));
  cr_expect_not(fit({wish(80, 81)}, {{80, Protocol::tcp, ""}, {81, Protocol::tcp, ""}}));
  cr_expect(fit({wish(80, 82), wish(80, 82), wish(80, 82)}, {}));
  cr_expect_not(fit({wish(80, 81), wish(80, 81), wish(80, 81)}, {}));
  // The wide range leaves the narrow ones what only they can use.
  cr_expect(
      fit({wish(1, 5), wish(2, 3), wish(3)}, {{1, Protocol::tcp, ""}, {4, Protocol::tcp, ""}}));
  cr_expect_not(fit({wish(1, 3), wish(2, 3), wish(3)}, {{1, Protocol::tcp, ""}}));
}

Test(ports, a_port_asked_for_twice_does_not_fit) {
  cr_expect_not(fit({wish(80), wish(80)}, {}));
  cr_expect(fit({wish(80, 0, "10.0.0.1"), wish(80, 0, "10.0.0.2")}, {}));
  cr_expect(fit({wish(80), wish(80, 0, "", Protocol::udp)}, {}));
}

Test(ports, random_ports_fit_until_none_is_left) {
  cr_expect(fit({PortWish(), PortWish()}, {{40'000, Protocol::tcp, ""}}));
  Uses all;
  for (uint32_t port = PortWish::randomFirst; port <= PortWish::randomLast; port++)
    all.push_back({static_cast<uint16_t>(port), Protocol::tcp, ""});
  cr_expect_not(fit({PortWish()}, all));
  all.pop_back();
  cr_expect(fit({PortWish()}, all));
  cr_expect_not(fit({PortWish(), PortWish()}, all));
  cr_expect(fit({wish(65'535)}, all));
  cr_expect_not(fit({wish(65'535), wish(65'535)}, all));
}

Test(ports, wishes_for_any_address_are_met_on_the_given_one) {
  Uses taken = {{80, Protocol::tcp, "10.0.0.1"}};
  cr_expect_not(fit({wish(80)}, taken, "10.0.0.1"));
  cr_expect(fit({wish(80)}, taken, "10.0.0.2"));
  cr_expect_not(fit({wish(80, 0, "10.0.0.1")}, taken, "10.0.0.2"));
}

Test(ports, a_port_is_taken_as_often_as_it_is_bound) {
  Uses uses = {{80, Protocol::tcp, "10.0.0.2"}, {80, Protocol::udp, ""},
               {80, Protocol::tcp, "10.0.0.1"}, {79, Protocol::sctp, "::"},
               {80, Protocol::tcp, ""},         {80, Protocol::tcp, "10.0.0.1"}};
  labels::TakenPorts taken(uses);
  std::sort(uses.begin(), uses.end());
  cr_expect(taken.uses() == uses, "in ascending order");
  const PortUse twice{80, Protocol::tcp, "10.0.0.1"};
  cr_expect_eq(taken.placeOf(twice), 2);
  cr_expect_eq(taken.from(80), 1);
  cr_expect_eq(taken.from(81), 6);
  Wishes wishes = {wish(80, 0, "10.0.0.1")};
  for (const PortUse& each : {PortUse{80, Protocol::tcp, ""}, twice, twice}) {
    cr_expect(labels::unmetPort(wishes, taken) == &wishes[0]);
    taken.erase(taken.placeOf(each));
  }
  cr_expect_null(labels::unmetPort(wishes, taken));
  cr_expect_eq(taken.size(), 3);
}
