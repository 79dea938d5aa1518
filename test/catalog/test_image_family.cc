// Which images were made of which, by all engines.

#include "catalog/image_family.h"

#include <criterion/criterion.h>

#include <string>
#include <vector>

using namespace catalog;

namespace {

NodeAnswer from(const std::string& node, const std::string& body) {
  return {node, node, "10.0.0.1", body};
}

std::string descendants(ImageIds ids, const std::vector<NodeAnswer>& answers) {
  std::string out;
  for (const std::string& each : withDescendants(std::move(ids), answers))
    out += (out.empty() ? "" : " ") + each;
  return out;
}

}  // namespace

Test(image_family, parents_are_known_where_the_images_were_built) {
  std::vector<NodeAnswer> answers = {
      from(
          "n1",
          R"([{"Id":"base","ParentId":""},{"Id":"a","ParentId":"base"},{"Id":"b","ParentId":"a"}])"),
      from("n2", R"([{"Id":"b","ParentId":""},{"Id":"c","ParentId":"b"},{"Id":"x"}])"),
      from("n3", "[]")};
  cr_expect_eq(descendants({"base"}, answers), "a b base c");
  cr_expect_eq(descendants({"b", "x"}, answers), "b c x");
  cr_expect_eq(descendants({"gone"}, answers), "gone");
  cr_expect_eq(descendants({}, answers), "");
  cr_expect_eq(descendants({"a"}, {}), "a");
}

Test(image_family, a_circle_comes_to_an_end) {
  std::vector<NodeAnswer> answers = {
      from("n1", R"([{"Id":"a","ParentId":"b"},{"Id":"b","ParentId":"a"}])")};
  cr_expect_eq(descendants({"a"}, answers), "a b");
}
