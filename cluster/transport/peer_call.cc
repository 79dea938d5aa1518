#include "cluster/transport/peer_call.h"

#include "base/json.h"

namespace cluster {

std::string refusalOf(const base::HttpReply& reply) {
  std::string text(base::text(base::parseJson(reply.body), "message"));
  return text.empty() ? "it answers with status " + std::to_string(reply.status) : text;
}

}  // namespace cluster
