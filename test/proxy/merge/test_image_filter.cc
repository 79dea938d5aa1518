// Which images of a node's list `before` and `since` let through.

#include "proxy/merge/image_filter.h"

#include <criterion/criterion.h>

#include "test/proxy/merge_bodies.h"

using namespace catalog;
using namespace docker;
using namespace proxy;
using bodies::from;

namespace {

constexpr int64_t second = 1'000'000'000;

std::string image(const std::string& id, int64_t created) {
  return "{\"Created\":" + std::to_string(created) + ",\"Id\":\"" + id + "\",\"RepoTags\":null}";
}

// The ids, which are letters.
std::string ids(const std::string& list) {
  std::string found;
  for (size_t at = 0; (at = list.find("\"Id\":\"", at)) != std::string::npos; at++)
    found.push_back(list[at + 6]);
  return found;
}

const NodeAnswer four = from("n1", "[" + image("d", 40) + "," + image("c", 30) + "," +
                                       image("b", 20) + "," + image("a", -62135596800) + "]\n");

}  // namespace

Test(image_window, is_cut_by_the_time_of_creation) {
  const struct {
    ImageFilter window;
    const char* shown;
  } cases[] = {
      {{}, "dcba"},
      {{.before = 30 * second + 1, .since = {}}, "cba"},
      {{.before = 30 * second, .since = {}}, "ba"},
      {{.before = {}, .since = 30 * second}, "d"},
      {{.before = {}, .since = 30 * second - 1}, "dc"},
      {{.before = 40 * second, .since = 20 * second}, "c"},
      {{.before = 20 * second, .since = 40 * second}, ""},
      {{.before = 0, .since = {}}, ""},
      {{.before = {}, .since = 0}, "dcb"},
  };
  for (const auto& each : cases) {
    std::string list = imagesWithin(four, each.window, {});
    cr_expect_eq(ids(list), each.shown, "%s: %s", each.shown, list.c_str());
  }
}

Test(image_window, what_was_made_in_the_same_second_is_looked_at) {
  using Ids = std::vector<std::string>;
  ImageFilter window{.before = 30 * second + 7, .since = 20 * second + 5};
  cr_expect(undecidedImages(four, window) == Ids({"c", "b"}));
  cr_expect(undecidedImages(four, {}).empty());
  ImageFilter zero{.before = 0, .since = {}};
  cr_expect(undecidedImages(four, zero) == Ids({"a"}), "times before 1970 count as 1970");

  auto shown = [&](int64_t c, int64_t b) {
    return ids(imagesWithin(four, window, {{"c", 30 * second + c}, {"b", 20 * second + b}}));
  };
  cr_expect_eq(shown(6, 6), "cb");
  cr_expect_eq(shown(7, 5), "", "the images that were named are no part of it");
  cr_expect_eq(shown(8, 4), "");
}

Test(image_window, a_senseless_list_is_told_with_its_node) {
  for (const char* body :
       {"", "{}", "[1]", "[{}]", "[{\"Id\":1}]", "[{\"Id\":\"a\",\"Created\":[]}]"}) {
    bool told = false;
    try {
      imagesWithin(from("bad", body), {}, {});
    } catch (const MergeError& failed) {
      told = bodies::has(failed.what(), "node bad");
    }
    cr_expect(told, "%s", body);
  }
  cr_expect_eq(imagesWithin(from("n1", "null"), {}, {}), "[]");
  std::string far = "[" + image("f", INT64_MAX) + "]";
  cr_expect_eq(ids(imagesWithin(from("n1", far), {.before = {}, .since = 1}, {})), "f");
}
