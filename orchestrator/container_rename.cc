#include "orchestrator/container_rename.h"

#include <utility>
#include <vector>

#include "base/url.h"
#include "docker/heads.h"

namespace orchestrator {
namespace {

constexpr base::milliseconds renameTimeout(120'000);
constexpr size_t answerMost = 4 * 1024 * 1024;

}  // namespace

base::Task<std::string> ContainerRename::ours(std::string id, std::string name,
                                              std::string holder) {
  NameClaims::Claim claimed(parts_.names);
  Refusal refusal = co_await claimed.take(name, std::move(holder));
  if (refusal.status) co_return refusal.message;
  std::vector<std::string> before;
  if (const catalog::ContainerIndex::Place* place = parts_.index.find(id).place)
    before = place->second.names;
  std::string target =
      "/containers/" + base::encodeQueryValue(id) + "/rename?name=" + base::encodeQueryValue(name);
  base::HttpCall call;
  call.method = "POST";
  call.target = std::move(target);
  call.timeout = renameTimeout;
  call.most = answerMost;
  call.mayRepeat = false;
  base::HttpReply reply =
      co_await parts_.local.change(std::move(call), docker::Effect::containers, id);
  if (reply.status != 204) co_return docker::errorMessage(reply.body);
  claimed.stands(parts_.agent.self(), id);
  parts_.names.freed(before);
  co_return std::string();
}

}  // namespace orchestrator
