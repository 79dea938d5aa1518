// Who a container is, what an image is called.

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

Test(identity, images_have_familiar_names) {
  const struct {
    const char* image;
    const char* familiar;
    const char* repository;
  } cases[] = {
      {"nginx", "nginx:latest", "nginx"},
      {"nginx:1.25", "nginx:1.25", "nginx"},
      {"docker.io/library/nginx", "nginx:latest", "nginx"},
      {"docker.io/me/app:1", "me/app:1", "me/app"},
      {"reg:5000/app", "reg:5000/app:latest", "reg:5000/app"},
      {"reg:5000/app:1", "reg:5000/app:1", "reg:5000/app"},
      {"nginx@sha256:abc", "nginx@sha256:abc", "nginx"},
      {"nginx:1@sha256:abc", "nginx:1@sha256:abc", "nginx"},
      {"", "", ""},
  };
  for (const auto& each : cases) {
    cr_expect_eq(labels::familiarImage(each.image), each.familiar, "%s", each.image);
    cr_expect_eq(labels::imageRepository(each.image), each.repository, "%s", each.image);
  }
}
