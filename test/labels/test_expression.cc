// The expressions of io.drover.constraint and io.drover.affinity, and selectors.

#include "labels/expression.h"

#include "labels/problem.h"

#include <criterion/criterion.h>

#include <string>

using labels::BadValue;
using labels::Budget;
using labels::Rule;
using labels::Use;

namespace {

// The rules as they would be written, or what is wrong: "at: what (nearest)".
std::string understood(const std::string& text, Use use = Use::constraint) {
  Budget budget;
  try {
    std::string result;
    for (const Rule& rule : labels::parseExpression(text, use, budget))
      result += (result.empty() ? "" : " & ") + describe(rule);
    return result;
  } catch (const BadValue& bad) {
    return std::to_string(bad.at) + ": " + bad.what +
           (bad.nearest.empty() ? "" : " (" + bad.nearest + ")");
  }
}

bool isSelected(const std::string& selector, const labels::Labels& labels) {
  Budget budget;
  return labels::selects(labels::parseSelector(selector, budget), labels);
}

}  // namespace

Test(expression, every_form_is_understood) {
  const std::pair<const char*, const char*> cases[] = {
      {"", ""},
      {"  ", ""},
      {"node.name==db-1", "node.name == db-1"},
      {" node.name == db-1 , node.os!=windows ", "node.name == db-1 & node.os != windows"},
      {"node.zone in (a, b*)", "node.zone in (a, b*)"},
      {"node.zone notin (a,b)", "node.zone notin (a, b)"},
      {"node.zone in(a)", "node.zone == a"},
      {"node.label.ssd exists", "node.label.ssd exists"},
      {"node.label.ssd absent,node.os exists", "node.label.ssd absent & node.os exists"},
      {"node.kernel >= 5.10", "node.kernel >= 5.10"},
      {"node.memory>16GiB", "node.memory > 16GiB"},
      {"node.name == /^db-[0-9]+$/", "node.name == /^db-[0-9]+$/"},
      {"node.name == /a,b/, node.os == linux", "node.name == /a,b/ & node.os == linux"},
      {"node.label.path == /\\/srv/", "node.label.path == //srv/"},
      {"node.label.x == \"a, b\"", "node.label.x == \"a, b\""},
      {"node.label.x == 'it\\'s *'", "node.label.x == \"it's *\""},
      {"node.distribution == Debian GNU/Linux 12*", "node.distribution == Debian GNU/Linux 12*"},
      {"node.label.com.example/x == a=b", "node.label.com.example/x == a=b"},
      {"node.labels.x==1", "node.label.x == 1"},
      {"engine.labels.x==1", "engine.label.x == 1"},
      {"node.label.stra\xc3\x9f"
       "e == \xc3\xbc",
       "node.label.stra\xc3\x9f"
       "e == \xc3\xbc"},
  };
  for (const auto& [text, expected] : cases)
    cr_expect_eq(understood(text), expected, "%s: %s", text, understood(text).c_str());
}

Test(expression, affinities_speak_of_what_nodes_have) {
  const std::pair<const char*, const char*> cases[] = {
      {"container == web", "container == web"},
      {"container.name != web", "container != web"},
      {"label.app == x", "container.label.app == x"},
      {"image == nginx, network == front, volume==data",
       "image == nginx & network == front & volume == data"},
      {"service notin (a/b, c/d)", "service notin (a/b, c/d)"},
  };
  for (const auto& [text, expected] : cases)
    cr_expect_eq(understood(text, Use::affinity), expected, "%s: %s", text,
                 understood(text, Use::affinity).c_str());
}

Test(expression, a_mistake_is_told_with_its_place_and_what_was_meant) {
  const std::pair<const char*, const char*> cases[] = {
      {"node.kernal == 5", "0: \"node.kernal\" is not a valid constraint field (node.kernel)"},
      {"node.os == linux, node.lable.x == 1",
       "18: \"node.lable.x\" is not a valid constraint field (node.label.x)"},
      {"node.os = linux", "8: \"=\" is not a valid operator (==)"},
      {"node.os ist linux", "8: \"ist\" is not a valid operator (in)"},
      {"node.os", "7: an operator is missing after \"node.os\""},
      {"node.os ==", "10: a value is missing"},
      {"node.os == a,", "13: a name is missing"},
      {", node.os == a", "0: a name is missing"},
      {"node.os in a", "11: \"(\" is missing before \"a\""},
      {"node.os in (a", "13: \")\" is missing"},
      {"node.os in (a,)", "14: a value is missing"},
      {"node.os == /a", "11: the / at the end of the regular expression is missing"},
      {"node.os == \"a", "11: the closing quote is missing"},
      {"node.os == \"a\" b", "15: \",\" is missing before \"b\""},
      {"node.kernel > new", "14: \"new\" is not a version, such as 5.10"},
      {"node.memory > 16 apples",
       "14: \"16 apples\" is not a number or a size, such as 4 or 16GiB"},
      {"container == web", "0: \"container\" is for io.drover.affinity"},
  };
  for (const auto& [text, expected] : cases) {
    cr_expect_eq(understood(text), expected, "%s: %s", text, understood(text).c_str());
  }
  cr_expect_eq(understood("node.os == a", Use::affinity),
               "0: \"node.os\" is for io.drover.constraint");
}

Test(expression, what_one_container_can_ask_is_bounded) {
  std::string rules, searches, names = "node.name in (a";
  for (int i = 0; i < 1'025; i++) rules += "node.os==a,";
  for (int i = 0; i < 129; i++) searches += "node.os==a*,";
  while (names.size() < 64 * 1'024 - 8) names += ",name";
  cr_expect_neq(understood(rules + "node.os==a").find("at most 1024 rules"), std::string::npos);
  cr_expect_neq(understood(searches + "node.os==a").find("at most 128 wildcards"),
                std::string::npos);
  cr_expect_eq(understood(names + ")").find("node.name in ("), 0u);
}

Test(expression, selectors_have_ranchers_grammar) {
  const labels::Labels labels = {{"App", "Web"}, {"tier", "front"}, {"empty", ""}};
  const std::pair<const char*, bool> cases[] = {
      {"app=web", true},
      {"APP = WEB", true},
      {"app==web", true},
      {"app!=db", true},
      {"app!=web", false},
      {"gone!=web", false},  // != wants the key to be there
      {"gone notin (web)", false},
      {"app in (db, web)", true},
      {"app notin (db, cache)", true},
      {"app notin (db, web)", false},
      {"tier", true},
      {"Tier", false},  // a key alone is compared exactly
      {"gone", false},
      {"app=web, tier=front", true},
      {"app=web, tier=back", false},
      {"empty=", true},
      {"", true},
  };
  for (const auto& [selector, expected] : cases)
    cr_expect_eq(isSelected(selector, labels), expected, "%s", selector);
}

Test(expression, a_selectors_key_has_no_blank) {
  Budget budget;
  for (const char* text : {"a b=c", "a in b", "=x", "a in (b", "a,,b"}) {
    bool isRefused = false;
    try {
      labels::parseSelector(text, budget);
    } catch (const BadValue&) {
      isRefused = true;
    }
    cr_expect(isRefused, "%s", text);
  }
}
