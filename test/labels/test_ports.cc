// Ports that go together, and ports that do not.

#include "labels/ports.h"

#include <criterion/criterion.h>

#include <algorithm>
#include <string>

using labels::PortRequest;
using labels::PortUse;
using labels::Protocol;

namespace {

using Wishes = std::vector<PortRequest>;
using Uses = std::vector<PortUse>;

PortRequest request(uint16_t first, uint16_t last = 0, const char* ip = "",
                    Protocol protocol = Protocol::tcp) {
  return {first, last ? last : first, protocol, ip};
}

bool fit(Wishes requests, Uses taken, const char* ip = "") {
  labels::sortForMeeting(requests);
  return !labels::unmetPort(requests, labels::TakenPorts(taken), ip);
}

}  // namespace

Test(ports, protocol_and_address_tell_ports_apart) {
  cr_expect(fit({request(80)}, {}));
  cr_expect_not(fit({request(80)}, {{80, Protocol::tcp, ""}}));
  cr_expect(fit({request(80)}, {{80, Protocol::udp, ""}}));
  cr_expect(fit({request(80)}, {{81, Protocol::tcp, ""}}));
  cr_expect(fit({request(80, 0, "10.0.0.1")}, {{80, Protocol::tcp, "10.0.0.2"}}));
  cr_expect_not(fit({request(80, 0, "10.0.0.1")}, {{80, Protocol::tcp, "10.0.0.1"}}));
  cr_expect_not(fit({request(80, 0, "10.0.0.1")}, {{80, Protocol::tcp, "0.0.0.0"}}));
  cr_expect_not(fit({request(80)}, {{80, Protocol::tcp, "10.0.0.1"}}));
  cr_expect(fit({request(80, 0, "::1")}, {{80, Protocol::tcp, "0.0.0.0"}}));
  cr_expect_not(fit({request(80, 0, "::1")}, {{80, Protocol::tcp, "::"}}));
}

Test(ports, a_range_takes_what_is_free_of_it) {
  cr_expect(fit({request(80, 82)}, {{80, Protocol::tcp, ""}, {81, Protocol::tcp, ""}}));
  cr_expect_not(fit({request(80, 81)}, {{80, Protocol::tcp, ""}, {81, Protocol::tcp, ""}}));
  cr_expect(fit({request(80, 82), request(80, 82), request(80, 82)}, {}));
  cr_expect_not(fit({request(80, 81), request(80, 81), request(80, 81)}, {}));
  // The wide range leaves the narrow ones what only they can use.
  cr_expect(fit({request(1, 5), request(2, 3), request(3)},
                {{1, Protocol::tcp, ""}, {4, Protocol::tcp, ""}}));
  cr_expect_not(fit({request(1, 3), request(2, 3), request(3)}, {{1, Protocol::tcp, ""}}));
}

Test(ports, a_port_asked_for_twice_does_not_fit) {
  cr_expect_not(fit({request(80), request(80)}, {}));
  cr_expect(fit({request(80, 0, "10.0.0.1"), request(80, 0, "10.0.0.2")}, {}));
  cr_expect(fit({request(80), request(80, 0, "", Protocol::udp)}, {}));
}

