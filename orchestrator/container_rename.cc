#include "orchestrator/container_rename.h"

#include <utility>
#include <vector>

namespace orchestrator {

base::Task<base::Status> ContainerRename::renameLocal(std::string id, std::string name,
                                                      std::string holder) {
  NameClaims::Claim claimed(parts_.names);
  docker::Refusal refusal = co_await claimed.take(name, std::move(holder));
  if (refusal.status) co_return base::Status::failed(refusal.message);
  std::vector<std::string> before;
  if (const catalog::ContainerIndex::Entry* entry = parts_.index.find(id).entry)
    before = entry->second.names;
  cluster::Node here = catalog::NodeClient::here();
  catalog::NodeReply reply =
      co_await parts_.nodeClient.rename(std::move(here), id, std::move(name));
  if (!reply.done) co_return reply.outcome();
  claimed.commit(parts_.nodes.self(), id);
  parts_.names.freed(before);
  co_return base::Status();
}

}  // namespace orchestrator
