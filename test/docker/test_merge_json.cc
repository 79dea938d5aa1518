// Cutting JSON text apart and joining it: what is sound, what is broken, and what stays untouched.

#include "docker/merge_json.h"

#include <criterion/criterion.h>

#include <limits>
#include <string>
#include <vector>

#include "test/proxy/merge_bodies.h"

using namespace docker;

namespace {

const std::vector<std::string> soundValues = {
    "0",
    "-0",
    "-1.5e+300",
    "1E5",
    "1e-9",
    "123456789012345678901234567890",
    "true",
    "false",
    "null",
    "\"\"",
    "\"a\\\"b\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\uDE00\"",
    "\"\xc3\xa9 \xf0\x9f\x98\x80\"",
    "[]",
    "{}",
    "[ ]",
    "{ }",
    "[1,[2,{\"a\":[]}],\"]\",\"}\"]",
    "{\"a\":{\"b\":{}},\"a\":2}",
    " \t\r\n[ 1 , 2 ] ",
    "{ \"a\" : 1 , \"b\" : [ ] }",
};

const std::vector<std::string> brokenValues = {
    "",
    " ",
    "[",
    "]",
    "{",
    "}",
    "[1",
    "[1,",
    "[1,]",
    "[,1]",
    "[1 2]",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\":1,}",
    "{a:1}",
    "{1:2}",
    "[1}",
    "{\"a\":1]",
    "\"",
    "\"\\\"",
    "\"\\x\"",
    "\"\\u12\"",
    "\"\\u12g4\"",
    "\"\n\"",
    "tru",
    "nulll",
    "True",
    "01",
    "1.",
    ".5",
    "+1",
    "-",
    "1e",
    "1e+",
    "NaN",
    "Infinity",
    "0x10",
    "'a'",

    "{\"a\":1} {}",
    "//\n1",
    "[\"a\"\"b\"]",
};

}  // namespace

Test(merge_json, sound_values_are_accepted_anywhere) {
  for (const std::string& value : soundValues) {
    cr_expect(bodies::isJson(value), "RapidJSON refuses %s", value.c_str());
    auto elements = jsonElements("[" + value + ",1]");
    cr_assert(elements.has_value(), "%s", value.c_str());
    cr_expect_eq(elements->size(), 2);
    auto members = jsonMembers("{\"x\":[{\"y\":" + value + "}]}");
    cr_expect(members && members->size() == 1, "%s", value.c_str());
  }
}

Test(merge_json, broken_values_are_refused_anywhere) {
  for (const std::string& value : brokenValues) {
    cr_expect_not(bodies::isJson(value), "RapidJSON accepts %s", value.c_str());
    for (std::string text : {"[0," + value, "[" + value + ",0]", "[[[" + value + ",1]]]"})
      cr_expect_not(jsonElements(text), "%s", text.c_str());
    std::string text = "{\"x\":[{\"y\":0," + value + "}]}";
    cr_expect_not(jsonMembers(text), "%s", text.c_str());
  }
  cr_expect_not(jsonElements(std::string_view("[]\0[", 4)));
}

Test(merge_json, a_string_is_looked_at_to_its_last_character) {
  for (size_t length = 0; length < 40; length++) {
    for (int c = 0; c < 256; c++) {
      std::string inside(length, 'x');
      if (length > 0) inside[length / 2] = static_cast<char>(c);
      bool sound = length == 0 || (c >= 0x20 && c != '"' && c != '\\');
      auto elements = jsonElements("[\"" + inside + "\"]");
      cr_assert_eq(elements.has_value(), sound, "%d in %zu", c, length);
      if (sound) cr_assert_eq(elements->front().size(), length + 2);
    }
  }
}

Test(merge_json, every_truncation_is_refused) {
  for (size_t length = 0; length + 1 < bodies::containers.size(); length++)
    cr_expect_not(jsonElements(bodies::containers.substr(0, length)), "%zu bytes", length);
  size_t whole = bodies::info.size() - 1;  // the line's end may be missing
  for (size_t length = 0; length < whole; length++)
    cr_expect_not(jsonMembers(bodies::info.substr(0, length)), "%zu bytes", length);
}

Test(merge_json, deep_nesting_takes_no_stack) {
  constexpr size_t depth = 1'000'000;
  std::string deep = std::string(depth, '[') + std::string(depth, ']');
  auto elements = jsonElements(deep);
  cr_assert(elements.has_value());
  cr_expect_eq(elements->size(), 1);
  cr_expect_not(jsonElements(deep.substr(1)));
}

Test(merge_json, elements_are_the_text_between) {
  auto elements = jsonElements(" [ 1 , \"a,b\" ,{ \"c\" : [ ] } ] \n");
  cr_assert(elements.has_value());
  std::vector<std::string_view> expected = {"1", "\"a,b\"", "{ \"c\" : [ ] }"};
  cr_expect(*elements == expected);
}

Test(merge_json, of_members_of_one_name_the_last_counts) {
  auto object = JsonObject::parse("{\"a\":1,\"b\":2,\"a\":3}");
  cr_assert(object.has_value());
  cr_expect_eq(object->find("a"), "3");
  cr_expect_eq(object->find("b"), "2");
  cr_expect_eq(object->find("c"), "");
  object->set("a", "[4]");
  cr_expect_eq(object->text(), "{\"a\":[4],\"b\":2,\"a\":[4]}");
}

Test(merge_json, a_change_leaves_all_else_as_it_was) {
  auto object =
      JsonObject::parse(" { \"a\" : 1.50 , \"b\":18446744073709551615,\"\\u0062\":0 } \n");
  cr_assert(object.has_value());
  cr_expect_eq(object->text(), " { \"a\" : 1.50 , \"b\":18446744073709551615,\"\\u0062\":0 } \n");
  object->set("new", "true");
  object->set("a", "2");
  object->set("a", "null");
  cr_expect_eq(object->text(),
               " { \"a\" : null , \"b\":18446744073709551615,\"\\u0062\":0 ,\"new\":true} \n");
  auto empty = JsonObject::parse("{}");
  empty->set("x", "1");
  empty->set("y", "2");
  cr_expect_eq(empty->text(), "{\"x\":1,\"y\":2}");
}

Test(merge_json, whole_numbers_stop_at_the_ends) {
  using Limits = std::numeric_limits<int64_t>;
  cr_expect_eq(*wholeNumber("0"), 0);
  cr_expect_eq(*wholeNumber("9223372036854775807"), Limits::max());
  cr_expect_eq(*wholeNumber("9223372036854775808"), Limits::max());
  cr_expect_eq(*wholeNumber("-9223372036854775808"), Limits::min());
  cr_expect_eq(*wholeNumber("-99999999999999999999"), Limits::min());
  for (const char* no : {"", "1.5", "1e3", "\"1\"", "null", "true", "[1]", "-"})
    cr_expect_not(wholeNumber(no), "%s", no);
}

Test(merge_json, strings_are_quoted) {
  cr_expect_eq(jsonString("a\"\\\n\xc3\xa9"), "\"a\\\"\\\\\\n\xc3\xa9\"");
  cr_expect_eq(*insideQuotes("\"a\\\"\""), "a\\\"");
  cr_expect_not(insideQuotes("1"));
  cr_expect_not(insideQuotes(""));
}
