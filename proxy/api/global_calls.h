#pragma once

// What clients ask of a global container, done to its copies, too: start, stop, restart, kill,
// pause, unpause, update and remove. The original comes first; if it says no, nothing happens to
// the copies. The client gets the original's answer when all copies have answered; what went wrong
// with those is logged, and told where the answer has Warnings.

#include <string>
#include <vector>

#include "base/log.h"
#include "base/status.h"
#include "base/task.h"
#include "catalog/container_index.h"
#include "catalog/locator.h"
#include "catalog/node_client.h"
#include "cluster/nodes.h"
#include "orchestrator/global_plan.h"
#include "orchestrator/name_claims.h"
#include "proxy/api/object_calls.h"
#include "proxy/http/exchange.h"
#include "proxy/http/route.h"

namespace proxy {

class GlobalCalls {
 public:
  // What it is made of; all must outlive it.
  struct Parts {
    catalog::NodeClient nodeClient;
    const cluster::Nodes& nodes;
    catalog::ContainerIndex& index;
    catalog::Locator& locator;
    orchestrator::NameClaims& names;
    ObjectCalls& objects;
    base::Log& log;
    size_t maxBody;  // bytes of a request's body
  };
  explicit GlobalCalls(Parts parts) : parts_(parts) {}

  // POST /containers/{id}/start and what else changes a container; one without copies is changed
  // where it is.
  base::Task<> change(Exchange& exchange, RouteMatch match);

  // Whether the request changes a container that has copies.
  bool concerns(const RouteMatch& match) const;
  // Answers such a request, whose container this node has.
  base::Task<> handle(Exchange& exchange, RouteMatch match, cluster::Node node);

 private:
  struct Answered {
    std::string node;  // name
    base::Status done;
  };
  std::optional<orchestrator::GlobalGroup> groupOf(std::string_view object) const;
  base::Task<> apply(orchestrator::GlobalMember copy, base::HttpCall call, Answered& answered);
  void wasRemoved(const orchestrator::GlobalMember& member);

  Parts parts_;
};

}  // namespace proxy
