#include "scheduler/platform.h"

#include "labels/text.h"

#include <utility>

namespace scheduler {
namespace {

constexpr std::pair<std::string_view, std::string_view> spellings[] = {
    {"x86_64", "amd64"},  {"x86-64", "amd64"}, {"aarch64", "arm64"}, {"armv8l", "arm64"},
    {"armv7l", "arm/v7"}, {"armhf", "arm/v7"}, {"armv6l", "arm/v6"}, {"armel", "arm/v6"},
    {"i386", "386"},      {"i686", "386"},
};

std::string architectureOf(std::string_view text) {
  std::string lower = labels::lowered(text);
  for (const auto& [spelling, name] : spellings) {
    if (lower == spelling) return std::string(name);
  }
  return lower;
}

bool isOs(std::string_view text) {
  return text == "linux" || text == "windows";
}

}  // namespace

std::string platformOf(std::string_view os, std::string_view architecture) {
  if (os.empty() && architecture.empty()) return {};
  return (os.empty() ? "linux" : labels::lowered(os)) + "/" + architectureOf(architecture);
}

bool runs(std::string_view nodePlatform, std::string_view wanted) {
  std::string all = labels::lowered(wanted);
  size_t slash = all.find('/');
  std::string os = slash == all.npos ? (isOs(all) ? all : "") : all.substr(0, slash);
  std::string architecture = slash == all.npos ? (isOs(all) ? "" : all) : all.substr(slash + 1);
  architecture = architectureOf(architecture);
  if (architecture == "arm64/v8") architecture = "arm64";
  size_t split = nodePlatform.find('/');
  std::string_view nodeOs = nodePlatform.substr(0, split);
  std::string_view nodeArchitecture =
      split == nodePlatform.npos ? "" : nodePlatform.substr(split + 1);
  if (!os.empty() && os != nodeOs) return false;
  if (architecture.empty() || architecture == nodeArchitecture) return true;
  // A newer variant of arm runs what is for older ones.
  if (nodeArchitecture.starts_with("arm/v") && architecture.starts_with("arm"))
    return architecture == "arm" || architecture <= nodeArchitecture;
  return nodeArchitecture == "amd64" && (architecture == "386" || architecture == "amd64/v1");
}

}  // namespace scheduler
