#pragma once

// What programs a node runs: os/architecture[/variant], as images and `--platform` name it.

#include <string>
#include <string_view>

namespace scheduler {

// From what an engine says of itself: linux and x86_64 are linux/amd64.
std::string platformOf(std::string_view os, std::string_view architecture);
// Whether a node of this platform runs what is for `wanted`, in which parts may be left out:
// linux, arm64, linux/arm/v7.
bool runs(std::string_view nodePlatform, std::string_view wanted);

}  // namespace scheduler
