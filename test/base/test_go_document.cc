// Bodies as Go reads them, looked at and changed.

#include "base/go_document.h"

#include <criterion/criterion.h>

#include <string>

using base::GoDocument;
namespace go = base::go;

namespace {

constexpr base::GoMember innerMembers[] = {{"Name", &go::text}, {"Count", &go::number}};
constexpr base::GoType inner = go::pointerTo(innerMembers);
constexpr base::GoMember members[] = {
    {"Image", &go::text}, {"Labels", &go::textMap}, {"Env", &go::texts},
    {"Inner", &inner},    {"IsOn", &go::truth},     {"Any", &go::any},
};
constexpr base::GoType type = go::object(members);

GoDocument document(std::string_view text) {
  return GoDocument(text, type);
}

}  // namespace

Test(go_document, values_are_found_by_their_names) {
  GoDocument read = document(
      R"({"x":{"Image":"no"},"image":"a\n","Labels":{"k\"":"v","n":null,"bad":5},"Env":["A",7,"B"],)"
      R"("Inner":{"Count":-7,"Name":"b"},"IsOn":true,"Any":[{"Name":1}]})");
  GoDocument::Node root = read.root();
  cr_assert_neq(root, GoDocument::none);
  cr_expect_eq(read.textOf(root, "Image"), "a\n");
  cr_expect_eq(read.child(root, "x"), GoDocument::none);
  GoDocument::Node labels = read.child(root, "Labels");
  cr_expect_eq(read.textOf(labels, "k\""), "v");
  cr_expect_eq(read.textOf(labels, "n"), "");
  cr_expect(read.isMisfit(read.child(labels, "bad")));
  cr_expect(read.namesOf(root, "Labels") == std::vector<std::string>({"k\"", "n", "bad"}));
  cr_expect(read.textsOf(root, "Env") == std::vector<std::string>({"A", "B"}));
  GoDocument::Node inner = read.child(root, "Inner");
  cr_expect_eq(read.numberOf<int64_t>(inner, "Count"), -7);
  cr_expect_eq(read.numberOf<uint64_t>(inner, "Count"), 0);
  cr_expect(read.isTrue(root, "IsOn") && !read.isTrue(root, "Image"));
  cr_expect_eq(read.child(read.child(root, "Any"), "Name"), GoDocument::none);
  cr_expect_eq(document("[]").root(), GoDocument::none);
  cr_expect_eq(document("null").root(), GoDocument::none);
  cr_expect_neq(document("{").fault(), "");
}

Test(go_document, changes_stand_where_the_values_were) {
  GoDocument read = document(R"({"Image":"a","Inner":{"Count":1.0},"Env":["A","B","C"],"z":1e5})");
  GoDocument::Node root = read.root(), inner = read.child(root, "Inner"),
                   env = read.child(root, "Env");
  read.put(root, "Image", "\"b\"");
  read.put(inner, "Name", "\"n\"");
  read.put(inner, "Name", "\"m\"");
  read.put(inner, "Count", "2");  // does not fit
  read.put(root, "IsOn", "true");
  read.drop(env, {0});
  read.drop(env, {1});
  cr_expect_eq(read.textOf(root, "Image"), "b");
  cr_expect_eq(read.textOf(inner, "Name"), "m");
  cr_expect(read.textsOf(root, "Env") == std::vector<std::string>({"B"}));
  cr_expect_eq(read.text(),
               R"({"Image":"b","Inner":{"Count":1.0,"Name":"m"},"Env":["B"],"z":1e5,"IsOn":true})",
               "%s", read.text().c_str());
  // What was replaced as a whole has no changes within.
  read.replace(inner, "null");
  read.replace(env, "[]");
  cr_expect_eq(read.text(), R"({"Image":"b","Inner":null,"Env":[],"z":1e5,"IsOn":true})", "%s",
               read.text().c_str());
}

Test(go_document, empty_objects_take_members) {
  GoDocument read = document(R"({"Inner":{},"Labels":{}})");
  read.put(read.child(read.root(), "Inner"), "Name", "\"a\"");
  read.put(read.child(read.root(), "Labels"), "b\"", "\"c\"");
  cr_expect_eq(read.text(), R"({"Inner":{"Name":"a"},"Labels":{"b\"":"c"}})");
  GoDocument none = document("{}");
  none.put(none.root(), "Image", "\"a\"");
  cr_expect_eq(none.text(), R"({"Image":"a"})");
}
