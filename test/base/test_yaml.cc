#include "base/yaml.h"

#include <criterion/criterion.h>

#include <stdlib.h>
#include <unistd.h>

#include <string>

namespace {

// What was read, in short: `key=value@line`, lists in brackets, nulls as `~`.
std::string summary(const base::YamlFile& file) {
  std::string text;
  for (const base::YamlEntry& entry : file.entries) {
    if (!text.empty()) text += ' ';
    text += entry.key + "=";
    if (entry.isList) text += '[';
    for (const base::YamlValue& value : entry.values) {
      if (&value != &entry.values.front()) text += ',';
      text += value.isNull ? "~" : value.text;
    }
    if (entry.isList) text += ']';
    text += "@" + std::to_string(entry.line);
  }
  return text;
}

std::string problems(const base::YamlFile& file) {
  std::string text;
  for (const std::string& problem : file.problems) {
    if (!text.empty()) text += '\n';
    text += problem;
  }
  return text;
}

}  // namespace

Test(yaml, flat_mappings_are_read_in_order_with_their_lines) {
  struct Row {
    const char *text, *want;
  };
  const Row rows[] = {
      {"", ""},
      {"# only a comment\n", ""},
      {"---\n", ""},
      {"{}\n", ""},
      {"a: 1\nb: two words # and a comment\n", "a=1@1 b=two words@2"},
      {"\n\na: x\r\n", "a=x@3"},
      {"a: \"0660\"\nb: 'it''s'\n", "a=0660@1 b=it's@2"},
      {"a:\nb: ~\nc: null\nd: \"\"\ne: 'null'\n", "a=~@1 b=~@2 c=~@3 d=@4 e=null@5"},
      {"a:\n  - x\n  - y\nb: []\nc: [z]\n", "a=[x,y]@1 b=[]@4 c=[z]@5"},
      {"a: unix:///run/x.sock?mode=0660\n", "a=unix:///run/x.sock?mode=0660@1"},
      {"{a: 1, b: [2, 3]}", "a=1@1 b=[2,3]@1"},
      {"a: |\n  two\n  lines\n", "a=two\nlines\n@1"},
      {"\xef\xbb\xbf"
       "a: bom\n",
       "a=bom@1"},
  };
  for (const Row& row : rows) {
    base::YamlFile file = base::parseYaml(row.text, "f");
    cr_expect(file.problems.empty(), "%s: %s", row.text, problems(file).c_str());
    cr_expect_eq(summary(file), row.want, "%s: %s", row.text, summary(file).c_str());
  }
}

Test(yaml, what_is_not_flat_is_named_with_file_and_line_and_the_rest_is_still_read) {
  struct Row {
    const char *text, *wrong, *rest;
  };
  const Row rows[] = {
      {"a: 1\nb: 2\na: 3\n", "f:3: \"a\" is already given in line 1", "a=1@1 b=2@2"},
      {"a:\n  b: 1\nc: 2\n", "f:2: \"a\" cannot be a mapping", "c=2@3"},
      {"a:\n  - [1, [2]]\n  - 3\nc: 2\n", "f:2: an item of \"a\" cannot be a list", "c=2@4"},
      {"a:\n  - {x: 1}\nc: 2\n", "f:2: an item of \"a\" cannot be a mapping", "c=2@3"},
      {"[1, 2]: 3\nc: 2\n", "f:1: a key cannot be a list", "c=2@2"},
      {"? {x: 1}\n: 3\nc: 2\n", "f:1: a key cannot be a mapping", "c=2@3"},
      {"a: &x 1\nb: *x\nc: 2\n",
       "f:1: anchors (&name) are not supported here\nf:2: aliases (*name) are not supported here",
       "c=2@3"},
      {"a: !!int 1\nc: 2\n", "f:1: tags (!name) are not supported here", "c=2@2"},
      {"a: &x [1]\nc: 2\n", "f:1: anchors (&name) are not supported here", "c=2@2"},
      {"&x\na: 1\n", "f:1: anchors (&name) are not supported here", "a=1@2"},
      {"a: 1\n---\nb: 2\n", "f:2: a second document (---) is not supported here", "a=1@1"},
      {"just words\n", "f:1: expected lines of the form \"key: value\"", ""},
      {"- a\n- b\n", "f:1: expected lines of the form \"key: value\"", ""},
      {"\n*x\n", "f:2: expected lines of the form \"key: value\"", ""},
  };
  for (const Row& row : rows) {
    base::YamlFile file = base::parseYaml(row.text, "f");
    cr_expect_eq(problems(file), row.wrong, "%s: %s", row.text, problems(file).c_str());
    cr_expect_eq(summary(file), row.rest, "%s: %s", row.text, summary(file).c_str());
  }
}

Test(yaml, what_is_not_yaml_is_named_with_its_line) {
  struct Row {
    std::string_view text, start;
  };
  const Row rows[] = {
      {"a: 1\nb: [1, 2\n", "f:3: not valid YAML: "},
      {"a: 1\n\tb: 2\n", "f:2: not valid YAML: "},
      {"a: \"open\n", "f:2: not valid YAML: "},
      {"a: 1\nb: 2: 3\n", "f:2: not valid YAML: "},
      {"a: 1\nb: \xff\n", "f:2: not valid YAML: "},
      {std::string_view("a: 1\nb: \0\n", 10), "f:2: not valid YAML: "},
      {"a: 1\n*\n", "f:2: not valid YAML: "},
      {"%YAML 9.9\n---\na: 1\n", "f:1: not valid YAML: "},
  };
  for (const Row& row : rows) {
    base::YamlFile file = base::parseYaml(row.text, "f");
    cr_expect_eq(file.problems.size(), 1u, "%s", row.text.data());
    cr_expect(problems(file).starts_with(row.start), "%s: %s", row.text.data(),
              problems(file).c_str());
  }
}

Test(yaml, deep_nesting_is_a_problem_and_no_more) {
  std::string text = "a: " + std::string(100000, '[');
  cr_assert_eq(base::parseYaml(text, "f").problems.size(), 2u);
}

Test(yaml, many_keys_take_no_square_time) {
  std::string text;
  for (int i = 0; i < 100000; ++i) text += "k" + std::to_string(i) + ":\n";
  cr_assert_eq(base::parseYaml(text, "f").entries.size(), 100000u);
}

Test(yaml, files_that_cannot_be_read_are_named_with_the_reason) {
  auto messageFor = [](const char* file) { return problems(base::loadYaml(file)); };
  cr_expect_eq(messageFor("/nonexistent.yml"),
               "cannot read /nonexistent.yml: No such file or directory");
  cr_expect_eq(messageFor("/"), "cannot read /: Is a directory");
  cr_expect_eq(messageFor("/dev/zero"), "/dev/zero is larger than 1 MiB");
}

Test(yaml, a_file_of_the_largest_size_is_read) {
  char name[] = "/tmp/drover-test-yaml-XXXXXX";
  int descriptor = ::mkstemp(name);
  std::string text = "a: 1\n#";
  text.resize(base::yamlSizeLimit, 'x');
  cr_assert_eq(::write(descriptor, text.data(), text.size()), ssize_t(text.size()));
  ::close(descriptor);
  base::YamlFile file = base::loadYaml(name);
  ::unlink(name);
  cr_assert_eq(summary(file), "a=1@1", "%s", problems(file).c_str());
}
