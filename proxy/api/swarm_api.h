#pragma once

// /swarm, /nodes and what belongs to them: Docker's own commands form, show and change the cluster.
// There are no managers, every node answers as one.

#include <map>
#include <string>

#include "base/task.h"
#include "cluster/agent/agent.h"
#include "proxy/api/local_api.h"
#include "proxy/http/client.h"
#include "proxy/http/routes.h"

namespace proxy {

class SwarmApi {
 public:
  // All must outlive it. `shown`: clients see an active swarm (setting swarm_api).
  SwarmApi(docker::Engine& engine, LocalApi& local, cluster::Agent& agent, bool shown,
           size_t bodyMost)
      : engine_(engine), local_(local), agent_(agent), shown_(shown), bodyMost_(bodyMost) {}

  // Answers the request whose head `client` holds. Throws as Api::handle does.
  base::Task<> handle(Client& client, RouteMatch match);

  // Whether we are to be in a cluster as soon as the state directory can be written.
  bool isWaiting() const { return !agent_.waitsForStore().empty(); }
  // GET /info meanwhile: the engine's, and what is missing.
  base::Task<> info(Client& client);

  // The member Swarm of GET /info, JSON.
  std::string infoSection() const;

  // Joins as `docker swarm join` does; for set-up without a client. Throws cluster::AgentError.
  base::Task<> join(std::string listen, std::string advertise, std::vector<std::string> remotes,
                    std::string token);

 private:
  struct Reply {
    int status = 200;
    std::string body;
  };
  base::Task<Reply> answer(RouteMatch match, std::string body);
  base::Task<Reply> init(std::string body);
  base::Task<Reply> joinBy(std::string body);
  base::Task<Reply> updateNode(std::string object, std::string body);
  Reply update(std::string_view query, const std::string& body);
  Reply swarm() const;
  Reply nodeList(std::string_view query) const;
  base::Task<> refuseSwarmEngine();
  cluster::NodeView findNode(std::string_view object) const;

  docker::Engine& engine_;
  LocalApi& local_;
  cluster::Agent& agent_;
  bool shown_;
  size_t bodyMost_;
};

}  // namespace proxy
