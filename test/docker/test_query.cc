// Queries as Go and dockerd read them.

#include "docker/query.h"

#include <criterion/criterion.h>

#include <string>

using namespace docker;

namespace {

// "name=value name=value", decoded.
std::string read(const std::string& text) {
  std::string out;
  for (const auto& [name, value] : parseQuery(text).parameters)
    out += (out.empty() ? "" : " ") + name + "=" + value;
  return out;
}

}  // namespace

Test(query, is_taken_apart_as_go_does) {
  const struct {
    const char* text;
    const char* expected;
  } cases[] = {
      {"", ""},
      {"a=1", "a=1"},
      {"a", "a="},
      {"&&a=1&", "a=1"},
      {"a=b=c", "a=b=c"},
      {"=1&a=2", "=1 a=2"},
      {"a%6Cl=1+2%2B", "all=1 2+"},
      {"a=%3B%26%3D", "a=;&="},
      {"a=1&a=2", "a=1 a=2"},
      {"a=1&%zz=2&b=%4&c=3", "a=1 c=3"},
      {"a=1;b=2&c=3", "c=3"},
  };
  for (const auto& each : cases) cr_expect_eq(read(each.text), each.expected, "%s", each.text);
}

Test(query, what_go_refuses_is_told_in_its_words) {
  const struct {
    const char* text;
    const char* fault;
  } cases[] = {
      {"name=x;y=z", "invalid semicolon separator in query"},
      {"name=%zz", "invalid URL escape \"%zz\""},
      {"a=%41&%4=b&c=%", "invalid URL escape \"%4\""},
      {"a=%zz&b;", "invalid semicolon separator in query"},
      {"b;&a=%zz", "invalid semicolon separator in query"},
      {"", ""},
      {"a", ""},
      {"a=b&&c=d+e", ""},
      {"a=%3B%25", ""},
      {"=", ""},
      {"filters=null", ""},
  };
  for (const auto& each : cases)
    cr_expect_eq(parseQuery(each.text).fault, each.fault, "%s", each.text);
}

Test(query, of_several_values_the_first_counts) {
  Query query = parseQuery("a=1&b=&a=2&c=%zz&b=3&c=4");
  cr_expect_eq(query.value("a"), "1");
  cr_expect_eq(query.value("b"), "", "be it empty");
  cr_expect_eq(query.value("c"), "4", "that can be read");
  cr_expect_eq(query.value("d"), "");
  cr_expect(query.has("b"));
  cr_expect_not(query.has("d"));
}

Test(query, flags_are_read_as_dockerd_reads_them) {
  for (const char* no :
       {"f", "f=", "f=0", "f=no", "f=NO", "f=false", "f=False", "f=FaLSe", "f=none", "f=%20",
        "f=%09no%0A", "f=%C2%A0", "f=%E3%80%80none%E2%80%83", "g=1", "f=0&f=1", ""})
    cr_expect_not(parseQuery(no).flag("f"), "%s", no);
  for (const char* yes : {"f=1", "f=true", "f=True", "f=f", "f=2", "f=-1", "f=%00", "f=%85",
                          "f=n%20o", "f=00", "f=1&f=0"})
    cr_expect(parseQuery(yes).flag("f"), "%s", yes);
}

Test(query, numbers_are_read_as_dockerd_reads_them) {
  const struct {
    const char* text;
    std::optional<int64_t> number;
  } cases[] = {
      {"", 0},
      {"n=", 0},
      {"n=&n=1", 0},
      {"n=3", 3},
      {"n=01", 1},
      {"n=-5", -5},
      {"n=%2B1", 1},
      {"n=9223372036854775807", INT64_MAX},
      {"n=9223372036854775808", {}},
      {"n=%2B-1", {}},
      {"n=%2B", {}},
      {"n=-", {}},
      {"n=+1", {}},  // a space
      {"n=1_0", {}},
      {"n=0x1", {}},
      {"n=1.5", {}},
      {"n=x", {}},
  };
  for (const auto& each : cases)
    cr_expect(parseQuery(each.text).number("n") == each.number, "%s", each.text);
}

Test(query, is_written_as_it_was_read) {
  for (const char* text : {"", "a=1", "a=1&b=%20%26%3D%3B&a=2", "=", "%C3%A9=%FF"})
    cr_expect_eq(parseQuery(text).text(), text, "%s", text);
  Query query = parseQuery("a=1&b=2&a=3");
  query.erase("a");
  query.add("c d", "e&f");
  cr_expect_eq(query.text(), "b=2&c%20d=e%26f");
}

Test(query, a_long_one_takes_no_longer_than_it_is) {
  std::string text;
  for (int i = 0; i < 200'000; i++) text += "a=%20&";
  cr_expect_eq(parseQuery(text).parameters.size(), 200'000);
  std::string spaces = "f=";
  for (int i = 0; i < 200'000; i++) spaces += "%20";
  cr_expect_not(parseQuery(spaces).flag("f"));
}
