// Names of images as engines read them. What a real engine makes of image_references.txt, the
// integration tests ask one.

#include "docker/image_reference.h"

#include <criterion/criterion.h>

#include <fstream>
#include <string>

using namespace docker;

namespace {

const std::string digest =
    "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

// What the engine says that it does not have, or "-" for what is no name. An id is none of ours.
std::string lookedFor(const std::string& text) {
  std::optional<ImageReference> reference = parseImageReference(text);
  bool isId = text.size() == 64 && text.find_first_not_of("0123456789abcdef") == text.npos;
  if (isId) return reference ? "taken for a name" : "sha256:" + text;
  if (!reference) return "-";
  return reference->namesOne() ? reference->familiar() : reference->listed();
}

}  // namespace

Test(image_reference, is_read_as_a_real_engine_reads_it) {
  std::ifstream table(std::string(DROVER_TEST_DATA) + "/image_references.txt");
  size_t rows = 0;
  for (std::string line; std::getline(table, line);) {
    if (line.starts_with('#')) continue;
    size_t tab = line.find('\t');
    cr_assert(tab != line.npos, "%s", line.c_str());
    std::string text = line.substr(0, tab), expected = line.substr(tab + 1);
    std::string found = lookedFor(text);
    cr_expect_eq(found, expected, "%s: %s", text.c_str(), found.c_str());
    rows++;
  }
  cr_expect_geq(rows, 60);
}

Test(image_reference, has_a_full_and_a_familiar_form) {
  const struct {
    std::string text, canonical, familiar, repository, listed;
  } cases[] = {
      {"web", "docker.io/library/web", "web", "web", "web:latest"},
      {"library/web:1", "docker.io/library/web:1", "web:1", "web", "web:1"},
      {"index.docker.io/team/web", "docker.io/team/web", "team/web", "team/web", "team/web:latest"},
      {"library/a/b", "docker.io/library/a/b", "library/a/b", "library/a/b", "library/a/b:latest"},
      {"host:5000/library/web", "host:5000/library/web", "host:5000/library/web",
       "host:5000/library/web", "host:5000/library/web:latest"},
      {"web:1@" + digest, "docker.io/library/web:1@" + digest, "web:1@" + digest, "web",
       "web@" + digest},
      {"a_b.c/d:1", "a_b.c/d:1", "a_b.c/d:1", "a_b.c/d", "a_b.c/d:1"},
  };
  for (const auto& each : cases) {
    std::optional<ImageReference> reference = parseImageReference(each.text);
    cr_assert(reference, "%s", each.text.c_str());
    cr_expect_eq(reference->canonical(), each.canonical, "%s", each.text.c_str());
    cr_expect_eq(reference->familiar(), each.familiar, "%s", each.text.c_str());
    cr_expect_eq(reference->repository(), each.repository, "%s", each.text.c_str());
    cr_expect_eq(reference->listed(), each.listed, "%s", each.text.c_str());
    cr_expect(parseImageReference(each.canonical) == reference, "%s", each.text.c_str());
  }
}

// Engines of 1.41 refuse these, later ones do not.
Test(image_reference, later_engines_know_more_domains) {
  for (const char* text : {"[::1]/web", "[2001:DB8::1]:5000/web", "Host/web", "LOCALHOST/web"}) {
    std::optional<ImageReference> reference = parseImageReference(text);
    cr_assert(reference, "%s", text);
    cr_expect_eq(reference->canonical(), text);
    cr_expect_eq(reference->path, "web");
  }
  for (const char* text : {"[::1/web", "[]/web", "[::1]5000/web", "[::1]:/web", "[g::1]/web"})
    cr_expect_not(parseImageReference(text), "%s", text);
}

Test(image_reference, has_limits) {
  cr_expect(parseImageReference("host:5000/" + std::string(255, 'a')));
  cr_expect_not(parseImageReference("host:5000/" + std::string(256, 'a')));
  cr_expect(parseImageReference(std::string(247, 'a')), "with its folder");
  cr_expect_not(parseImageReference(std::string(248, 'a')));
  cr_expect_not(parseImageReference(std::string(513, 'A') + "/web"));
  cr_expect_not(parseImageReference("web:" + std::string(1 << 20, 'a')));
  cr_expect_not(parseImageReference(std::string(1 << 20, '/')));
  cr_expect_not(parseImageReference(std::string("web\0", 4)));
  cr_expect_not(parseImageReference(""));
}

Test(image_reference, a_tag_may_stand_beside_the_name) {
  const struct {
    std::string name, tag, expected;
  } cases[] = {
      {"web", "", "web"},
      {"web:1", "", "web:1"},
      {"web", "2", "web:2"},
      {"web:1", "2", "web:2"},
      {"host:5000/web", "2", "host:5000/web:2"},
      {"web", digest, "web@" + digest},
      {"web:1", digest, "web@" + digest},
      {"web", "a/b", "-"},
      {"web", "sha256:abc", "-"},
      {"Web", "1", "-"},
  };
  for (const auto& each : cases) {
    std::optional<ImageReference> reference = parseImageReference(each.name, each.tag);
    std::string found = reference ? reference->familiar() : "-";
    cr_expect_eq(found, each.expected, "%s %s", each.name.c_str(), each.tag.c_str());
  }
}

Test(image_reference, what_is_no_name_stays_as_it_is) {
  const std::string id = digest.substr(7);
  for (const std::string& text : {std::string(), id, std::string("Web"), std::string("a@b")}) {
    cr_expect_eq(listedImageName(text), text);
    cr_expect_eq(imageRepository(text), text);
  }
  cr_expect_eq(listedImageName(digest), digest, "an id with its algorithm could be a tag");
  cr_expect_eq(listedImageName("docker.io/library/web"), "web:latest");
  cr_expect_eq(imageRepository("docker.io/library/web:1"), "web");
}
