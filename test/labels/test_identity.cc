// Who a container is.

#include "labels/identity.h"

#include <criterion/criterion.h>

#include <string>

using labels::Identity;
using labels::Labels;

Test(identity, comes_from_compose_or_rancher) {
  Identity compose = labels::identityOf({{"com.docker.compose.project", "p"},
                                         {"com.docker.compose.service", "s"},
                                         {"com.docker.compose.container-number", "2"}});
  cr_expect_eq(compose.fullService(), "p/s");
  cr_expect_eq(compose.unit("t"), "p/t#2");
  Identity rancher = labels::identityOf({{"io.rancher.stack_service.name", "p/s/side"}});
  cr_expect_eq(rancher.project, "p");
  cr_expect_eq(rancher.service, "s/side");
  Identity plain = labels::identityOf({});
  cr_expect_eq(plain.fullService(), "");
  cr_expect_eq(plain.unit("t"), "");
  cr_expect_eq(labels::groupOf(compose, "nginx"), "service p/s");
  cr_expect_eq(labels::groupOf(plain, "nginx"), "image nginx:latest");
}
