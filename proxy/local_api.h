#pragma once

// The handlers of the route table: one request, one answer.

#include "base/log.h"
#include "proxy/client.h"
#include "proxy/container_lists.h"
#include "proxy/engine.h"
#include "proxy/engine_state.h"
#include "proxy/metrics.h"
#include "proxy/relay.h"
#include "proxy/routes.h"

namespace proxy {

class Api {
 public:
  // All must outlive it.
  Api(Engine& engine, EngineState& state, ContainerLists& lists, Metrics& metrics)
      : engine_(engine), state_(state), lists_(lists), metrics_(metrics) {}

  // Answers the request whose head `client` holds. Throws when either side breaks off.
  base::Task<> handle(Client& client, RouteMatch match);

  // Answers with Docker's error body. `close`: and ends the connection.
  base::Task<> fail(Client& client, int status, std::string message, bool close);

 private:
  base::Task<> ping(Client& client);
  base::Task<> version(Client& client);
  base::Task<> containerList(Client& client, RouteMatch match);
  base::Task<> passThrough(Client& client, RouteMatch match);
  base::Task<> send(Client& client, int status, std::string_view head, std::string_view body);
  bool canAnswer(const RouteMatch& match);

  Engine& engine_;
  EngineState& state_;
  ContainerLists& lists_;
  Metrics& metrics_;
};

}  // namespace proxy
