// Literals, globs and regular expressions.

#include "labels/pattern.h"

#include "labels/problem.h"

#include <criterion/criterion.h>

#include <string>
#include <string_view>

using labels::BadValue;
using labels::Case;
using labels::Pattern;

Test(pattern, globs_match_the_whole_text) {
  const struct {
    const char* glob;
    const char* text;
    bool matches;
  } cases[] = {
      {"web", "web", true},
      {"web", "web1", false},
      {"web*", "web", true},
      {"web*", "web-12", true},
      {"*web", "my-web", true},
      {"*web", "web-my", false},
      {"w?b", "web", true},
      {"w?b", "wb", false},
      {"*", "", true},
      {"?", "", false},
      {"a*b*c", "a-b-b-c", true},
      {"a*b*c", "a-c-b", false},
      {"*a*", "bab", true},
      {"**", "x", true},
      {"web", "WEB", false},
      {"*.eu.*", "a.eu.b", true},
      {"caf\xc3\xa9*", "caf\xc3\xa9s", true},
  };
  for (const auto& each : cases)
    cr_expect_eq(Pattern::glob(each.glob).matches(each.text), each.matches, "%s ~ %s", each.glob,
                 each.text);
}

Test(pattern, letters_case_can_be_ignored) {
  cr_expect(Pattern::literal("EU-West", Case::ignored).matches("eu-wEST"));
  cr_expect(Pattern::glob("EU*", 0, Case::ignored).matches("eu-west"));
  cr_expect(Pattern::regex("^eu$", 0, Case::ignored).matches("EU"));
  cr_expect_not(Pattern::literal("EU").matches("eu"));
}

Test(pattern, regular_expressions_are_found_anywhere) {
  cr_expect(Pattern::regex("b+").matches("abbc"));
  cr_expect_not(Pattern::regex("^b+$").matches("abbc"));
  cr_expect(Pattern::regex("(?i)EU").matches("us,eu"));
}

Test(pattern, what_re2_does_not_take_is_a_bad_value) {
  const std::string refused[] = {"(",     "a{2000}", "((a{100}){100}){100}",
                                 "(?=a)", "\\1",     std::string(5'000, 'a')};
  for (const std::string& regex : refused) {
    bool isRefused = false;
    try {
      Pattern::regex(regex, 7);
    } catch (const BadValue& bad) {
      isRefused = bad.at == 7 && !bad.what.empty();
    }
    cr_expect(isRefused, "%s", regex.c_str());
  }
}

Test(pattern, hostile_expressions_end_soon) {
  const std::string text(64 * 1'024, 'a');
  cr_expect_not(Pattern::regex("(a*)*(a*)*b$").matches(text));
  cr_expect_not(Pattern::regex("(x+x+)+y").matches(std::string(60'000, 'x')));
  std::string glob;
  for (int i = 0; i < 500; i++) glob += "*a";
  cr_expect_not(Pattern::glob(glob + "*b").matches(std::string(1'000, 'a')));
}

Test(pattern, tells_what_a_match_begins_with) {
  cr_expect_eq(Pattern::glob("web*").prefix(), "web");
  cr_expect_eq(Pattern::glob("web").prefix(), "web");
  cr_expect(Pattern::regex("^web-[0-9]").prefix().starts_with("we"));
  cr_expect_eq(Pattern::regex("web").prefix(), "");
  cr_expect_eq(Pattern::regex("^(web|db)$").prefix(), "");
  for (const char* text : {"(?i)^web", "^*web", "^web|^wec", "^web|wec", "(^web)?", "\\^web"})
    cr_expect_eq(Pattern::regex(text).prefix(), "", "%s", text);
  // Whatever the prefix is, what matches begins with it.
  for (const char* text : {"^web", "^web-[0-9]+$", "^w(e)b?", "^\\^web", "^web*"}) {
    Pattern pattern = Pattern::regex(text);
    for (const char* tried : {"web", "web-1", "we", "wx", "^web", "x"}) {
      if (pattern.matches(tried))
        cr_expect(std::string_view(tried).starts_with(pattern.prefix()), "%s %s", text, tried);
    }
  }
  cr_expect(Pattern::glob("web").isExact());
  cr_expect_not(Pattern::glob("web", 0, Case::ignored).isExact());
}

Test(pattern, patterns_are_values) {
  Pattern one = Pattern::regex("a+"), other = one;
  cr_expect(one == other);
  cr_expect(one == Pattern::regex("a+"));
  cr_expect_not(one == Pattern::literal("a+"));
}
