#pragma once

// /swarm, /nodes and what belongs to them: Docker's own commands form, show and change the cluster.
// There are no managers, every node answers as one.

#include <map>
#include <string>

#include "base/task.h"
#include "cluster/agent/agent.h"
#include "proxy/api/local_api.h"
#include "proxy/http/exchange.h"
#include "proxy/http/route.h"

namespace proxy {

class SwarmApi {
 public:
  // All must outlive it. `shown`: clients see an active swarm (setting swarm_api).
  SwarmApi(docker::Engine& engine, LocalApi& local, cluster::Agent& agent, bool shown,
           size_t maxBody)
      : engine_(engine), local_(local), agent_(agent), shown_(shown), maxBody_(maxBody) {}

  struct Reply {
    int status = 200;
    std::string body;
  };
  // What is done upon a call, with its body. Throws cluster::AgentError.
  using Action = base::Task<Reply> (SwarmApi::*)(RouteMatch match, std::string body);
  // Of which hosts a call is not its engine's to answer.
  enum class When {
    always,
    member,  // of those in a cluster, or that are to be in one
    shown,   // the same, if clients see an active swarm
  };
  // Answers the request whose head `client` holds. Throws when either side breaks off.
  base::Task<> answer(Exchange& exchange, RouteMatch match, When when, Action action);

  // Actions.
  base::Task<Reply> init(RouteMatch match, std::string body);
  base::Task<Reply> join(RouteMatch match, std::string body);
  base::Task<Reply> leave(RouteMatch match, std::string body);
  base::Task<Reply> update(RouteMatch match, std::string body);
  base::Task<Reply> inspect(RouteMatch match, std::string body);
  base::Task<Reply> unlockKey(RouteMatch match, std::string body);
  base::Task<Reply> nodeList(RouteMatch match, std::string body);
  base::Task<Reply> inspectNode(RouteMatch match, std::string body);
  base::Task<Reply> removeNode(RouteMatch match, std::string body);
  base::Task<Reply> updateNode(RouteMatch match, std::string body);
  // Of services, tasks, secrets and configs there are none yet.
  base::Task<Reply> emptyList(RouteMatch match, std::string body);
  base::Task<Reply> missing(RouteMatch match, std::string body);
  base::Task<Reply> unsupported(RouteMatch match, std::string body);

  // Whether we are to be in a cluster as soon as the state directory can be written.
  bool isWaiting() const { return !agent_.waitsForStore().empty(); }
  // GET /info of a host in no cluster: the engine's, and what is missing if it is to be in one.
  base::Task<> hostInfo(Exchange& exchange, RouteMatch match);

  // The member Swarm of GET /info, JSON.
  std::string infoSection() const;

  // Joins as `docker swarm join` does; for set-up without a client. Throws cluster::AgentError.
  base::Task<> join(std::string listen, std::string advertise, std::vector<std::string> remotes,
                    std::string token);

 private:
  base::Task<> refuseSwarmEngine();
  cluster::NodeView findNode(std::string_view object) const;

  docker::Engine& engine_;
  LocalApi& local_;
  cluster::Agent& agent_;
  bool shown_;
  size_t maxBody_;
};

}  // namespace proxy