Test(ports, random_ports_fit_until_none_is_left) {
  cr_expect(fit({PortRequest(), PortRequest()}, {{40'000, Protocol::tcp, ""}}));
  Uses all;
  for (uint32_t port = PortRequest::randomFirst; port <= PortRequest::randomLast; port++)
    all.push_back({static_cast<uint16_t>(port), Protocol::tcp, ""});
  cr_expect_not(fit({PortRequest()}, all));
  all.pop_back();
  cr_expect(fit({PortRequest()}, all));
  cr_expect_not(fit({PortRequest(), PortRequest()}, all));
  cr_expect(fit({request(65'535)}, all));
  cr_expect_not(fit({request(65'535), request(65'535)}, all));
}

Test(ports, single_ports_side_by_side_are_one_block_of_which_all_are_needed) {
  Wishes requests;
  for (uint16_t port : {8002, 8000, 8001, 8004}) requests.push_back(request(port));
  requests.push_back(request(8003, 0, "", Protocol::udp));
  requests.push_back(request(8000, 8001));
  labels::sortForMeeting(requests);
  std::string text;
  for (const PortRequest& each : requests) text += describe(each) + (each.all ? "! " : " ");
  cr_expect_eq(text, "8000-8001/tcp 8000-8002/tcp! 8003/udp 8004/tcp ", "%s", text.c_str());

  auto block = [](uint16_t first, uint16_t last) {
    Wishes all;
    for (uint32_t port = first; port <= last; port++) all.push_back(request(uint16_t(port)));
    return all;
  };
  cr_expect(fit(block(100, 199), {{99, Protocol::tcp, ""}, {200, Protocol::tcp, ""}}));
  cr_expect_not(fit(block(100, 199), {{150, Protocol::tcp, ""}}));
  cr_expect(fit(block(100, 199), {{150, Protocol::udp, ""}}));
  // Beside ranges, and more than once.
  Wishes both = block(100, 199);
  both.push_back(request(100, 200));
  cr_expect(fit(both, {}));
  cr_expect_not(fit(both, {{200, Protocol::tcp, ""}}));
  both.push_back(request(150));
  cr_expect_not(fit(both, {}), "asked for twice");
}

Test(ports, the_whole_of_them_is_no_more_work_than_its_length) {
  Wishes requests;
  for (uint32_t port = 65'535; port > 0; port--) requests.push_back(request(uint16_t(port)));
  labels::sortForMeeting(requests);
  cr_assert_eq(requests.size(), 1u);
  labels::TakenPorts taken;
  cr_expect_null(labels::unmetPort(requests, taken));
  Uses likely = labels::likelyPorts(requests, taken);
  cr_expect_eq(likely.size(), 65'535u);
  std::vector<size_t> places = taken.insertAll(likely);
  cr_expect(labels::unmetPort(requests, taken) == &requests[0]);
  taken.eraseAll(places);
  cr_expect(taken.empty());
}

Test(ports, what_wishes_are_likely_to_get_is_the_lowest_that_is_free) {
  Wishes requests = {request(80, 85), request(81), PortRequest(), request(80, 85)};
  labels::sortForMeeting(requests);
  labels::TakenPorts taken(Uses{{82, Protocol::tcp, ""}, {80, Protocol::udp, ""}});
  Uses expected = {{81, Protocol::tcp, ""}, {80, Protocol::tcp, ""}, {83, Protocol::tcp, ""}};
  cr_expect(labels::likelyPorts(requests, taken) == expected);
}

Test(ports, many_are_put_among_others_and_taken_away_in_one_go) {
  Uses some = {{5, Protocol::tcp, ""}, {7, Protocol::tcp, "10.0.0.1"}, {9, Protocol::udp, ""}};
  Uses more = {{1, Protocol::tcp, ""},
               {7, Protocol::tcp, ""},
               {7, Protocol::tcp, "10.0.0.1"},
               {9, Protocol::udp, ""},
               {60, Protocol::sctp, ""}};
  labels::TakenPorts taken(some);
  std::vector<size_t> places = taken.insertAll(more);
  Uses all = some;
  all.insert(all.end(), more.begin(), more.end());
  std::sort(all.begin(), all.end());
  cr_expect(taken == labels::TakenPorts(all));
  for (size_t i = 0; i < more.size(); i++) cr_expect(taken[places[i]] == more[i]);
  taken.eraseAll(places);
  cr_expect(taken == labels::TakenPorts(some));
}

Test(ports, wishes_for_any_address_are_met_on_the_given_one) {
  Uses taken = {{80, Protocol::tcp, "10.0.0.1"}};
  cr_expect_not(fit({request(80)}, taken, "10.0.0.1"));
  cr_expect(fit({request(80)}, taken, "10.0.0.2"));
  cr_expect_not(fit({request(80, 0, "10.0.0.1")}, taken, "10.0.0.2"));
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
  Wishes requests = {request(80, 0, "10.0.0.1")};
  for (const PortUse& each : {PortUse{80, Protocol::tcp, ""}, twice, twice}) {
    cr_expect(labels::unmetPort(requests, taken) == &requests[0]);
    taken.erase(taken.placeOf(each));
  }
  cr_expect_null(labels::unmetPort(requests, taken));
  cr_expect_eq(taken.size(), 3);
}
