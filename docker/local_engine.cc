#include "docker/local_engine.h"

#include "docker/version.h"

namespace docker {

bool LocalEngine::isForeign(std::string_view version) const {
  const EngineFacts* facts = state_.facts();
  if (version.empty() || !facts || facts->minApiVersion.empty()) return false;
  return isOlderVersion(version, facts->minApiVersion) ||
         isOlderVersion(facts->apiVersion, version);
}

base::Task<base::HttpReply> LocalEngine::change(base::HttpCall call, Effect effect,
                                                std::string object) {
  ContainerListCache::Change change(lists_, effect, object);
  base::HttpReply reply = co_await engine_.call(std::move(call));
  change.answered(reply.status, reply.body);
  co_return reply;
}

}  // namespace docker
