// Containers that are made by the id of an image that was asked for by its digest.

#include "docker/asked_image.h"

#include <criterion/criterion.h>

#include <string>

using namespace docker;

namespace {

std::string withImageId(std::string_view body, const std::string& id) {
  docker::CreateRequest request(body);
  useImageId(request, id);
  return request.body();
}

}  // namespace

Test(asked_image, a_body_with_an_id_keeps_what_was_asked_in_a_label) {
  cr_expect_eq(withImageId(R"({"Image":"web@sha256:d","Labels":{"a":"b"},"Tty":true})", "sha256:i"),
               R"({"Image":"sha256:i","Labels":{"a":"b","io.drover.image":"web@sha256:d"},)"
               R"("Tty":true})");
  for (const char* labels : {"", R"(,"Labels":null)", R"(,"Labels":{})"}) {
    std::string body = R"({"Image":"web@sha256:d")" + std::string(labels) + "}";
    cr_expect_eq(withImageId(body, "sha256:i"),
                 R"({"Image":"sha256:i","Labels":{"io.drover.image":"web@sha256:d"}})");
  }
  // One that a client wrote is no longer true.
  cr_expect_eq(
      withImageId(R"({"Image":"w@sha256:d","Labels":{"io.drover.image":"x"}})", "sha256:i"),
      R"({"Image":"sha256:i","Labels":{"io.drover.image":"w@sha256:d"}})");
}

Test(asked_image, is_shown_as_it_was_asked_for) {
  const std::string made =
      R"({"Image":"sha256:i","Labels":{"a":"b","io.drover.image":"web@sha256:d","c":"d"},"N":1.0})";
  cr_expect_eq(withAskedImage(made),
               R"({"Image":"web@sha256:d","Labels":{"a":"b","c":"d"},"N":1.0})");
  for (const char* each :
       {R"({"Image":"web:1","Labels":{"io.drover.image":"web@sha256:d"}})",  // of its image
        R"({"Image":"sha256:i","Labels":{"a":"io.drover.image"}})",
        R"({"Image":"sha256:i","Labels":{"io.drover.image":""}})",
        R"({"Image":"sha256:i","Labels":null})", R"({"io.drover.image":1})", "io.drover.image", ""})
    cr_expect_eq(withAskedImage(each), each, "%s", each);
}
