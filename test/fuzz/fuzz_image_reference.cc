// Names of images: any bytes are one or none, and of one each form is read as the same image.

#include <string>
#include <string_view>

#include "docker/image_reference.h"
#include "test/fuzz/feed.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::optional<docker::ImageReference> one = docker::parseImageReference(text);
  std::string listed = docker::listedImageName(text);
  std::string repository = docker::imageRepository(text);
  if (!one) {
    fuzz::require(listed == text && repository == text);
    return 0;
  }
  fuzz::require(listed == one->listed() && repository == one->repository());
  fuzz::require(docker::parseImageReference(one->canonical()) == one);
  fuzz::require(!one->path.empty());
  fuzz::require(one->canonical().ends_with(one->familiar()));
  fuzz::require(one->familiar().starts_with(repository));
  fuzz::require(listed.starts_with(repository));

  // The familiar form means the same, unless the path of an image of docker.io begins like a domain
  // ("docker.io/a.b/c"), or the whole looks like an id.
  std::string_view path = one->path;
  std::string_view folder = path.substr(0, path.find('/'));
  bool isAmbiguous = folder.find('.') != folder.npos || folder == "localhost";
  std::optional<docker::ImageReference> again = docker::parseImageReference(one->familiar());
  if (!again) fuzz::require(one->familiar().size() == 64);
  if (again && (one->domain != "docker.io" || !isAmbiguous)) fuzz::require(again == one);

  // A tag beside the name takes the place of its own.
  docker::ImageReference bare = *one;
  bare.tag.clear();
  bare.digest.clear();
  fuzz::require(docker::parseImageReference(bare.canonical(), one->tag).has_value());
  if (!one->digest.empty() && one->tag.empty())
    fuzz::require(docker::parseImageReference(bare.canonical(), one->digest) == one);
  return 0;
}
