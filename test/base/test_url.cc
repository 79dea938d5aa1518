// The encoding of paths and queries.

#include "base/url.h"

#include <criterion/criterion.h>

#include <string>

using namespace base;

Test(url, values_are_encoded_and_decoded) {
  cr_expect_eq(*decodeQueryValue("a+b%20c%2bd"), "a b c+d");
  cr_expect_eq(*decodeQueryValue(""), "");
  cr_expect_eq(encodeQueryValue("aZ09-_.~ +/{\"}\xff"), "aZ09-_.~%20%2B%2F%7B%22%7D%FF");
  std::string all;
  for (int c = 0; c < 256; c++) all.push_back(static_cast<char>(c));
  cr_expect_eq(*decodeQueryValue(encodeQueryValue(all)), all);
  cr_expect_eq(*decodePath(encodeQueryValue(all)), all);
}

Test(url, a_plus_in_a_path_is_a_plus) {
  cr_expect_eq(decodePath("host%3A5000%2Fa+b%2f").value_or("-"), "host:5000/a+b/");
  cr_expect_eq(decodeQueryValue("a+b%2B").value_or("-"), "a b+");
}

Test(url, broken_escapes_are_told) {
  const struct {
    const char* text;
    const char* broken;
  } cases[] = {
      {"", ""},        {"a%20b", ""},    {"%", "%"},       {"a%2", "%2"},
      {"%zz", "%zz"},  {"%2", "%2"},     {"%g0", "%g0"},   {"a%20%4", "%4"},
      {"%%41", "%%4"}, {"%4%41", "%4%"}, {"a%0gb", "%0g"}, {"%41%", "%"},
  };
  for (const auto& each : cases) {
    cr_expect_eq(brokenEscape(each.text), each.broken, "%s", each.text);
    bool isSound = *each.broken == '\0';
    cr_expect_eq(decodePath(each.text).has_value(), isSound, "%s", each.text);
    cr_expect_eq(decodeQueryValue(each.text).has_value(), isSound, "%s", each.text);
  }
}
