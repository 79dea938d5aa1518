// What nodes ask each other over HTTP is frozen: the paths of then are still answered as such.

#include <criterion/criterion.h>

#include <sstream>
#include <string>

#include "cluster/causality.h"
#include "orchestrator/create_headers.h"
#include "proxy/api/routes.h"
#include "test/golden.h"

Test(peer_paths_format, those_of_then_have_their_rows) {
  std::istringstream lines(test::golden("peer_paths"));
  int read = 0;
  for (std::string method, path; lines >> method >> path; read++) {
    const proxy::Route& route = proxy::match(proxy::routes(), method, path).route();
    cr_expect_eq(route.method, method, "%s", path.c_str());
    cr_expect_eq(route.pattern, path, "%s", path.c_str());
  }
  cr_expect_eq(read, 11);
}

Test(peer_paths_format, creates_are_handed_on_with_the_headers_of_then) {
  cr_expect_eq(orchestrator::refusedHeader, "Drover-Refused");
  cr_expect_eq(orchestrator::replacesHeader, "Drover-Replaces");
  cr_expect_eq(orchestrator::reservationHeader, "Drover-Reservation");
  cr_expect_eq(orchestrator::leaveToEngineHeader, "Drover-Leave-To-Engine");
  cr_expect_eq(cluster::seenHeader, "Drover-Seen");
}
