#pragma once

// Names of images as engines read them (github.com/distribution/reference): "busybox",
// "library/busybox", "docker.io/busybox:latest" and "index.docker.io/library/busybox" are one. Who
// compares two names compares them as engines list them. Pure.
//
// A name is [domain/]path[:tag][@digest]. What stands before the first slash is the domain if it
// has a dot, a colon or an upper-case letter in it, or is "localhost"; else the domain is
// docker.io, and of its images the folder is library unless there is another one.

#include <optional>
#include <string>
#include <string_view>

namespace docker {

struct ImageReference {
  std::string domain;  // "docker.io", "host:5000"; empty for the few names that look like one
  std::string path;    // "library/busybox"
  std::string tag;     // empty: none
  std::string digest;  // "sha256:...", empty: none

  // In full: "docker.io/library/busybox:1".
  std::string canonical() const;
  // Without the domain and the folder that are meant where none is written: "busybox:1".
  std::string familiar() const;
  // The same without tag and digest: "busybox", "team/app", "host:5000/app".
  std::string repository() const;
  // What stands in RepoTags or RepoDigests for it: with the tag latest if there is neither tag nor
  // digest, and without a tag if there is a digest, beside which engines do not look at it.
  std::string listed() const;
  // Whether a tag or a digest says which image of the repository is meant.
  bool namesOne() const { return !tag.empty() || !digest.empty(); }

  bool operator==(const ImageReference&) const = default;
};

// Nothing for what is no name to engines, as are 64 hexadecimal digits, which are an id. Shorter
// ids are names, too: engines look for a name first.
std::optional<ImageReference> parseImageReference(std::string_view text);
// Of calls that have a parameter `tag` beside the name. It counts instead of the name's own tag,
// may be a digest, and is none if it is empty.
std::optional<ImageReference> parseImageReference(std::string_view name, std::string_view tag);

// The text as engines list such a name; unchanged if it is none.
std::string listedImageName(std::string_view text);
// Its repository; unchanged if it is no name.
std::string imageRepository(std::string_view text);

}  // namespace docker
