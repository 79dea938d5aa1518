#include "proxy/http/parameters.h"

#include <criterion/criterion.h>

#include <string>

using namespace proxy;

namespace {

bool isFormWith(const std::string& headers) {
  base::MessageReader reader(base::MessageReader::Kind::request, {});
  reader.feedHead("POST / HTTP/1.1\r\nHost: d\r\n" + headers + "\r\n");
  return isForm(reader.head());
}

}  // namespace

Test(parameters, a_form_is_known_by_its_type) {
  for (std::string type : {"application/x-www-form-urlencoded", "Application/X-WWW-Form-URLEncoded",
                           "application/x-www-form-urlencoded ; charset=utf-8",
                           // What Go makes lower case of, we do not.
                           "appl\xc4\xb0"
                           "cation/x-www-form-urlencoded"}) {
    cr_expect(isFormWith("Content-Type: " + type + "\r\n"), "%s", type.c_str());
  }
  for (std::string headers :
       {"", "Content-Type:\r\n", "Content-Type: application/json\r\n",
        "Content-Type: multipart/form-data; boundary=x\r\n",
        // The first is the one that counts.
        "Content-Type: text/plain\r\nContent-Type: application/x-www-form-urlencoded\r\n"}) {
    cr_expect_not(isFormWith(headers), "%s", headers.c_str());
  }
}

Test(parameters, a_forms_come_before_those_of_the_query) {
  cr_expect_eq(withForm("/c/a/rename?name=fresh", "name=taken"),
               "/c/a/rename?name=taken&name=fresh");
  cr_expect_eq(withForm("/c/a/rename", "name=taken"), "/c/a/rename?name=taken");
  cr_expect_eq(withForm("/c/a/rename?name=fresh", ""), "/c/a/rename?name=fresh");
}
