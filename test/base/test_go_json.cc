// What encoding/json makes of a text. The expectations are what an engine answered to an inspection
// of what it had made of such a body.

#include "base/go_json.h"

#include <criterion/criterion.h>

#include <string>
#include <utility>

#include "base/json.h"

using base::GoMember;
using base::GoType;
namespace go = base::go;

namespace {

constexpr GoMember policyMembers[] = {{"Name", &go::text}, {"Count", &go::number}};
constexpr GoType policy = go::object(policyMembers);
constexpr GoType policies = go::listOf(policy);
constexpr GoType policyMap = go::mapOf(policies);
constexpr GoMember hostMembers[] = {
    {"Memory", &go::number},
    {"Policy", &policy},
    {"Mounts", &policies},
    {"Ports", &policyMap},
};
constexpr GoType host = go::pointerTo(hostMembers);
constexpr GoMember members[] = {
    {"Image", &go::text}, {"Labels", &go::textMap}, {"Env", &go::texts},
    {"Tasks", &go::any},  {"IsLast", &go::truth},   {"HostConfig", &host},
};
constexpr GoType type = go::object(members);

void expectRead(std::initializer_list<std::pair<const char*, const char*>> cases) {
  for (const auto& [given, expected] : cases) {
    base::GoReading reading = base::readAsGo(given, type);
    cr_expect_eq(reading.text, expected, "%s: %s%s", given, reading.text.c_str(),
                 reading.fault.c_str());
    cr_expect_eq(base::readAsGo(reading.text, type).text, reading.text, "%s", given);
  }
}

}  // namespace

Test(go_json, members_are_known_in_any_spelling) {
  expectRead({
      {R"({"Labels":{"a":"b"}})", R"({"Labels":{"a":"b"}})"},
      {R"({"labels":{"a":"b"},"IMAGE":"x"})", R"({"Labels":{"a":"b"},"Image":"x"})"},
      {R"({"L\u0061bels":{"\u0061":"b"}})", R"({"Labels":{"a":"b"}})"},
      {"{\"Label\u017f\":{},\"Tas\u212as\":1}", R"({"Labels":{},"Tasks":1})"},
      {R"({"HOSTCONFIG":{"memory":5}})", R"({"HostConfig":{"Memory":5}})"},
      // Keys of maps are what they are.
      {R"({"Labels":{"a":"1","A":"2"}})", R"({"Labels":{"a":"1","A":"2"}})"},
      // What is not known stays as it is, twice too.
      {R"({"New":{"labels": 1},"New":1.50,"Big":123456789012345678901})",
       R"({"New":{"labels": 1},"New":1.50,"Big":123456789012345678901})"},
      {" {\n\"Labels\" :\t{ } , \"Env\":[ \"a\" , \"b\" ] }\n", R"({"Labels":{},"Env":["a","b"]})"},
  });
}

Test(go_json, what_comes_again_is_read_over_what_was_there) {
  expectRead({
      {R"({"Image":"a","image":"b"})", R"({"Image":"b"})"},
      {R"({"Labels":{"a":"b"},"labels":{"c":"d"}})", R"({"Labels":{"a":"b","c":"d"}})"},
      {R"({"Labels":{"a":"b","a":"c"}})", R"({"Labels":{"a":"c"}})"},
      {R"({"Labels":{"a":"b"},"Image":"x","Labels":{"a":"c"}})",
       R"({"Labels":{"a":"c"},"Image":"x"})"},
      {R"({"HostConfig":{"Memory":1},"HostConfig":{"Policy":{"Name":"x"}}})",
       R"({"HostConfig":{"Memory":1,"Policy":{"Name":"x"}}})"},
      {R"({"HostConfig":{"Policy":{"Name":"x"},"Policy":{"Count":2}}})",
       R"({"HostConfig":{"Policy":{"Name":"x","Count":2}}})"},
      {R"({"Env":["A","B"],"Env":["C"]})", R"({"Env":["C"]})"},
      {R"({"Env":["A","B"],"Env":["C"],"env":[null,null,null]})", R"({"Env":["C","B",""]})"},
      {R"({"Env":["A","B"],"Env":[],"env":[null]})", R"({"Env":[""]})"},
      {R"({"HostConfig":{"Mounts":[{"Name":"a","Count":1}],"mounts":[{"Name":"b"}]}})",
       R"({"HostConfig":{"Mounts":[{"Name":"b","Count":1}]}})"},
      {R"({"HostConfig":{"Ports":{"80":[{"Name":"a"}]},"ports":{"80":[{"Count":1}],"81":[]}}})",
       R"({"HostConfig":{"Ports":{"80":[{"Count":1}],"81":[]}}})"},
  });
}

