#include "orchestrator/image_digests.h"

#include <vector>

#include "docker/image_pull.h"

namespace orchestrator {
namespace {

// A registry that takes longer over a manifest is as good as away.
constexpr base::milliseconds registryTimeout(2'000);
constexpr base::milliseconds untoldFor(60'000);
constexpr size_t maxUntold = 1'000;

}  // namespace

base::Task<ImageDigests::Found> ImageDigests::find(std::string image, std::string headers) {
  Found found;
  std::vector<std::string> ids = co_await locator_.imageIds(image);
  for (const std::string& id : ids) {
    base::HttpCall call =
        base::httpGet("/images/" + id + "/json", catalog::lookupTimeout, catalog::maxAnswer);
    base::HttpReply reply = co_await engine_.call(std::move(call));
    if (reply.status != 200) continue;
    found.id = id;
    break;
  }
  if (!found.id.empty()) found.named = co_await learn(std::move(image), std::move(headers));
  co_return found;
}

base::Task<bool> ImageDigests::learn(std::string image, std::string headers) {
  auto untold = untold_.find(image);
  if (untold != untold_.end() && loop_.now() < untold->second) co_return false;
  base::HttpCall call = docker::pullCall(image, std::move(headers));
  call.timeout = registryTimeout;
  bool told = false;
  try {
    base::HttpReply reply = co_await local_.change(std::move(call), docker::Effect::containers, "");
    told = docker::pulled(reply).ok();
  } catch (const base::StreamError&) {
    // It was broken off.
  }
  if (untold_.size() >= maxUntold) untold_.clear();
  if (told) {
    untold_.erase(image);
  } else {
    untold_[image] = loop_.now() + untoldFor;
  }
  co_return told;
}

}  // namespace orchestrator
