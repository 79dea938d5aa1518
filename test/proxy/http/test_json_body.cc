// Which bodies are said to be JSON.

#include "proxy/http/json_body.h"

#include <criterion/criterion.h>

#include <string>

#include "base/http.h"

namespace {

bool isSaid(const std::string& type, std::string_view body) {
  base::MessageReader reader(base::MessageReader::Kind::request, {});
  std::string header = type.empty() ? "" : "Content-Type: " + type + "\r\n";
  reader.feedHead("POST / HTTP/1.1\r\nHost: d\r\n" + header + "\r\n");
  return proxy::isSaidToBeJson(reader.head(), body);
}

}  // namespace

Test(json_body, is_one_by_its_type_or_if_there_is_none) {
  for (const char* type : {"application/json", "Application/JSON", "application/json;charset=utf-8",
                           "application/json ; charset"})
    cr_expect(isSaid(type, "{}") && isSaid(type, ""), "%s", type);
  for (const char* type : {"text/plain", "application/jsonx", "application/json,text/plain", ";",
                           "application/x-www-form-urlencoded"})
    cr_expect(!isSaid(type, "{}") && !isSaid(type, ""), "%s", type);
  cr_expect(isSaid("", "") && !isSaid("", "{}"));
}
