#pragma once

// What clients ask of a global container, done to its copies, too: start, stop, restart, kill,
// pause, unpause, update and remove. The original comes first; if it says no, nothing happens to
// the copies. The client gets the original's answer when all copies have answered; what went wrong
// with those is logged, and told where the answer has Warnings.

#include <string>
#include <vector>

#include "base/log.h"
#include "base/task.h"
#include "cluster/agent.h"
#include "proxy/client.h"
#include "proxy/container_index.h"
#include "proxy/engine.h"
#include "proxy/global_plan.h"
#include "proxy/local_engine.h"
#include "proxy/locator.h"
#include "proxy/name_claims.h"
#include "proxy/routes.h"

namespace proxy {

class GlobalCalls {
 public:
  // What it is made of; all must outlive it.
  struct Parts {
    Engine& engine;
    LocalEngine& local;
    const cluster::Agent& agent;
    ContainerIndex& index;
    Locator& locator;
    NameClaims& names;
    base::Log& log;
    size_t bodyMost;  // bytes of a request's body
  };
  explicit GlobalCalls(Parts parts) : parts_(parts) {}

  // Whether the request changes a container that has copies.
  bool concerns(const RouteMatch& match) const;
  // Answers such a request, whose container this node has.
  base::Task<> handle(Client& client, RouteMatch match, cluster::Node node);

 private:
  struct Answered {
    std::string node;  // name
    int status = 0;    // 0: none
    std::string why;   // not
  };
  std::optional<GlobalGroup> groupOf(std::string_view object) const;
  base::Task<> apply(GlobalMember copy, base::HttpCall call, Answered& answered);
  void wasRemoved(const GlobalMember& member);

  Parts parts_;
};

}  // namespace proxy