Test(go_json, null_forgets_some_and_leaves_the_rest) {
  expectRead({
      {R"({"Image":"a","Image":null})", R"({"Image":"a"})"},
      {R"({"Image":null})", R"({"Image":null})"},
      {R"({"Labels":{"a":"b"},"Labels":null})", R"({"Labels":null})"},
      {R"({"Labels":{"a":"b"},"Labels":null,"Labels":{"c":"d"}})", R"({"Labels":{"c":"d"}})"},
      {R"({"Labels":{"a":null}})", R"({"Labels":{"a":""}})"},
      {R"({"Env":["A"],"Env":null})", R"({"Env":null})"},
      {R"({"HostConfig":{"Memory":1},"HostConfig":null})", R"({"HostConfig":null})"},
      {R"({"HostConfig":{"Policy":{"Name":"x"},"Policy":null}})",
       R"({"HostConfig":{"Policy":{"Name":"x"}}})"},
      {R"({"Tasks":1,"Tasks":null})", R"({"Tasks":null})"},
      {"null", "null"},
  });
}

Test(go_json, texts_are_whole_and_written_in_one_way) {
  expectRead({
      {R"({"Image":"\ud800x\udc00\ud800\u0041"})", "{\"Image\":\"\ufffdx\ufffd\ufffdA\"}"},
      {R"({"Image":"\ud83d\ude00\u00e9\/"})", "{\"Image\":\"\U0001f600\u00e9/\"}"},
      {"{\"Image\":\"\xff\xc0\xafx\xed\xa0\x80\xe2\x82\"}",
       "{\"Image\":\"\ufffd\ufffd\ufffdx\ufffd\ufffd\ufffd\ufffd\ufffd\"}"},
      {R"({"Image":"\"\\\n\u0000\u001f"})", R"({"Image":"\"\\\u000a\u0000\u001f"})"},
      {R"({"New":["\ud800",{"\u0061":1}]})", "{\"New\":[\"\ufffd\",{\"a\":1}]}"},
  });
}

// Also where something else would win: Go tells of the first.
Test(go_json, what_does_not_fit_stays_for_go_to_refuse) {
  expectRead({
      {R"({"Image":1,"Image":"x"})", R"({"Image":1})"},
      {R"({"Image":"x","Image":true})", R"({"Image":true})"},
      {R"({"Labels":{"a":1,"a":"x"}})", R"({"Labels":{"a":1}})"},
      {R"({"Labels":["a"],"labels":{}})", R"({"Labels":["a"]})"},
      {R"({"HostConfig":{"Memory":1.5,"Memory":5}})", R"({"HostConfig":{"Memory":1.5}})"},
      {R"({"HostConfig":{"Memory":1e999}})", R"({"HostConfig":{"Memory":1e999}})"},
      {R"({"HostConfig":{"Memory":9223372036854775808}})",
       R"({"HostConfig":{"Memory":9223372036854775808}})"},
      {R"({"HostConfig":{"Ports":{"a":[{"Name":1}],"a":[]}}})",
       R"({"HostConfig":{"Ports":{"a":[{"Name":1}]}}})"},
      {R"({"Env":["A"],"env":[null,1]})", R"({"Env":["",1]})"},
      {R"([{"Image":"x"}])", R"([{"Image":"x"}])"},
  });
}

Test(go_json, what_is_no_json_is_told_as_go_does) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "EOF"},
      {" \n", "EOF"},
      {R"({"Image":"x")", "unexpected EOF"},
      {R"({"Image":"x)", "unexpected EOF"},
      {R"({"Image":tr)", "unexpected EOF"},
      {R"({"Image":"x",})", "invalid character '}' looking for beginning of object key string"},
      {R"({'Image':1})", R"(invalid character '\'' looking for beginning of object key string)"},
      {R"({"Image"=1})", "invalid character '=' after object key"},
      {R"({"Image":"x" "Env":[]})", R"(invalid character '"' after object key:value pair)"},
      {R"({"Env":["x" "y"]})", R"(invalid character '"' after array element)"},
      {R"({"Env":["x",]})", "invalid character ']' looking for beginning of value"},
      {"{\"Image\":\"\x01\"}", R"(invalid character '\x01' in string literal)"},
      {R"({"Image":"\x"})", "invalid character 'x' in string escape code"},
      {R"({"Image":"\u00g0"})", R"(invalid character 'g' in \u hexadecimal character escape)"},
      {R"({"IsLast":trve})", "invalid character 'v' in literal true (expecting 'u')"},
      {R"({"Count":-a})", "invalid character 'a' in numeric literal"},
      {R"({"Count":01})", "invalid character '1' after object key:value pair"},
      {R"({"Count":1.})", "invalid character '}' after decimal point in numeric literal"},
      {R"({"Count":1e})", "invalid character '}' in exponent of numeric literal"},
      {"\xef\xbb\xbf{}", "invalid character '\u00ef' looking for beginning of value"},
  };
  for (const auto& [given, fault] : cases) {
    base::GoReading reading = base::readAsGo(given, type);
    cr_expect_eq(reading.fault, fault, "%s: %s", given, reading.fault.c_str());
    cr_expect(reading.text.empty());
  }
}

Test(go_json, one_value_is_read_and_the_rest_left_alone) {
  std::string given = R"({"Image":"x"} {"Labels":{}})";
  base::GoReading reading = base::readAsGo(given, type);
  cr_expect_eq(reading.text, R"({"Image":"x"})");
  cr_expect_eq(reading.after, R"({"Labels":{}})");
  cr_expect(base::readAsGo("{} \n", type).after.empty());
}

Test(go_json, depth_is_limited_as_in_go) {
  auto deep = [](size_t depth) {
    return "{\"New\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
  };
  cr_expect(base::readAsGo(deep(10'000), type).fault.empty());
  cr_expect_eq(base::readAsGo(deep(10'001), type).fault,
               "invalid character '[' exceeded max depth");
}

// Many lists that are read over each other, and a long one at the end.
Test(go_json, lists_that_come_again_cost_what_they_are_long) {
  std::string given = "{";
  for (int i = 0; i < 200'000; i++) given += "\"Env\":[\"\"],";
  given += "\"Env\":[";
  for (int i = 0; i < 200'000; i++) given += "\"\",";
  given += "\"\"]}";
  base::GoReading reading = base::readAsGo(given, type);
  cr_expect(reading.text.size() < given.size());
}

Test(go_json, a_number_beyond_all_types_does_not_hide_the_rest) {
  rapidjson::Document json =
      base::parseJson(R"({"a":1e999,"z":0e999,"b":-5,"c":18446744073709551615,"d":2.5})");
  cr_assert(json.IsObject());
  cr_expect_eq(json["a"].GetInt(), 0);
  cr_expect_eq(json["b"].GetInt64(), -5);
  cr_expect_eq(json["c"].GetUint64(), UINT64_MAX);
  cr_expect_eq(json["d"].GetDouble(), 2.5);
}
